/// @file standin_fixture.hpp
/// A Runtime on Intel's driver on the stand-in, and what its kernel was asked.
#pragma once

#include <cstdlib>
#include <gmock/gmock.h>
#include <string>
#include <vector>

#include <zesvm/zesvm.hpp>

#include "intel/standin/event_watch.hpp"
#include "intel/standin/kernel_log.hpp"
#include "intel/standin/xe/control.hpp"
#include "support/error_of.hpp"

namespace zesvm::tests {

/// 2 MiB: the largest chunk.
inline constexpr std::size_t chunk = std::size_t{2} << 20;

/// Tests on the cards that the environment asked for.
class StandinTest : public ::testing::Test {
 protected:
  /// How many values take a chunk of 2 MiB and one of 64 KiB.
  static constexpr std::size_t count = (chunk + 64 * 1024) / sizeof(std::uint32_t);

  StandinTest() { warm_up(); }
  ~StandinTest() override {
    for (const char* call :
         {"madvise", "prefetch", "vm_bind", "unmap", "gem_create", "prime_import", "exec"})
      xe_standin_fail(call, 0, 0, 0);
  }
  void TearDown() override {
    XeStandinUse use{};
    xe_standin_use(&use);
    EXPECT_EQ(use.banned, 0u) << "a card touched memory that was not there";
    EXPECT_EQ(events_used_too_late(), 0u) << "the driver writes to what it has freed";
  }

  static Runtime& runtime() {
    static Runtime one;
    return one;
  }
  std::size_t cards() const { return rt.devices().size(); }

  Runtime& rt = runtime();
  AddressSpace& space = rt.address_space();
  KernelLog log;

 private:
  // Command lists and their queues are there before a test looks at what is asked of the kernel.
  void warm_up();
};

}  // namespace zesvm::tests
