// Rules of the core through Level Zero: memory of the program, real faults, small kernels.
#include <array>
#include <cstring>
#include <sys/mman.h>

#include "node/command_fixture.hpp"

namespace zesvm {
namespace {

constexpr std::size_t mib = 1 << 20;
constexpr std::size_t ints_per_mib = mib / sizeof(int);

/// Memory of the program at a multiple of 2 MiB: two chunks, each word holds its own number.
class RulesTest : public CommandFixture {
 protected:
  static constexpr std::size_t size = 4 * mib;

  void SetUp() override {
    CommandFixture::SetUp();
    void* const room = ::mmap(nullptr, size + 2 * mib, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT_NE(room, MAP_FAILED);
    const auto at = (reinterpret_cast<std::uintptr_t>(room) + 2 * mib - 1) / (2 * mib) * (2 * mib);
    data = reinterpret_cast<int*>(at);
    map_anew(0, 4);
    for (std::size_t i = 0; i < size / sizeof(int); ++i) data[i] = static_cast<int>(i);
    code = module(device, "commands");
    commands = immediate(device);
  }
  void TearDown() override {
    ::munmap(data, size);
    CommandFixture::TearDown();
  }
  int* at_mib(std::size_t n) const { return data + n * ints_per_mib; }
  void map_anew(std::size_t first_mib, std::size_t mibs, int protection = PROT_READ | PROT_WRITE) {
    ASSERT_EQ(::mmap(at_mib(first_mib), mibs * mib, protection,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
              at_mib(first_mib));
  }
  /// Adds `delta` to each word of some memory on the device.
  ze_result_t add(int* where, std::size_t mibs, int delta = 1) {
    const auto kernel_of_add = kernel(code, "add", 256);
    set(kernel_of_add, where, delta);
    return launch(commands, kernel_of_add, static_cast<std::uint32_t>(mibs * ints_per_mib / 256));
  }
  /// Counts 64 up in one word with atomics of the device.
  ze_result_t count(int* where) {
    const auto kernel_of_count = kernel(code, "count", 64);
    set(kernel_of_count, where);
    return launch(commands, kernel_of_count, 1);
  }

  /// Returns how many bytes went to the device until now.
  std::uint64_t moved_to_device() {
    auto* const ask = newer<ze_result_t(std::uint32_t*, zesvm_sim_tile_statistics_t*)>(
        ZESVM_SIM_GET_STATISTICS_NAME);
    zesvm_sim_tile_statistics_t tile{};
    tile.size = sizeof tile;
    std::uint32_t one = 1;
    EXPECT_EQ(ZE_RESULT_SUCCESS, ask(&one, &tile));
    return tile.to_device.bytes;
  }

  int* data = nullptr;
  ze_module_handle_t code = nullptr;
  ze_command_list_handle_t commands = nullptr;
};

/// How memory got to the device, and what the CPU does before the device touches what is left.
struct Survival {
  const char* name;
  bool by_atomic;
  bool cpu_touches;
  bool is_remapped;
  std::size_t lost_mib;
};

class SurvivalTest : public RulesTest, public testing::WithParamInterface<Survival> {};

// proves: A7
TEST_P(SurvivalTest, WhatIsLeftOfAChunkKeepsItsData) {
  const Survival& how = GetParam();
  const std::uint64_t moved = moved_to_device();
  ZE_OK(how.by_atomic ? count(at_mib(0) + 5) : add(at_mib(0), 2));
  if (how.by_atomic) {
    ZE_OK(count(at_mib(1) + 5));
  }
  const int before = at_mib(3)[7];
  EXPECT_EQ(moved_to_device() - moved, 2 * mib);
  ASSERT_EQ(::munmap(at_mib(how.lost_mib), mib), 0);
  if (how.is_remapped) map_anew(how.lost_mib, 1);
  int* const left = at_mib(1 - how.lost_mib);
  const auto was = [&](std::size_t i) {
    const int number = static_cast<int>(left + i - data);
    return how.by_atomic ? number + (i == 5 ? 64 : 0) : number + 1;
  };
  if (how.cpu_touches) {
    EXPECT_EQ(left[9], was(9));
  }
  ZE_OK(how.by_atomic ? count(left + 5) : add(left, 1));
  for (std::size_t i = 0; i < ints_per_mib; ++i) {
    const int added = how.by_atomic ? (i == 5 ? 64 : 0) : 1;
    ASSERT_EQ(left[i], was(i) + added) << i;
  }
  if (how.is_remapped) {
    ZE_OK(add(at_mib(how.lost_mib), 1, 3));
    EXPECT_EQ(at_mib(how.lost_mib)[1], 3);
  } else {
    EXPECT_NE(add(at_mib(how.lost_mib), 1), ZE_RESULT_SUCCESS);
  }
  EXPECT_EQ(at_mib(3)[7], before);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, SurvivalTest,
    testing::Values(Survival{"LowUnmapped", false, false, false, 0},
                    Survival{"HighUnmapped", false, false, false, 1},
                    Survival{"LowUnmappedCpuFirst", false, true, false, 0},
                    Survival{"HighUnmappedCpuFirst", false, true, false, 1},
                    Survival{"LowRemapped", false, false, true, 0},
                    Survival{"HighRemappedCpuFirst", false, true, true, 1},
                    Survival{"LowUnmappedAfterAnAtomic", true, false, false, 0},
                    Survival{"HighUnmappedAfterAnAtomicCpuFirst", true, true, false, 1},
                    Survival{"HighRemappedAfterAnAtomic", true, false, true, 1}),
    [](const auto& info) { return std::string{info.param.name}; });

// proves: A2, C1
TEST_F(RulesTest, AFaultTakesAWholeChunkToTheDeviceThatFaulted) {
  const std::uint64_t moved = moved_to_device();
  const auto fill = kernel(code, "fill");
  set(fill, at_mib(2) + 100, 8);
  ZE_OK(launch(commands, fill, 1));
  EXPECT_EQ(moved_to_device() - moved, 2 * mib);
  EXPECT_EQ(at_mib(2)[100], 8);
  EXPECT_EQ(at_mib(2)[101], static_cast<int>(2 * ints_per_mib + 101));
}

// proves: A2, C3
TEST_F(RulesTest, WhatIsNotMappedFailsTheLaunch) {
  ASSERT_EQ(::munmap(at_mib(2), 2 * mib), 0);
  const std::uint64_t moved = moved_to_device();
  EXPECT_NE(add(at_mib(2), 1), ZE_RESULT_SUCCESS);
  EXPECT_EQ(moved_to_device(), moved);
  ZE_OK(add(data, 1));
  EXPECT_EQ(data[3], 4);
}

// proves: A1
TEST_F(RulesTest, AContextGoesWithItsMemoryOnADevice) {
  ze_context_handle_t other = nullptr;
  const ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
  ZE_OK(zeContextCreate(driver, &desc, &other));
  std::swap(context, other);
  int* const mine = shared<int>(ints_per_mib);
  ZE_OK(add(mine, 1));
  std::swap(context, other);
  ZE_OK(zeMemFree(other, mine));
  ZE_OK(zeContextDestroy(other));
  ZE_OK(add(data, 1));
  EXPECT_EQ(data[3], 4);
}

}  // namespace
}  // namespace zesvm
