/// @file outcome.hpp
/// From the core's statuses and exceptions to Level Zero result codes, and the words that go with
/// the last error of a thread.
#pragma once

#include <string>

#include <level_zero/ze_api.h>

#include "base/status.hpp"

namespace zesvm::simulator::driver {

/// Returns the result code that says what `status` says.
ze_result_t to_ze(Status status);

/// Notes why a call failed, for zeDriverGetLastErrorDescription, and returns `result`.
ze_result_t fail(ze_result_t result, std::string message);
/// Notes why a call failed and returns the code for `status`.
ze_result_t fail(Status status, std::string message);
/// Returns what this thread's last `fail` said; empty when there was none. The text stays until
/// the thread's next `fail`.
const std::string& last_error();

namespace detail {
/// Returns the code for the exception being handled.
ze_result_t code_of_current_exception() noexcept;
}  // namespace detail

/// Runs the body of an entry point; an exception that leaves it becomes a result code.
template <typename Body>
ze_result_t entry(Body&& body) noexcept {
  try {
    return body();
  } catch (...) {
    return detail::code_of_current_exception();
  }
}

}  // namespace zesvm::simulator::driver
