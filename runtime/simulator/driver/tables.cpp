#include "simulator/driver/tables.hpp"

#include <algorithm>
#include <span>

#include "simulator/driver/later_tables.hpp"

namespace zesvm::simulator::driver {

/// Tables nobody fills stay unsupported throughout. Every other `fill` is a better match.
template <typename Table>
static void fill(Table&) {}

namespace {

/// Fills a table that has `first` entries in specification 1.4, the version of the oldest loader.
/// The headers may know more: those follow from the list of later ones, as far as the loader that
/// asks has room for them.
template <typename Table, std::size_t first>
ze_result_t give(ze_api_version_t version, Table* table,
                 std::span<const LaterEntry> later = {}) noexcept {
  if (table == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
  if (ZE_MAJOR_VERSION(version) != 1) return ZE_RESULT_ERROR_UNSUPPORTED_VERSION;
  constexpr std::size_t known = sizeof(Table) / sizeof(void*);
  static_assert(sizeof(Table) % sizeof(void*) == 0);
  static_assert(known == first || (known > first && ZE_API_VERSION_CURRENT > ZE_API_VERSION_1_4));
  Table all{};
  const std::span entries{reinterpret_cast<void**>(&all), known};
  std::fill(entries.begin(), entries.end(), unsupported_entry());
  fill(all);
  const auto out = reinterpret_cast<void**>(table);
  std::copy_n(entries.begin(), first, out);
  return give_later(version, out + first, later);
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
    add_imported_pointer_functions(all);
    add_command_functions(all);
    add_module_functions(all);
    add_sysman_functions(all);
    add_simulator_functions(all);
    return all;
  }();
  return names;
}

}  // namespace zesvm::simulator::driver

#define ZESVM_TABLE(getter, table_type, first, ...)                                             \
  ZE_DLLEXPORT ze_result_t ZE_APICALL getter(ze_api_version_t version, table_type* table) {     \
    return zesvm::simulator::driver::give<table_type, first>(version,                           \
                                                             table __VA_OPT__(, ) __VA_ARGS__); \
  }

using namespace zesvm::simulator::driver;  // NOLINT: for the names of the tables below only

extern "C" {
ZESVM_TABLE(zeGetGlobalProcAddrTable, ze_global_dditable_t, 1, later_global)
ZESVM_TABLE(zeGetDriverProcAddrTable, ze_driver_dditable_t, 6, later_driver)
ZESVM_TABLE(zeGetDeviceProcAddrTable, ze_device_dditable_t, 18, later_device)
ZESVM_TABLE(zeGetDeviceExpProcAddrTable, ze_device_exp_dditable_t, 1)
ZESVM_TABLE(zeGetContextProcAddrTable, ze_context_dditable_t, 9)
ZESVM_TABLE(zeGetCommandQueueProcAddrTable, ze_command_queue_dditable_t, 4, later_command_queue)
ZESVM_TABLE(zeGetCommandListProcAddrTable, ze_command_list_dditable_t, 28, later_command_list)
ZESVM_TABLE(zeGetImageProcAddrTable, ze_image_dditable_t, 4, later_image)
ZESVM_TABLE(zeGetImageExpProcAddrTable, ze_image_exp_dditable_t, 2, later_image_exp)
ZESVM_TABLE(zeGetFenceProcAddrTable, ze_fence_dditable_t, 5)
ZESVM_TABLE(zeGetEventPoolProcAddrTable, ze_event_pool_dditable_t, 5, later_event_pool)
ZESVM_TABLE(zeGetEventProcAddrTable, ze_event_dditable_t, 7, later_event)
ZESVM_TABLE(zeGetEventExpProcAddrTable, ze_event_exp_dditable_t, 1)
ZESVM_TABLE(zeGetModuleProcAddrTable, ze_module_dditable_t, 9)
ZESVM_TABLE(zeGetModuleBuildLogProcAddrTable, ze_module_build_log_dditable_t, 2)
ZESVM_TABLE(zeGetKernelProcAddrTable, ze_kernel_dditable_t, 12)
ZESVM_TABLE(zeGetKernelExpProcAddrTable, ze_kernel_exp_dditable_t, 2, later_kernel_exp)
ZESVM_TABLE(zeGetSamplerProcAddrTable, ze_sampler_dditable_t, 2)
ZESVM_TABLE(zeGetPhysicalMemProcAddrTable, ze_physical_mem_dditable_t, 2, later_physical_mem)
ZESVM_TABLE(zeGetMemProcAddrTable, ze_mem_dditable_t, 10, later_mem)
ZESVM_TABLE(zeGetVirtualMemProcAddrTable, ze_virtual_mem_dditable_t, 7)
ZESVM_TABLE(zeGetFabricVertexExpProcAddrTable, ze_fabric_vertex_exp_dditable_t, 4)
ZESVM_TABLE(zeGetFabricEdgeExpProcAddrTable, ze_fabric_edge_exp_dditable_t, 3)
ZESVM_TABLE(zesGetDriverProcAddrTable, zes_driver_dditable_t, 2, later_sysman_driver)
ZESVM_TABLE(zesGetDeviceProcAddrTable, zes_device_dditable_t, 29, later_sysman_device)
ZESVM_TABLE(zesGetSchedulerProcAddrTable, zes_scheduler_dditable_t, 8)
ZESVM_TABLE(zesGetPerformanceFactorProcAddrTable, zes_performance_factor_dditable_t, 3)
ZESVM_TABLE(zesGetPowerProcAddrTable, zes_power_dditable_t, 8, later_power)
ZESVM_TABLE(zesGetFrequencyProcAddrTable, zes_frequency_dditable_t, 17)
ZESVM_TABLE(zesGetEngineProcAddrTable, zes_engine_dditable_t, 2, later_engine)
ZESVM_TABLE(zesGetStandbyProcAddrTable, zes_standby_dditable_t, 3)
ZESVM_TABLE(zesGetFirmwareProcAddrTable, zes_firmware_dditable_t, 2, later_firmware)
ZESVM_TABLE(zesGetMemoryProcAddrTable, zes_memory_dditable_t, 3)
ZESVM_TABLE(zesGetFabricPortProcAddrTable, zes_fabric_port_dditable_t, 6, later_fabric_port)
ZESVM_TABLE(zesGetTemperatureProcAddrTable, zes_temperature_dditable_t, 4)
ZESVM_TABLE(zesGetPsuProcAddrTable, zes_psu_dditable_t, 2)
ZESVM_TABLE(zesGetFanProcAddrTable, zes_fan_dditable_t, 6)
ZESVM_TABLE(zesGetLedProcAddrTable, zes_led_dditable_t, 4)
ZESVM_TABLE(zesGetRasProcAddrTable, zes_ras_dditable_t, 4)
ZESVM_TABLE(zesGetDiagnosticsProcAddrTable, zes_diagnostics_dditable_t, 3)
ZESVM_TABLE(zetGetDeviceProcAddrTable, zet_device_dditable_t, 1)
ZESVM_TABLE(zetGetContextProcAddrTable, zet_context_dditable_t, 1)
ZESVM_TABLE(zetGetCommandListProcAddrTable, zet_command_list_dditable_t, 4)
ZESVM_TABLE(zetGetModuleProcAddrTable, zet_module_dditable_t, 1)
ZESVM_TABLE(zetGetKernelProcAddrTable, zet_kernel_dditable_t, 1)
ZESVM_TABLE(zetGetMetricGroupProcAddrTable, zet_metric_group_dditable_t, 3)
ZESVM_TABLE(zetGetMetricGroupExpProcAddrTable, zet_metric_group_exp_dditable_t, 1,
            later_metric_group_exp)
ZESVM_TABLE(zetGetMetricProcAddrTable, zet_metric_dditable_t, 2)
ZESVM_TABLE(zetGetMetricStreamerProcAddrTable, zet_metric_streamer_dditable_t, 3)
ZESVM_TABLE(zetGetMetricQueryPoolProcAddrTable, zet_metric_query_pool_dditable_t, 2)
ZESVM_TABLE(zetGetMetricQueryProcAddrTable, zet_metric_query_dditable_t, 4)
ZESVM_TABLE(zetGetTracerExpProcAddrTable, zet_tracer_exp_dditable_t, 5)
ZESVM_TABLE(zetGetDebugProcAddrTable, zet_debug_dditable_t, 11, later_debug)
}  // extern "C"
