// Tables that specification 1.4 does not have. Newer headers declare their getters with types of
// their own, so this file includes no header that does.
#include "simulator/driver/later_tables.hpp"

#include "simulator/driver/function_names.hpp"

namespace zesvm::simulator::driver {
namespace {

/// Ignores its arguments, which the caller removes.
ze_result_t unsupported() { return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE; }

}  // namespace

void* unsupported_entry() { return reinterpret_cast<void*>(&unsupported); }

ze_result_t give_later(ze_api_version_t version, void* table,
                       std::span<const LaterEntry> entries) noexcept {
  if (table == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
  if (ZE_MAJOR_VERSION(version) != 1) return ZE_RESULT_ERROR_UNSUPPORTED_VERSION;
  auto entry = static_cast<void**>(table);
  for (const auto& later : entries) {
    if (ZE_MINOR_VERSION(version) < later.minor) break;
    const auto found = function_names().find(later.name);
    *entry++ = found != function_names().end() ? found->second : unsupported_entry();
  }
  return ZE_RESULT_SUCCESS;
}

}  // namespace zesvm::simulator::driver

#define ZESVM_LATER_TABLE(getter, entries)                                            \
  ZE_DLLEXPORT ze_result_t ZE_APICALL getter(ze_api_version_t version, void* table) { \
    return zesvm::simulator::driver::give_later(version, table, entries);             \
  }

using namespace zesvm::simulator::driver;  // NOLINT: for the names of the tables below only

extern "C" {
ZESVM_LATER_TABLE(zeGetRTASBuilderProcAddrTable, later_rtas_builder)
ZESVM_LATER_TABLE(zeGetRTASBuilderExpProcAddrTable, later_rtas_builder_exp)
ZESVM_LATER_TABLE(zeGetRTASParallelOperationProcAddrTable, later_rtas_parallel_operation)
ZESVM_LATER_TABLE(zeGetRTASParallelOperationExpProcAddrTable, later_rtas_parallel_operation_exp)
ZESVM_LATER_TABLE(zeGetDriverExpProcAddrTable, later_driver_exp)
ZESVM_LATER_TABLE(zeGetCommandListExpProcAddrTable, later_command_list_exp)
ZESVM_LATER_TABLE(zeGetMemExpProcAddrTable, later_mem_exp)
ZESVM_LATER_TABLE(zeGetGraphProcAddrTable, later_graph)
ZESVM_LATER_TABLE(zeGetExecutableGraphProcAddrTable, later_executable_graph)
ZESVM_LATER_TABLE(zesGetGlobalProcAddrTable, later_sysman_global)
ZESVM_LATER_TABLE(zesGetDeviceExpProcAddrTable, later_sysman_device_exp)
ZESVM_LATER_TABLE(zesGetDriverExpProcAddrTable, later_sysman_driver_exp)
ZESVM_LATER_TABLE(zesGetOverclockProcAddrTable, later_sysman_overclock)
ZESVM_LATER_TABLE(zesGetFirmwareExpProcAddrTable, later_sysman_firmware_exp)
ZESVM_LATER_TABLE(zesGetRasExpProcAddrTable, later_sysman_ras_exp)
ZESVM_LATER_TABLE(zesGetVFManagementExpProcAddrTable, later_sysman_vf_management_exp)
ZESVM_LATER_TABLE(zetGetMetricProgrammableExpProcAddrTable, later_tools_metric_programmable_exp)
ZESVM_LATER_TABLE(zetGetMetricTracerExpProcAddrTable, later_tools_metric_tracer_exp)
ZESVM_LATER_TABLE(zetGetMetricDecoderExpProcAddrTable, later_tools_metric_decoder_exp)
ZESVM_LATER_TABLE(zetGetDeviceExpProcAddrTable, later_tools_device_exp)
ZESVM_LATER_TABLE(zetGetCommandListExpProcAddrTable, later_tools_command_list_exp)
ZESVM_LATER_TABLE(zetGetMetricExpProcAddrTable, later_tools_metric_exp)
}  // extern "C"
