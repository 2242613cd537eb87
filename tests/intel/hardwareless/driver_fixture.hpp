/// @file driver_fixture.hpp
/// A Runtime on Intel's driver for each test, gone with it: what a test leaves, the layer's leak checker names.
#pragma once

#include <gmock/gmock.h>
#include <string>

#include <zesvm/zesvm.hpp>

namespace zesvm::tests {

/// 2 MiB: the largest chunk.
inline constexpr std::size_t chunk = std::size_t{2} << 20;

/// Tests on cards that take work and do none of it.
class HardwarelessTest : public ::testing::Test {
 protected:
  /// Runs something that must fail, and returns the error.
  template <typename Work>
  static Error error_of(Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorCode::level_zero, "nothing was thrown");
  }

  Runtime rt;
  AddressSpace& space = rt.address_space();
};

}  // namespace zesvm::tests
