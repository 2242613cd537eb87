/// @file self_tests.hpp
/// What the doctor tries on the devices: memory written by the CPU, changed by kernels, read back.
///
/// Each self-test is a process of its own: `perform()` runs in it, with a driver that may crash.
#pragma once

#include <string>
#include <vector>

#include "tools/doctor/journal.hpp"

namespace zesvm::tools {

/// A self-test.
struct SelfTest {
  /// "devices", or a backing and what is tried with it: "paged/prefetch".
  std::string name;
  /// What holds when it passes.
  std::string claim;
};

/// The self-tests that come first: without them none of the others can work.
inline constexpr const char* library_test = "drivers";
inline constexpr const char* devices_test = "devices";
inline constexpr const char* kernels_test = "kernels";

/// The backings that are tried, by name.
inline constexpr const char* tested_backings[] = {"system", "shared", "paged"};

/// Returns all of them, in the order they are run.
const std::vector<SelfTest>& self_tests();

/// Runs one in this process, with this much memory per allocation.
/// @return the exit code: 0, also where it failed and said so; 1: there is no such test
int perform(const std::string& name, std::size_t bytes, Journal& journal);

}  // namespace zesvm::tools
