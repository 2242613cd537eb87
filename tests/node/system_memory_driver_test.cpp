// Any pointer of the program, through Level Zero: kernels, advice, prefetch, atomic attributes.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

#include "node/command_fixture.hpp"

namespace zesvm {
namespace {

constexpr std::size_t count = std::size_t{1} << 20;  // 4 MiB of ints
constexpr std::size_t size = count * sizeof(int);

std::array<int, 3000> variables{};
std::array<int, 3000> initialised{1, 2, 3};
std::array<int, 2 * count> many_variables{};

class SystemMemoryDriverTest : public CommandFixture {
 protected:
  ze_result_t add(int* data, std::size_t ints, int delta) {
    const auto commands = module(device, "commands");
    const auto kernel = this->kernel(commands, "add");
    set(kernel, data, delta);
    const auto list = immediate(device);
    const ze_result_t result = launch(list, kernel, static_cast<std::uint32_t>(ints));
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeCommandListDestroy(list));
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeKernelDestroy(kernel));
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeModuleDestroy(commands));
    return result;
  }

  static int* mapped(int flags, int file = -1) {
    void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, file, 0);
    EXPECT_NE(at, MAP_FAILED);
    return static_cast<int*>(at);
  }
};

TEST_F(SystemMemoryDriverTest, VariablesOfTheProgramAreUsed) {
  ZE_OK(add(variables.data(), variables.size(), 5));
  ZE_OK(add(initialised.data(), initialised.size(), 5));
  EXPECT_EQ(std::count(variables.begin(), variables.end(), 5), 3000);
  EXPECT_EQ(initialised[2], 8);
  EXPECT_EQ(initialised[2999], 5);
}

TEST_F(SystemMemoryDriverTest, VariablesStayBesideOnesThatAreAdopted) {
  for (std::size_t at = 0; at < many_variables.size(); at += count / 2) {
    ZE_OK(add(&many_variables[at], 100, 5));
    EXPECT_EQ(bytes_on(0, &many_variables[at], 100 * sizeof(int)), 0u);
    EXPECT_EQ(many_variables[at + 99], 5);
  }
}

TEST_F(SystemMemoryDriverTest, VectorsTakeTurns) {
  std::vector<int> ints(count, 1);
  for (int round = 1; round <= 5; ++round) {
    ZE_OK(add(ints.data(), 4096, 1));
    for (std::size_t i = 0; i < 4096; ++i) ++ints[i];
    ints.push_back(round);  // may move it
  }
  EXPECT_EQ(ints[0], 11);
  EXPECT_EQ(ints[4095], 11);
  EXPECT_EQ(ints[4096], 1);
  EXPECT_EQ(ints.back(), 5);
}

// proves: B10
TEST_F(SystemMemoryDriverTest, PrefetchMovesPlainMemory) {
  int* const ints = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  std::fill_n(ints, count, 3);
  const auto list = immediate(device);
  ZE_OK(zeCommandListAppendMemoryPrefetch(list, ints, size));
  EXPECT_EQ(bytes_on(0, ints, size), size);
  EXPECT_EQ(ints[count - 1], 3);
  EXPECT_LT(bytes_on(0, ints, size), size);
  ZE_OK(zeCommandListDestroy(list));
  ::munmap(ints, size);
}

// proves: D1, D7
TEST_F(SystemMemoryDriverTest, AdviceOnPlainMemoryIsFollowed) {
  int* const ints = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  const auto list = immediate(device);
  ZE_OK(zeCommandListAppendMemAdvise(list, devices[1], ints, size,
                                     ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION));
  ZE_OK(add(ints, count, 1));
  EXPECT_EQ(bytes_on(0, ints, size), 0u);
  EXPECT_EQ(bytes_on(1, ints, size), size);
  EXPECT_EQ(ints[count / 2], 1);
  ::munmap(ints, size);
  // The advice went with the memory.
  ASSERT_EQ(
      ::mmap(ints, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
      ints);
  ZE_OK(add(ints, count, 1));
  EXPECT_EQ(bytes_on(1, ints, size), 0u);
  EXPECT_EQ(bytes_on(0, ints, size), size);
  ZE_OK(zeCommandListDestroy(list));
  ::munmap(ints, size);
}

// proves: D3
TEST_F(SystemMemoryDriverTest, AdviceOnAPartMovesThatPartOnly) {
  int* const ints = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  ZE_OK(add(ints, count, 1));
  const auto list = immediate(device);
  ZE_OK(zeCommandListAppendMemAdvise(list, devices[1], ints, size / 4,
                                     ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION));
  ZE_OK(add(ints, count, 1));
  EXPECT_EQ(bytes_on(1, ints, size), size / 4);
  EXPECT_EQ(bytes_on(0, ints + count / 4, size / 4 * 3), size / 4 * 3);
  EXPECT_EQ(std::count(ints, ints + count, 2), long{count});
  ZE_OK(zeCommandListDestroy(list));
  ::munmap(ints, size);
}

// proves: C4, B3
TEST_F(SystemMemoryDriverTest, AtomicsAndTheCpuTakeTurns) {
  int* const counter = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  const auto commands = module(device, "commands");
  const auto kernel = this->kernel(commands, "count");
  set(kernel, counter);
  const auto list = immediate(device);
  for (int round = 1; round <= 5; ++round) {
    ZE_OK(launch(list, kernel, 10));
    EXPECT_EQ(*counter, round * 11 - 1);
    ++*counter;
  }
  ZE_OK(zeCommandListDestroy(list));
  ZE_OK(zeKernelDestroy(kernel));
  ZE_OK(zeModuleDestroy(commands));
  ::munmap(counter, size);
}

// proves: C2
TEST_F(SystemMemoryDriverTest, AtomicsOnPlainMemoryFollowItsAttribute) {
  const auto set_attribute =
      newer<ze_result_t(ze_context_handle_t, ze_device_handle_t, const void*, std::size_t,
                        std::uint32_t)>("zeMemSetAtomicAccessAttributeExp");
  constexpr std::uint32_t host_atomics = 1u << 2;
  int* const counter = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  const auto commands = module(device, "commands");
  const auto kernel = this->kernel(commands, "count");
  set(kernel, counter);
  const auto list = immediate(device);
  ZE_OK(launch(list, kernel, 64));
  EXPECT_EQ(*counter, 64);
  ZE_OK(set_attribute(context, device, counter, size, host_atomics));
  EXPECT_NE(ZE_RESULT_SUCCESS, launch(list, kernel, 64));
  EXPECT_EQ(*counter, 64);
  ZE_OK(zeCommandListDestroy(list));
  ZE_OK(zeKernelDestroy(kernel));
  ZE_OK(zeModuleDestroy(commands));
  ::munmap(counter, size);
}

// proves: C3
TEST_F(SystemMemoryDriverTest, AtomicsOnVariablesOfTheFileSayWhatToDo) {
  const auto describe =
      newer<ze_result_t(ze_driver_handle_t, const char**)>("zeDriverGetLastErrorDescription");
  const auto commands = module(device, "commands");
  const auto kernel = this->kernel(commands, "count");
  set(kernel, initialised.data() + 1024);
  const auto list = immediate(device);
  const int before = initialised[1024];
  EXPECT_EQ(launch(list, kernel, 8), ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS);
  const char* text = nullptr;
  ZE_OK(describe(driver, &text));
  EXPECT_NE(std::strstr(text, "use memory of malloc or new"), nullptr) << text;
  EXPECT_EQ(initialised[1024], before);
  ZE_OK(zeCommandListDestroy(list));
  ZE_OK(zeKernelDestroy(kernel));
  ZE_OK(zeModuleDestroy(commands));
}

TEST_F(SystemMemoryDriverTest, FilesAreWrittenInPlace) {
  char name[] = "/tmp/zesvm-test-XXXXXX";
  const int file = ::mkstemp(name);
  ASSERT_EQ(::ftruncate(file, size), 0);
  int* const ints = mapped(MAP_SHARED, file);
  // Found by its name.
  ::close(file);
  ZE_OK(add(ints, count, 9));
  const int again = ::open(name, O_RDONLY);
  int last = 0;
  ASSERT_EQ(::pread(again, &last, sizeof last, size - sizeof last), long{sizeof last});
  EXPECT_EQ(last, 9);
  ::close(again);
  ::unlink(name);
  ::munmap(ints, size);
}

TEST_F(SystemMemoryDriverTest, SharedMemoryWithoutANameNeedsAPrivilege) {
  int* const ints = mapped(MAP_SHARED | MAP_ANONYMOUS);
  char name[96];
  std::snprintf(name, sizeof name, "/proc/self/map_files/%lx-%lx",
                reinterpret_cast<unsigned long>(ints),
                reinterpret_cast<unsigned long>(ints) + size);
  const bool is_allowed = ::access(name, R_OK) == 0 && ::open(name, O_RDWR | O_CLOEXEC) >= 0;
  const ze_result_t result = add(ints, count, 2);
  EXPECT_EQ(result, is_allowed ? ZE_RESULT_SUCCESS : ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS);
  EXPECT_EQ(ints[count - 1], is_allowed ? 2 : 0);
  ::munmap(ints, size);
}

TEST_F(SystemMemoryDriverTest, StacksAreRefused) {
  std::array<int, 4096> local{};
  EXPECT_EQ(add(local.data(), local.size(), 1), ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS);
  EXPECT_EQ(local[0], 0);
}

}  // namespace
}  // namespace zesvm
