/// @file doctor.hpp
/// `zesvm doctor`: examines a machine and says what works, what does not, and what to do.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

namespace zesvm::tools {

/// What `zesvm doctor` is asked for.
struct DoctorOptions {
  /// A simulated node to try instead of what there is; empty: what there is.
  std::string node;
  /// JSON on standard output instead of text.
  bool wants_json = false;
  /// Only the host is looked at; no driver is loaded.
  bool skips_self_tests = false;
  /// A file for the report, text and JSON; empty: none.
  std::string report;
  /// Where the host's files are; tests bring recorded ones.
  std::filesystem::path root = "/";
  /// For each self-test.
  std::chrono::seconds time_limit{60};
  /// Memory of one allocation of a self-test.
  std::size_t test_bytes = std::size_t{8} << 20;
};

/// Examines the machine and prints the report. Returns the exit code: a Verdict.
/// @errors std::runtime_error: the report cannot be written
int examine_machine(const DoctorOptions& options);

/// Runs one self-test in this process, for examine_machine(). Returns the exit code.
int run_self_test(const std::string& name, std::size_t bytes);

}  // namespace zesvm::tools
