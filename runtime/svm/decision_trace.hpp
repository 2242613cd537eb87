/// @file decision_trace.hpp
/// Decisions of a core with their reasons (E2), as lines of a trace file. docs/tracing.md describes
/// them.
#pragma once

#include "base/trace_file.hpp"
#include "svm/trace.hpp"

namespace zesvm::svm {

/// Writes what one core decides; devices are groups 1 + index of the file.
class DecisionTrace {
 public:
  /// The file must outlive it.
  explicit DecisionTrace(TraceFile& file) noexcept : file_(file) {}

  /// Returns what the core is to tell. Valid while this lives.
  TraceHook hook() noexcept;

 private:
  void decided(const TraceEvent& event) noexcept;
  void faulted(const TraceEvent& event) noexcept;
  void moved(const TraceEvent& event) noexcept;
  void noted(const TraceEvent& event) noexcept;

  TraceFile& file_;
};

}  // namespace zesvm::svm
