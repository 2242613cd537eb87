/// @file error.hpp
/// How zesvm says that something did not work: it throws `zesvm::Error`.
#pragma once

#include <stdexcept>
#include <string>

#include <zesvm/export.hpp>

namespace zesvm {

/// What kind of failure an Error is; the message tells the rest.
enum class ErrorCode {
  /// No driver, or not the one that was asked for, could be had.
  backend_unavailable,
  /// The named node is neither a preset nor a readable file, or its file is wrong.
  unknown_node,
  /// An argument is malformed: empty, too large, of the wrong size, unknown.
  invalid_argument,
  /// The pointer is not in memory of this address space.
  unknown_memory,
  /// No memory left on the host.
  out_of_host_memory,
  /// No memory left on the device.
  out_of_device_memory,
  /// A file could not be read.
  unreadable_file,
  /// The module's code was refused or did not build; the message holds the build log.
  module_rejected,
  /// The module has no kernel of this name; the message lists those it has.
  unknown_kernel,
  /// Work on a device failed: a kernel, a copy, a fault that could not be served.
  launch_failed,
  /// The device stopped answering; what was in its memory is gone.
  device_lost,
  /// The device, the driver or this version cannot do it.
  unsupported,
  /// Anything else a Level Zero call returned.
  level_zero,
};

/// Returns the name of a code, as spelled in the enumeration.
ZESVM_API const char* name_of(ErrorCode code) noexcept;

/// A failure. `what()` says what was tried, on what, what came back, and what to do about it. A
/// value: any thread may read it.
class ZESVM_API Error : public std::runtime_error {
 public:
  /// Makes an error. `call` is empty when no Level Zero call was involved.
  Error(ErrorCode code, const std::string& message, std::string call = {}, int result = 0);
  ~Error() override;

  /// Returns what kind of failure it is.
  ErrorCode code() const noexcept { return code_; }
  /// Returns the name of the Level Zero function that failed; empty when there was none.
  const std::string& call() const noexcept { return call_; }
  /// Returns the ze_result_t that came back; 0 when no call was involved.
  int result() const noexcept { return result_; }

 private:
  ErrorCode code_;
  std::string call_;
  int result_;
};

}  // namespace zesvm
