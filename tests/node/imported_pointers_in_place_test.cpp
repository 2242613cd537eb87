// Memory of the program announced to devices that use allocations of Level Zero only.
#include <algorithm>
#include <memory>
#include <sys/mman.h>
#include <vector>

#include "node/command_fixture.hpp"

namespace zesvm {
namespace {

constexpr std::size_t count = std::size_t{1} << 20;  // 4 MiB of ints
constexpr std::size_t size = count * sizeof(int);

class ImportedPointersInPlaceTest : public CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    import = newer<ze_result_t(ze_driver_handle_t, void*, std::size_t)>(
        "zexDriverImportExternalPointer");
    release = newer<ze_result_t(ze_driver_handle_t, void*)>("zexDriverReleaseImportedPointer");
  }
  ze_result_t add(int* data, std::size_t ints, ze_device_handle_t on) {
    const auto commands = module(on, "commands");
    const auto kernel = this->kernel(commands, "add", 64);
    set(kernel, data, 1);
    const auto list = immediate(on);
    const ze_result_t result = launch(list, kernel, static_cast<std::uint32_t>(ints / 64));
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeCommandListDestroy(list));
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeKernelDestroy(kernel));
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeModuleDestroy(commands));
    return result;
  }
  ze_result_t (*import)(ze_driver_handle_t, void*, std::size_t) = nullptr;
  ze_result_t (*release)(ze_driver_handle_t, void*) = nullptr;
};

TEST_F(ImportedPointersInPlaceTest, KernelsUseThemUntilTheyAreReleased) {
  std::vector<int> ints(count, 5);
  EXPECT_NE(add(ints.data(), count, devices[0]), ZE_RESULT_SUCCESS);
  ZE_OK(import(driver, ints.data(), size));
  for (int round = 0; round < 3; ++round) {
    for (const auto on : devices) ZE_OK(add(ints.data(), count, on));
    std::for_each(ints.begin(), ints.end(), [](int& value) { ++value; });
  }
  const int added = 3 * (static_cast<int>(devices.size()) + 1);
  EXPECT_EQ(std::count(ints.begin(), ints.end(), 5 + added), long{count});
  ZE_OK(release(driver, ints.data()));
  EXPECT_NE(add(ints.data(), count, devices[0]), ZE_RESULT_SUCCESS);
  EXPECT_EQ(std::count(ints.begin(), ints.end(), 5 + added), long{count});
}

TEST_F(ImportedPointersInPlaceTest, AreNotNothing) {
  EXPECT_NE(import(driver, reinterpret_cast<void*>(4096), 4096), ZE_RESULT_SUCCESS);
  int local = 0;
  EXPECT_EQ(import(driver, &local, sizeof local), ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS);
  EXPECT_NE(release(driver, &local), ZE_RESULT_SUCCESS);
}

TEST_F(ImportedPointersInPlaceTest, SmallBlocksShareTheirPages) {
  const auto first = std::make_unique<int[]>(64);
  const auto second = std::make_unique<int[]>(64);
  ZE_OK(import(driver, first.get(), 64 * sizeof(int)));
  ZE_OK(import(driver, second.get(), 64 * sizeof(int)));
  ZE_OK(add(first.get(), 64, devices[0]));
  ZE_OK(release(driver, first.get()));
  ZE_OK(add(second.get(), 64, devices[0]));
  ZE_OK(release(driver, second.get()));
  EXPECT_EQ(std::count(&first[0], &first[64], 1), 64);
  EXPECT_EQ(std::count(&second[0], &second[64], 1), 64);
}

TEST_F(ImportedPointersInPlaceTest, WhatIsUnmappedIsGone) {
  int* const ints = static_cast<int*>(
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ZE_OK(import(driver, ints, size));
  ZE_OK(add(ints, count, devices[0]));
  ASSERT_EQ(::munmap(ints + count / 2, size / 2), 0);
  ZE_OK(add(ints, count / 2, devices[0]));
  EXPECT_NE(add(ints + count / 2, 64, devices[0]), ZE_RESULT_SUCCESS);
  EXPECT_EQ(std::count(ints, ints + count / 2, 2), long{count} / 2);
  ZE_OK(release(driver, ints));
  ::munmap(ints, size / 2);
}

}  // namespace
}  // namespace zesvm
