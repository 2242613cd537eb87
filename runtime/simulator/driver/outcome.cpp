#include "simulator/driver/outcome.hpp"

#include <new>
#include <stdexcept>

namespace zesvm::simulator::driver {

namespace {
// Outlives the text of its thread: programs end their contexts after that, too.
thread_local bool is_text_gone = false;

struct ErrorText {
  std::string text;
  ~ErrorText() { is_text_gone = true; }
};

// Null when the thread ends.
std::string* error_text() {
  if (is_text_gone) return nullptr;
  thread_local ErrorText error;
  return &error.text;
}
}  // namespace

ze_result_t to_ze(Status status) {
  switch (status) {
    case Status::ok: return ZE_RESULT_SUCCESS;
    case Status::not_mapped:
    case Status::invalid_address:
    case Status::invalid_argument: return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    case Status::permission_denied: return ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS;
    case Status::out_of_device_memory: return ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY;
    case Status::out_of_host_memory: return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
    case Status::busy: return ZE_RESULT_ERROR_HANDLE_OBJECT_IN_USE;
    case Status::no_interconnect:
    case Status::unsupported: return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
    case Status::no_device:
    case Status::device_lost: return ZE_RESULT_ERROR_DEVICE_LOST;
    case Status::timed_out: return ZE_RESULT_NOT_READY;
    case Status::copy_failed:
    case Status::map_failed: return ZE_RESULT_ERROR_UNKNOWN;
  }
  return ZE_RESULT_ERROR_UNKNOWN;
}

ze_result_t fail(ze_result_t result, std::string message) {
  if (std::string* const text = error_text()) *text = std::move(message);
  return result;
}

ze_result_t fail(Status status, std::string message) {
  return fail(to_ze(status), std::move(message) + ": " + std::string(name_of(status)));
}

const std::string& last_error() {
  static const auto& nothing = *new std::string;
  const std::string* const text = error_text();
  return text != nullptr ? *text : nothing;
}

namespace detail {
ze_result_t code_of_current_exception() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
  } catch (const std::exception& error) {
    try {
      return fail(ZE_RESULT_ERROR_UNKNOWN, error.what());
    } catch (...) {
      return ZE_RESULT_ERROR_UNKNOWN;
    }
  } catch (...) {
    return ZE_RESULT_ERROR_UNKNOWN;
  }
}
}  // namespace detail

}  // namespace zesvm::simulator::driver
