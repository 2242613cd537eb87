// zeInit, zeDriver*: the functions that exist once for the whole driver.
#include <array>
#include <cstring>
#include <utility>

#include "simulator/driver/enumeration.hpp"
#include "simulator/driver/extension_chain.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/tables.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::simulator::driver {

namespace {

/// The specification whose functions the driver knows, by table or by name.
constexpr auto api_version = static_cast<ze_api_version_t>(ZE_MAKE_VERSION(1, 9));

constexpr std::uint32_t version_1_0 = ZE_MAKE_VERSION(1, 0);

/// What zeDriverGetExtensionProperties tells: extensions that do something here.
constexpr std::array extensions{
    std::pair{ZE_MODULE_PROGRAM_EXP_NAME, version_1_0},
    std::pair{ZE_FLOAT_ATOMICS_EXT_NAME, version_1_0},
    std::pair{ZE_GLOBAL_OFFSET_EXP_NAME, version_1_0},
    std::pair{ZE_RELAXED_ALLOCATION_LIMITS_EXP_NAME, version_1_0},
    std::pair{ZE_CACHE_RESERVATION_EXT_NAME, version_1_0},
    std::pair{ZE_EVENT_QUERY_TIMESTAMPS_EXP_NAME, version_1_0},
    std::pair{ZE_KERNEL_SCHEDULING_HINTS_EXP_NAME, version_1_0},
    std::pair{ZE_SUBGROUPS_EXT_NAME, version_1_0},
    std::pair{ZE_EU_COUNT_EXT_NAME, version_1_0},
    std::pair{ZE_PCI_PROPERTIES_EXT_NAME, version_1_0},
    std::pair{ZE_MEMORY_FREE_POLICIES_EXT_NAME, version_1_0},
    std::pair{ZE_BANDWIDTH_PROPERTIES_EXP_NAME, version_1_0},
    std::pair{ZE_FABRIC_EXP_NAME, version_1_0},
    std::pair{ZE_DEVICE_MEMORY_PROPERTIES_EXT_NAME, version_1_0},
    std::pair{newer::usable_memory_name, version_1_0},
    std::pair{newer::read_only_memory_name, version_1_0},
    std::pair{newer::relaxed_limits_name, version_1_0},
    std::pair{newer::ip_version_name, version_1_0},
    std::pair{newer::kernel_timestamps_name, version_1_0},
    std::pair{newer::counter_based_name, version_1_0},
    std::pair{newer::list_clone_name, version_1_0},
    std::pair{newer::mutable_list_name, version_1_0},
    std::pair{newer::kernel_binary_name, version_1_0},
    std::pair{newer::cache_line_name, version_1_0},
    std::pair{newer::immediate_append_name, version_1_0},
};

ze_result_t init(ze_init_flags_t flags) {
  constexpr ze_init_flags_t known = ZE_INIT_FLAG_GPU_ONLY | ZE_INIT_FLAG_VPU_ONLY;
  if ((flags & ~known) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  // A program that wants VPUs only finds none here, and no GPU node is started for it.
  if (flags == ZE_INIT_FLAG_VPU_ONLY) return ZE_RESULT_ERROR_UNINITIALIZED;
  return entry([] { return Driver::initialise(); });
}

ze_result_t get(std::uint32_t* count, ze_driver_handle_t* drivers) {
  Driver* const driver = Driver::instance();
  if (driver == nullptr) return ZE_RESULT_ERROR_UNINITIALIZED;
  return enumerate(count, drivers, 1, [&](std::size_t) { return handle_of(driver); });
}

ze_result_t init_drivers(std::uint32_t* count, ze_driver_handle_t* drivers,
                         const newer::InitDriverTypes* types) {
  ZESVM_NOT_NULL(count);
  ZESVM_NOT_NULL(types);
  if ((types->flags & newer::driver_type_gpu) == 0) return ZE_RESULT_ERROR_UNINITIALIZED;
  if (const auto result = init(0); result != ZE_RESULT_SUCCESS) return result;
  return get(count, drivers);
}

ze_result_t get_api_version(ze_driver_handle_t handle, ze_api_version_t* version) {
  ZESVM_FIND(driver, Driver, handle);
  ZESVM_NOT_NULL(version);
  *version = api_version;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_properties(ze_driver_handle_t handle, ze_driver_properties_t* properties) {
  ZESVM_FIND(driver, Driver, handle);
  ZESVM_NOT_NULL(properties);
  constexpr std::array<std::uint8_t, ZE_MAX_DRIVER_UUID_SIZE> uuid{
      'z', 'e', 's', 'v', 'm', '-', 's', 'i', 'm', '-', 'd', 'r', 'i', 'v', 'e', 'r'};
  std::memcpy(properties->uuid.id, uuid.data(), uuid.size());
  // Major, minor, patch, as many bits each as real drivers use.
  properties->driverVersion = (0u << 24) | (1u << 16) | 1u;
  if (auto* policies = extension<ze_driver_memory_free_ext_properties_t>(
          chain_of(*properties, ZE_STRUCTURE_TYPE_DRIVER_PROPERTIES),
          ZE_STRUCTURE_TYPE_DRIVER_MEMORY_FREE_EXT_PROPERTIES))
    policies->freePolicies = ZE_DRIVER_MEMORY_FREE_POLICY_EXT_FLAG_BLOCKING_FREE |
                             ZE_DRIVER_MEMORY_FREE_POLICY_EXT_FLAG_DEFER_FREE;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_ipc_properties(ze_driver_handle_t handle, ze_driver_ipc_properties_t* properties) {
  ZESVM_FIND(driver, Driver, handle);
  ZESVM_NOT_NULL(properties);
  properties->flags = ZE_IPC_PROPERTY_FLAG_MEMORY | ZE_IPC_PROPERTY_FLAG_EVENT_POOL;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_extension_properties(ze_driver_handle_t handle, std::uint32_t* count,
                                     ze_driver_extension_properties_t* properties) {
  ZESVM_FIND(driver, Driver, handle);
  return enumerate(count, properties, extensions.size(), [](std::size_t i) {
    ze_driver_extension_properties_t extension{};
    std::strncpy(extension.name, extensions[i].first, sizeof(extension.name) - 1);
    extension.version = extensions[i].second;
    return extension;
  });
}

ze_result_t get_extension_function_address(ze_driver_handle_t handle, const char* name,
                                           void** address) {
  ZESVM_FIND(driver, Driver, handle);
  ZESVM_NOT_NULL(name);
  ZESVM_NOT_NULL(address);
  return entry([&] {
    const auto found = function_names().find(name);
    *address = found != function_names().end() ? found->second : nullptr;
    return *address != nullptr ? ZE_RESULT_SUCCESS : ZE_RESULT_ERROR_INVALID_ARGUMENT;
  });
}

ze_result_t get_last_error_description(ze_driver_handle_t handle, const char** text) {
  ZESVM_FIND(driver, Driver, handle);
  ZESVM_NOT_NULL(text);
  *text = last_error().c_str();
  return ZE_RESULT_SUCCESS;
}

}  // namespace

void fill(ze_global_dditable_t& table) { table.pfnInit = init; }

void fill(ze_driver_dditable_t& table) {
  table.pfnGet = get;
  table.pfnGetApiVersion = get_api_version;
  table.pfnGetProperties = get_properties;
  table.pfnGetIpcProperties = get_ipc_properties;
  table.pfnGetExtensionProperties = get_extension_properties;
  table.pfnGetExtensionFunctionAddress = get_extension_function_address;
}

void add_driver_functions(FunctionNames& names) {
  add_function(names, "zeInitDrivers", init_drivers);
  add_function(names, "zeDriverGetLastErrorDescription", get_last_error_description);
}

}  // namespace zesvm::simulator::driver
