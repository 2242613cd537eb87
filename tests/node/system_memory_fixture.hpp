/// @file system_memory_fixture.hpp
/// A node whose devices take any pointer of the program, and memory of the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/mman.h>

#include "node/node_fixture.hpp"

namespace zesvm::simulator::node {

inline constexpr std::size_t mebibyte = std::size_t{1} << 20;
inline constexpr std::size_t size = 4 * mebibyte;
inline constexpr std::uint32_t count = size / sizeof(int);

class SystemMemoryTest : public NodeTest {
 protected:
  void SetUp() override {
    topology::NodeDescription description = small_node();
    for (topology::DeviceDescription& device : description.devices) {
      device.shared_system = true;
      device.system_atomics = false;
    }
    start(description);
  }

  /// Maps memory that holds 0, 1, 2 ... and brings it to a tile, which adds one.
  int* counted_on_tile(int flags = MAP_PRIVATE | MAP_ANONYMOUS) {
    int* const ints = mapped(flags);
    for (std::uint32_t i = 0; i < count; ++i) ints[i] = static_cast<int>(i);
    EXPECT_EQ(add_one(first, address_of(ints), count), Status::ok);
    return ints;
  }

  static int* mapped(int flags, int file = -1, int protection = PROT_READ | PROT_WRITE) {
    void* const at = ::mmap(nullptr, size, protection, flags, file, 0);
    EXPECT_NE(at, MAP_FAILED);
    return static_cast<int*>(at);
  }

  /// Returns whether `[from, to)` holds its index plus `added`.
  static testing::AssertionResult holds(const int* ints, std::size_t from, std::size_t to,
                                        int added) {
    for (std::size_t i = from; i < to; ++i) {
      const int expected = static_cast<int>(i) + added;
      if (ints[i] != expected)
        return testing::AssertionFailure() << "at " << i << ": " << ints[i] << ", not " << expected;
    }
    return testing::AssertionSuccess();
  }
};

}  // namespace zesvm::simulator::node
