#include "levelzero/call.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace zesvm::levelzero {
namespace {

/// A result, its name, what kind of error it is, and what a reader can do about it.
struct Known {
  std::uint32_t result;
  std::string_view name;
  ErrorCode code;
  std::string_view advice;
};

// Numbers, not enumerators: some are newer than the oldest supported headers.
constexpr std::array known{
    Known{0x1, "ZE_RESULT_NOT_READY", ErrorCode::level_zero, ""},
    Known{0x70000001, "ZE_RESULT_ERROR_DEVICE_LOST", ErrorCode::device_lost,
          "start again with a new process; on a real GPU the kernel log tells why"},
    Known{0x70000002, "ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY", ErrorCode::out_of_host_memory,
          "free memory, or ask for less"},
    Known{0x70000003, "ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY", ErrorCode::out_of_device_memory,
          "free memory, or spread it over more devices"},
    Known{0x70000004, "ZE_RESULT_ERROR_MODULE_BUILD_FAILURE", ErrorCode::module_rejected, ""},
    Known{0x70000005, "ZE_RESULT_ERROR_MODULE_LINK_FAILURE", ErrorCode::module_rejected, ""},
    Known{0x70000006, "ZE_RESULT_ERROR_DEVICE_REQUIRES_RESET", ErrorCode::device_lost,
          "reset the device"},
    Known{0x70000007, "ZE_RESULT_ERROR_DEVICE_IN_LOW_POWER_STATE", ErrorCode::level_zero, ""},
    Known{0x70010000, "ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS", ErrorCode::backend_unavailable,
          "the user needs access to /dev/dri/renderD* (group render)"},
    Known{0x70010001, "ZE_RESULT_ERROR_NOT_AVAILABLE", ErrorCode::unsupported, ""},
    Known{0x70020000, "ZE_RESULT_ERROR_DEPENDENCY_UNAVAILABLE", ErrorCode::backend_unavailable,
          "a library the driver needs is missing, for example the compiler (package libigc2)"},
    Known{0x78000001, "ZE_RESULT_ERROR_UNINITIALIZED", ErrorCode::backend_unavailable,
          "the loader found no driver that works"},
    Known{0x78000002, "ZE_RESULT_ERROR_UNSUPPORTED_VERSION", ErrorCode::unsupported,
          "loader and driver do not fit together"},
    Known{0x78000003, "ZE_RESULT_ERROR_UNSUPPORTED_FEATURE", ErrorCode::unsupported, ""},
    Known{0x78000004, "ZE_RESULT_ERROR_INVALID_ARGUMENT", ErrorCode::invalid_argument, ""},
    Known{0x78000005, "ZE_RESULT_ERROR_INVALID_NULL_HANDLE", ErrorCode::invalid_argument, ""},
    Known{0x78000006, "ZE_RESULT_ERROR_HANDLE_OBJECT_IN_USE", ErrorCode::invalid_argument, ""},
    Known{0x78000007, "ZE_RESULT_ERROR_INVALID_NULL_POINTER", ErrorCode::invalid_argument, ""},
    Known{0x78000008, "ZE_RESULT_ERROR_INVALID_SIZE", ErrorCode::invalid_argument, ""},
    Known{0x78000009, "ZE_RESULT_ERROR_UNSUPPORTED_SIZE", ErrorCode::invalid_argument,
          "it is larger than the device can take: ask for less"},
    Known{0x7800000a, "ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT", ErrorCode::invalid_argument, ""},
    Known{0x7800000b, "ZE_RESULT_ERROR_INVALID_SYNCHRONIZATION_OBJECT", ErrorCode::invalid_argument,
          ""},
    Known{0x7800000c, "ZE_RESULT_ERROR_INVALID_ENUMERATION", ErrorCode::invalid_argument, ""},
    Known{0x7800000d, "ZE_RESULT_ERROR_UNSUPPORTED_ENUMERATION", ErrorCode::unsupported, ""},
    Known{0x7800000e, "ZE_RESULT_ERROR_UNSUPPORTED_IMAGE_FORMAT", ErrorCode::unsupported, ""},
    Known{0x7800000f, "ZE_RESULT_ERROR_INVALID_NATIVE_BINARY", ErrorCode::module_rejected, ""},
    Known{0x78000010, "ZE_RESULT_ERROR_INVALID_GLOBAL_NAME", ErrorCode::invalid_argument, ""},
    Known{0x78000011, "ZE_RESULT_ERROR_INVALID_KERNEL_NAME", ErrorCode::unknown_kernel, ""},
    Known{0x78000012, "ZE_RESULT_ERROR_INVALID_FUNCTION_NAME", ErrorCode::unknown_kernel, ""},
    Known{0x78000013, "ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION", ErrorCode::invalid_argument,
          "give a group size the device takes: Device::max_group_size()"},
    Known{0x78000014, "ZE_RESULT_ERROR_INVALID_GLOBAL_WIDTH_DIMENSION", ErrorCode::invalid_argument,
          ""},
    Known{0x78000015, "ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_INDEX", ErrorCode::invalid_argument,
          ""},
    Known{0x78000016, "ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE", ErrorCode::invalid_argument,
          "pass values of the kernel's own type: 1.0f for a float, 1u for a uint"},
    Known{0x78000017, "ZE_RESULT_ERROR_INVALID_KERNEL_ATTRIBUTE_VALUE", ErrorCode::invalid_argument,
          ""},
    Known{0x78000018, "ZE_RESULT_ERROR_INVALID_MODULE_UNLINKED", ErrorCode::module_rejected, ""},
    Known{0x78000019, "ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE", ErrorCode::level_zero, ""},
    Known{0x7800001a, "ZE_RESULT_ERROR_OVERLAPPING_REGIONS", ErrorCode::invalid_argument, ""},
    Known{0x78000021, "ZE_RESULT_ERROR_ADDRESS_NOT_FOUND", ErrorCode::unknown_memory, ""},
    Known{0x7ffffffe, "ZE_RESULT_ERROR_UNKNOWN", ErrorCode::level_zero, ""},
};

const Known* find(ze_result_t result) {
  for (const Known& one : known)
    if (one.result == static_cast<std::uint32_t>(result)) return &one;
  return nullptr;
}

}  // namespace

std::string name_of(ze_result_t result) {
  if (result == ZE_RESULT_SUCCESS) return "ZE_RESULT_SUCCESS";
  if (const Known* one = find(result)) return std::string(one->name);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "ze_result_t 0x%x", static_cast<unsigned>(result));
  return text.data();
}

ErrorCode code_for(ze_result_t result) {
  const Known* one = find(result);
  return one != nullptr ? one->code : ErrorCode::level_zero;
}

std::string_view advice_for(ze_result_t result) {
  const Known* one = find(result);
  return one != nullptr ? one->advice : std::string_view();
}

void throw_failed(std::string_view call, ze_result_t result, const std::string& what) {
  std::string message = what + ": " + std::string(call) + " returned " + name_of(result);
  if (const auto advice = advice_for(result); !advice.empty())
    message += "; " + std::string(advice);
  throw Error(code_for(result), message, std::string(call), static_cast<int>(result));
}

}  // namespace zesvm::levelzero
