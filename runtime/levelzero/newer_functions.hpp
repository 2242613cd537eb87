/// @file newer_functions.hpp
/// Functions that newer versions of Level Zero add to the oldest supported one (specification 1.4, loader
/// 1.8), looked up when the program runs, whatever headers the library is built with. What they are
/// passed is in `specification/newer_level_zero.hpp`.
#pragma once

#include <cstddef>
#include <cstdint>

#include <level_zero/ze_api.h>

namespace zesvm::levelzero {

/// Functions; each null where neither loader nor driver has it.
struct NewerFunctions {
  /// zeMemSetAtomicAccessAttributeExp (1.7).
  ze_result_t(ZE_APICALL* set_atomic_access)(ze_context_handle_t, ze_device_handle_t, const void*,
                                             std::size_t, std::uint32_t) = nullptr;
  /// zeMemGetAtomicAccessAttributeExp (1.7).
  ze_result_t(ZE_APICALL* get_atomic_access)(ze_context_handle_t, ze_device_handle_t, const void*,
                                             std::size_t, std::uint32_t*) = nullptr;
  /// zeCommandListHostSynchronize (1.6): what reports failed launches of an immediate list.
  ze_result_t(ZE_APICALL* host_synchronize)(ze_command_list_handle_t, std::uint64_t) = nullptr;
  /// zexDriverImportExternalPointer, zexDriverReleaseImportedPointer: of Intel's driver.
  ze_result_t(ZE_APICALL* import_pointer)(ze_driver_handle_t, void*, std::size_t) = nullptr;
  ze_result_t(ZE_APICALL* release_pointer)(ze_driver_handle_t, void*) = nullptr;
  /// zeDriverGetLastErrorDescription (1.6).
  ze_result_t(ZE_APICALL* get_last_error)(ze_driver_handle_t, const char**) = nullptr;
};

/// Looks the functions up: the loader's own entries where it is new enough, since those take handles
/// of any driver, else the driver's.
NewerFunctions find_newer_functions(ze_driver_handle_t driver);

/// Returns a driver's function that is not part of Level Zero; null when it has none of this name.
void* find_extension(ze_driver_handle_t driver, const char* name);

}  // namespace zesvm::levelzero
