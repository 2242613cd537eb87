/// @file api_fixture.hpp
/// One Runtime for all tests of a program: drivers are made to be initialised once.
#pragma once

#include <gmock/gmock.h>
#include <string>

#include <zesvm/zesvm.hpp>

#include "support/error_of.hpp"

namespace zesvm::tests {

/// Tests on the node of this program.
class ApiTest : public ::testing::Test {
 protected:
  static Runtime& runtime() {
    static Runtime one;
    return one;
  }
  /// Returns whether this run is about paged memory: all tests run with each backing.
  bool is_paged() const { return rt.device(0).capabilities().backing == Backing::paged; }
  /// Returns whether devices cannot use this run's memory where it is in system memory.
  bool is_host_out_of_reach() const {
    return is_paged() && !rt.device(0).capabilities().has_host_physical_memory;
  }
  Runtime& rt = runtime();
  AddressSpace& space = rt.address_space();
};

/// 2 MiB: the largest chunk, so that pieces of residency are predictable.
inline constexpr std::size_t chunk = std::size_t{2} << 20;

}  // namespace zesvm::tests
