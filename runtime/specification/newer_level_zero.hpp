/// @file newer_level_zero.hpp
/// What newer versions of Level Zero add to the oldest supported one (specification 1.4, loader 1.8), as
/// far as memory, devices and drivers are concerned: the one place where either side declares it, the
/// simulated driver, which is passed it, and the runtime, which passes it. Declared whatever headers the
/// library is built with; functions are looked up when the program runs.
///
/// N1  values and layouts are the specification's; where the headers at hand have them, a test compares
/// @see newer_commands.hpp for lists, events and kernels
#pragma once

#include <cstddef>
#include <cstdint>

#include <level_zero/ze_api.h>

namespace zesvm::newer {

// Names of extensions.
inline constexpr const char* relaxed_limits_name = "ZE_extension_relaxed_allocation_limits";
inline constexpr const char* ip_version_name = "ZE_extension_device_ip_version";
inline constexpr const char* kernel_timestamps_name = "ZE_extension_event_query_kernel_timestamps";
inline constexpr const char* counter_based_name = "ZE_experimental_event_pool_counter_based";
inline constexpr const char* list_clone_name = "ZE_experimental_command_list_clone";
inline constexpr const char* mutable_list_name = "ZE_experimental_mutable_command_list";
inline constexpr const char* kernel_binary_name = "ZE_extension_kernel_binary_exp";
inline constexpr const char* cache_line_name = "ZE_extension_device_cache_line_size";
inline constexpr const char* usable_memory_name = "ZE_extension_device_usablemem_size_properties";
inline constexpr const char* read_only_memory_name = "ZE_extension_virtual_mem_readonly_properties";
inline constexpr const char* immediate_append_name =
    "ZE_experimental_immediate_command_list_append";

/// ZE_RESULT_ERROR_ADDRESS_NOT_FOUND, a later result.
inline constexpr auto address_not_found = static_cast<ze_result_t>(0x78000021);

/// A fabric vertex that is a tile. Older headers misspell the name, newer ones no longer do.
inline constexpr auto sub_device_vertex = static_cast<ze_fabric_vertex_exp_type_t>(2);

/// Extension structures, by their `stype`.
enum StructureType : std::uint32_t {
  stype_device_ip_version = 0x0001000f,
  stype_mutable_command_list_properties = 0x00020015,
  stype_external_semaphore_fd = 0x00020024,
  stype_device_cache_line = 0x00020028,
  stype_device_usable_memory = 0x00020041,
  stype_device_read_only_memory = 0x00010015,
  stype_relaxed_limits = 0x00010016,
};

/// ze_init_driver_type_desc_t (1.10).
struct InitDriverTypes {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint32_t flags;
};
inline constexpr std::uint32_t driver_type_gpu = 1u << 0;

/// ze_device_readonly_memory_ext_properties_t (1.16).
struct DeviceReadOnlyMemory {
  ze_structure_type_t stype;
  void* pNext;
  std::uint32_t capability;
};
/// Writes to pages mapped read-only fail.
inline constexpr std::uint32_t read_only_is_enforced = 2;

/// ze_device_ip_version_ext_t (1.5).
struct DeviceIpVersion {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint32_t ip_version;
};

/// ze_device_cache_line_size_ext_t (1.13).
struct DeviceCacheLine {
  ze_structure_type_t stype;
  const void* pNext;
  std::size_t bytes;
};

/// ze_device_usablemem_size_ext_properties_t (1.17).
struct DeviceUsableMemory {
  ze_structure_type_t stype;
  void* pNext;
  std::uint64_t bytes;
};

/// ze_mutable_command_list_exp_properties_t (1.9).
struct MutableListProperties {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint32_t list_flags;
  std::uint32_t command_flags;
};
/// Arguments, group count, group size, global offset, signal event, wait events.
inline constexpr std::uint32_t mutable_commands_supported = 0x3f;

/// ze_external_semaphore_ext_handle_t (1.12).
using ExternalSemaphoreHandle = struct ExternalSemaphoreTag*;
/// ze_external_semaphore_ext_desc_t.
struct ExternalSemaphoreDescription {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint32_t flags;
};
inline constexpr std::uint32_t external_semaphore_opaque_fd = 1u << 0;
inline constexpr std::uint32_t external_semaphore_known = (1u << 9) - 1;
/// ze_external_semaphore_fd_ext_desc_t.
struct ExternalSemaphoreDescriptor {
  ze_structure_type_t stype;
  const void* pNext;
  int fd;
};

// ze_memory_advice_t: SET and CLEAR_SYSTEM_MEMORY_PREFERRED_LOCATION (1.7), the last one known here.
inline constexpr std::uint32_t set_system_memory_preferred_location = 8;
inline constexpr std::uint32_t clear_system_memory_preferred_location = 9;
inline constexpr std::uint32_t memory_advice_last = clear_system_memory_preferred_location;

/// ze_memory_atomic_attr_exp_flags_t (1.7).
enum AtomicAttribute : std::uint32_t {
  atomic_default = 0,
  atomic_none = 1u << 0,
  atomic_no_host = 1u << 1,
  atomic_host = 1u << 2,
  atomic_no_device = 1u << 3,
  atomic_device = 1u << 4,
  atomic_no_system = 1u << 5,
  atomic_system = 1u << 6,
};
inline constexpr std::uint32_t atomic_known = (1u << 7) - 1;

/// ze_physical_mem_properties_t (1.13).
struct PhysicalMemoryProperties {
  ze_structure_type_t stype;
  void* pNext;
  std::uint64_t id;
  std::uint64_t size;
};

/// ze_physical_mem_flags_t (1.8).
inline constexpr std::uint32_t physical_memory_on_device = 1u << 0;
inline constexpr std::uint32_t physical_memory_on_host = 1u << 1;

}  // namespace zesvm::newer
