/// @file child_process.hpp
/// Runs a program that may crash, hang or print without end, and tells what became of it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace zesvm::tools {

/// The file descriptor a child writes to what it has to say.
inline constexpr int report_descriptor = 3;

/// What became of a child.
struct ChildResult {
  /// What it wrote to report_descriptor, whole lines.
  std::vector<std::string> lines;
  /// The end of what it wrote to standard output and standard error.
  std::string last_output;
  /// Its exit code; 128 and the signal when one ended it, 127 when it could not be started.
  int exit_code = 0;
  /// The signal that ended it; 0: none.
  int signal = 0;
  /// It was ended because its time was up.
  bool is_timed_out = false;
  std::chrono::milliseconds took{0};
};

/// Runs a command in a process group of its own, which is ended when the command ends or its time is
/// up. It reads nothing and leaves no core file.
ChildResult run_child(const std::vector<std::string>& command, std::chrono::milliseconds limit);

/// Returns how people call a signal: "SIGSEGV (invalid memory access)".
std::string name_of_signal(int signal);

}  // namespace zesvm::tools
