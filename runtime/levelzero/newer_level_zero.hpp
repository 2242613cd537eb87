/// @file newer_level_zero.hpp
/// What newer versions of Level Zero add to the oldest supported one (specification 1.4, loader 1.8),
/// declared here whatever headers the library is built with, and looked up when the program runs.
#pragma once

#include <cstddef>
#include <cstdint>

#include <level_zero/ze_api.h>

namespace zesvm::levelzero::newer {

// ze_memory_advice_t: SET and CLEAR_SYSTEM_MEMORY_PREFERRED_LOCATION (1.7).
inline constexpr std::uint32_t set_system_memory_preferred_location = 8;
inline constexpr std::uint32_t clear_system_memory_preferred_location = 9;

// ze_memory_atomic_attr_exp_flags_t (1.7).
inline constexpr std::uint32_t atomics_default = 0;
inline constexpr std::uint32_t atomics_of_host = 1u << 2;
inline constexpr std::uint32_t no_atomics_of_device = 1u << 3;
inline constexpr std::uint32_t atomics_of_device = 1u << 4;
inline constexpr std::uint32_t atomics_of_system = 1u << 6;

// ZE_PHYSICAL_MEM_FLAG_ALLOCATE_ON_HOST (1.8).
inline constexpr std::uint32_t physical_memory_on_host = 1u << 1;

/// Functions; each null where neither loader nor driver has it.
struct Functions {
  /// zeMemSetAtomicAccessAttributeExp (1.7).
  ze_result_t(ZE_APICALL* set_atomic_access)(ze_context_handle_t, ze_device_handle_t, const void*,
                                             std::size_t, std::uint32_t) = nullptr;
  /// zeMemGetAtomicAccessAttributeExp (1.7).
  ze_result_t(ZE_APICALL* get_atomic_access)(ze_context_handle_t, ze_device_handle_t, const void*,
                                             std::size_t, std::uint32_t*) = nullptr;
  /// zeCommandListHostSynchronize (1.6): what reports failed launches of an immediate list.
  ze_result_t(ZE_APICALL* host_synchronize)(ze_command_list_handle_t, std::uint64_t) = nullptr;
  /// zeDriverGetLastErrorDescription (1.6).
  ze_result_t(ZE_APICALL* get_last_error)(ze_driver_handle_t, const char**) = nullptr;
};

/// Looks the functions up: the loader's own entries where it is new enough, since those take handles
/// of any driver, else the driver's.
Functions find_functions(ze_driver_handle_t driver);

/// Returns a driver's function that is not part of Level Zero; null when it has none of this name.
void* find_extension(ze_driver_handle_t driver, const char* name);

}  // namespace zesvm::levelzero::newer
