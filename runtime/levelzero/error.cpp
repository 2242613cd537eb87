#include <utility>

#include <zesvm/error.hpp>

namespace zesvm {

const char* name_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::backend_unavailable: return "backend_unavailable";
    case ErrorCode::unknown_node: return "unknown_node";
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::unknown_memory: return "unknown_memory";
    case ErrorCode::out_of_host_memory: return "out_of_host_memory";
    case ErrorCode::out_of_device_memory: return "out_of_device_memory";
    case ErrorCode::unreadable_file: return "unreadable_file";
    case ErrorCode::module_rejected: return "module_rejected";
    case ErrorCode::unknown_kernel: return "unknown_kernel";
    case ErrorCode::launch_failed: return "launch_failed";
    case ErrorCode::device_lost: return "device_lost";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::level_zero: return "level_zero";
  }
  return "unknown";
}

Error::Error(ErrorCode code, const std::string& message, std::string call, int result)
    : std::runtime_error(message), code_(code), call_(std::move(call)), result_(result) {}

Error::~Error() = default;

}  // namespace zesvm
