#include "simulator/driver/tables.hpp"

#include <algorithm>
#include <span>

#include "simulator/driver/later_tables.hpp"

namespace zesvm::simulator::driver {

/// Tables nobody fills stay unsupported throughout. Every other `fill` is a better match.
template <typename Table>
static void fill(Table&) {}

namespace {

/// What every entry nobody filled points at. It ignores its arguments, which the caller removes.
ze_result_t unsupported() { return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE; }

/// Writes the entries that follow the part of a table these headers know; a loader that asks for
/// `version` has room for those of that version and earlier ones.
void fill_later(void** entry, ze_api_version_t version, std::span<const LaterEntry> entries) {
  for (const auto& later : entries) {
    if (ZE_MINOR_VERSION(version) < later.minor) return;
    const auto found = function_names().find(later.name);
    *entry++ =
        found != function_names().end() ? found->second : reinterpret_cast<void*>(&unsupported);
  }
}

template <typename Table>
ze_result_t give(ze_api_version_t version, Table* table,
                 std::span<const LaterEntry> later = {}) noexcept {
  if (table == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
  if (ZE_MAJOR_VERSION(version) != 1) return ZE_RESULT_ERROR_UNSUPPORTED_VERSION;
  static_assert(sizeof(Table) % sizeof(void*) == 0);
  const std::span entries{reinterpret_cast<void**>(table), sizeof(Table) / sizeof(void*)};
  std::fill(entries.begin(), entries.end(), reinterpret_cast<void*>(&unsupported));
  fill(*table);
  fill_later(entries.data() + entries.size(), version, later);
  return ZE_RESULT_SUCCESS;
}

ze_result_t give_later(ze_api_version_t version, void* table,
                       std::span<const LaterEntry> entries) noexcept {
  if (table == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
  if (ZE_MAJOR_VERSION(version) != 1) return ZE_RESULT_ERROR_UNSUPPORTED_VERSION;
  fill_later(static_cast<void**>(table), version, entries);
  return ZE_RESULT_SUCCESS;
}

}  // namespace

const FunctionNames& function_names() {
  // Never destroyed: looked up until the process ends.
  static const FunctionNames& names = []() -> const FunctionNames& {
    auto& all = *new FunctionNames;
    add_driver_functions(all);
    add_device_functions(all);
    add_context_functions(all);
    add_memory_functions(all);
    add_atomic_access_functions(all);
    add_virtual_memory_functions(all);
    add_semaphore_functions(all);
    add_command_functions(all);
    add_module_functions(all);
    add_sysman_functions(all);
    add_simulator_functions(all);
    return all;
  }();
  return names;
}

}  // namespace zesvm::simulator::driver

#define ZESVM_TABLE(getter, table_type, ...)                                                \
  ZE_DLLEXPORT ze_result_t ZE_APICALL getter(ze_api_version_t version, table_type* table) { \
    return zesvm::simulator::driver::give(version, table __VA_OPT__(, ) __VA_ARGS__);       \
  }
#define ZESVM_LATER_TABLE(getter, entries)                                            \
  ZE_DLLEXPORT ze_result_t ZE_APICALL getter(ze_api_version_t version, void* table) { \
    return zesvm::simulator::driver::give_later(version, table, entries);             \
  }

using namespace zesvm::simulator::driver;  // NOLINT: for the names of the tables below only

extern "C" {
ZESVM_TABLE(zeGetGlobalProcAddrTable, ze_global_dditable_t, later_global)
ZESVM_TABLE(zeGetDriverProcAddrTable, ze_driver_dditable_t, later_driver)
ZESVM_TABLE(zeGetDeviceProcAddrTable, ze_device_dditable_t, later_device)
ZESVM_TABLE(zeGetDeviceExpProcAddrTable, ze_device_exp_dditable_t)
ZESVM_TABLE(zeGetContextProcAddrTable, ze_context_dditable_t)
ZESVM_TABLE(zeGetCommandQueueProcAddrTable, ze_command_queue_dditable_t, later_command_queue)
ZESVM_TABLE(zeGetCommandListProcAddrTable, ze_command_list_dditable_t, later_command_list)
ZESVM_TABLE(zeGetImageProcAddrTable, ze_image_dditable_t, later_image)
ZESVM_TABLE(zeGetImageExpProcAddrTable, ze_image_exp_dditable_t, later_image_exp)
ZESVM_TABLE(zeGetFenceProcAddrTable, ze_fence_dditable_t)
ZESVM_TABLE(zeGetEventPoolProcAddrTable, ze_event_pool_dditable_t, later_event_pool)
ZESVM_TABLE(zeGetEventProcAddrTable, ze_event_dditable_t, later_event)
ZESVM_TABLE(zeGetEventExpProcAddrTable, ze_event_exp_dditable_t)
ZESVM_TABLE(zeGetModuleProcAddrTable, ze_module_dditable_t)
ZESVM_TABLE(zeGetModuleBuildLogProcAddrTable, ze_module_build_log_dditable_t)
ZESVM_TABLE(zeGetKernelProcAddrTable, ze_kernel_dditable_t)
ZESVM_TABLE(zeGetKernelExpProcAddrTable, ze_kernel_exp_dditable_t, later_kernel_exp)
ZESVM_TABLE(zeGetSamplerProcAddrTable, ze_sampler_dditable_t)
ZESVM_TABLE(zeGetPhysicalMemProcAddrTable, ze_physical_mem_dditable_t, later_physical_mem)
ZESVM_TABLE(zeGetMemProcAddrTable, ze_mem_dditable_t, later_mem)
ZESVM_TABLE(zeGetVirtualMemProcAddrTable, ze_virtual_mem_dditable_t)
ZESVM_TABLE(zeGetFabricVertexExpProcAddrTable, ze_fabric_vertex_exp_dditable_t)
ZESVM_TABLE(zeGetFabricEdgeExpProcAddrTable, ze_fabric_edge_exp_dditable_t)
ZESVM_TABLE(zesGetDriverProcAddrTable, zes_driver_dditable_t, later_sysman_driver)
ZESVM_TABLE(zesGetDeviceProcAddrTable, zes_device_dditable_t, later_sysman_device)
ZESVM_TABLE(zesGetSchedulerProcAddrTable, zes_scheduler_dditable_t)
ZESVM_TABLE(zesGetPerformanceFactorProcAddrTable, zes_performance_factor_dditable_t)
ZESVM_TABLE(zesGetPowerProcAddrTable, zes_power_dditable_t)
ZESVM_TABLE(zesGetFrequencyProcAddrTable, zes_frequency_dditable_t)
ZESVM_TABLE(zesGetEngineProcAddrTable, zes_engine_dditable_t)
ZESVM_TABLE(zesGetStandbyProcAddrTable, zes_standby_dditable_t)
ZESVM_TABLE(zesGetFirmwareProcAddrTable, zes_firmware_dditable_t)
ZESVM_TABLE(zesGetMemoryProcAddrTable, zes_memory_dditable_t)
ZESVM_TABLE(zesGetFabricPortProcAddrTable, zes_fabric_port_dditable_t)
ZESVM_TABLE(zesGetTemperatureProcAddrTable, zes_temperature_dditable_t)
ZESVM_TABLE(zesGetPsuProcAddrTable, zes_psu_dditable_t)
ZESVM_TABLE(zesGetFanProcAddrTable, zes_fan_dditable_t)
ZESVM_TABLE(zesGetLedProcAddrTable, zes_led_dditable_t)
ZESVM_TABLE(zesGetRasProcAddrTable, zes_ras_dditable_t)
ZESVM_TABLE(zesGetDiagnosticsProcAddrTable, zes_diagnostics_dditable_t)
ZESVM_TABLE(zetGetDeviceProcAddrTable, zet_device_dditable_t)
ZESVM_TABLE(zetGetContextProcAddrTable, zet_context_dditable_t)
ZESVM_TABLE(zetGetCommandListProcAddrTable, zet_command_list_dditable_t)
ZESVM_TABLE(zetGetModuleProcAddrTable, zet_module_dditable_t)
ZESVM_TABLE(zetGetKernelProcAddrTable, zet_kernel_dditable_t)
ZESVM_TABLE(zetGetMetricGroupProcAddrTable, zet_metric_group_dditable_t)
ZESVM_TABLE(zetGetMetricGroupExpProcAddrTable, zet_metric_group_exp_dditable_t)
ZESVM_TABLE(zetGetMetricProcAddrTable, zet_metric_dditable_t)
ZESVM_TABLE(zetGetMetricStreamerProcAddrTable, zet_metric_streamer_dditable_t)
ZESVM_TABLE(zetGetMetricQueryPoolProcAddrTable, zet_metric_query_pool_dditable_t)
ZESVM_TABLE(zetGetMetricQueryProcAddrTable, zet_metric_query_dditable_t)
ZESVM_TABLE(zetGetTracerExpProcAddrTable, zet_tracer_exp_dditable_t)
ZESVM_TABLE(zetGetDebugProcAddrTable, zet_debug_dditable_t)

// The headers this is built with have no declarations of these getters.
ZESVM_LATER_TABLE(zeGetMemExpProcAddrTable, later_mem_exp)
ZESVM_LATER_TABLE(zeGetCommandListExpProcAddrTable, later_command_list_exp)
ZESVM_LATER_TABLE(zesGetGlobalProcAddrTable, later_sysman_global)
ZESVM_LATER_TABLE(zesGetDriverExpProcAddrTable, later_sysman_driver_exp)
}  // extern "C"
