/// @file later_tables.hpp
/// What tables got after specification 1.4, in their order: the entries that follow those the oldest
/// headers know, and since which version a loader has room for them.
///
/// Where the version of an entry is not known, a later one stands for it that certainly has it:
/// too early a version would write past the end of an older loader's table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <level_zero/ze_api.h>

namespace zesvm::simulator::driver {

/// An entry that a table got in a later version than the headers know.
struct LaterEntry {
  /// The minor version of the specification.
  std::uint32_t minor;
  std::string_view name;
};

/// Returns the function every entry nobody filled points at: it answers UNSUPPORTED_FEATURE,
/// whatever its arguments.
void* unsupported_entry();

/// Writes the entries a loader that asks for `version` has room for: those of that version and
/// earlier ones.
/// @errors  null pointer, unsupported version; nothing is written then
ze_result_t give_later(ze_api_version_t version, void* table,
                       std::span<const LaterEntry> entries) noexcept;

inline constexpr LaterEntry later_global[]{{10, "zeInitDrivers"}};
inline constexpr LaterEntry later_driver[]{{6, "zeDriverGetLastErrorDescription"},
                                           {17, "zeDriverRTASFormatCompatibilityCheckExt"},
                                           {17, "zeDriverGetDefaultContext"}};
inline constexpr LaterEntry later_device[]{{7, "zeDeviceGetRootDevice"},
                                           {12, "zeDeviceImportExternalSemaphoreExt"},
                                           {12, "zeDeviceReleaseExternalSemaphoreExt"},
                                           {17, "zeDeviceGetVectorWidthPropertiesExt"},
                                           {17, "zeDeviceSynchronize"},
                                           {17, "zeDeviceGetAggregatedCopyOffloadIncrementValue"},
                                           {17, "zeDeviceGetRuntimeRequirements"},
                                           {17, "zeDeviceGetRuntimeRequirementsKey"},
                                           {17, "zeDeviceValidateRuntimeRequirements"},
                                           {17, "zeDeviceGetCounterBasedEventMaxValue"}};
inline constexpr LaterEntry later_command_queue[]{{9, "zeCommandQueueGetOrdinal"},
                                                  {9, "zeCommandQueueGetIndex"},
                                                  {17, "zeCommandQueueGetFlags"},
                                                  {17, "zeCommandQueueGetMode"},
                                                  {17, "zeCommandQueueGetPriority"}};
inline constexpr LaterEntry later_command_list[]{
    {6, "zeCommandListHostSynchronize"},
    {9, "zeCommandListGetDeviceHandle"},
    {9, "zeCommandListGetContextHandle"},
    {9, "zeCommandListGetOrdinal"},
    {9, "zeCommandListImmediateGetIndex"},
    {9, "zeCommandListIsImmediate"},
    {12, "zeCommandListAppendSignalExternalSemaphoreExt"},
    {12, "zeCommandListAppendWaitExternalSemaphoreExt"},
    {17, "zeCommandListAppendLaunchKernelWithParameters"},
    {17, "zeCommandListAppendLaunchKernelWithArguments"},
    {17, "zeCommandListAppendMemoryCopyWithParameters"},
    {17, "zeCommandListAppendMemoryFillWithParameters"},
    {17, "zeCommandListImmediateAppendCommandListsWithParameters"},
    {17, "zeCommandListGetFlags"},
    {17, "zeCommandListImmediateGetFlags"},
    {17, "zeCommandListImmediateGetMode"},
    {17, "zeCommandListImmediateGetPriority"},
    {17, "zeCommandListBeginGraphCaptureExt"},
    {17, "zeCommandListBeginCaptureIntoGraphExt"},
    {17, "zeCommandListIsGraphCaptureEnabledExt"},
    {17, "zeCommandListEndGraphCaptureExt"},
    {17, "zeCommandListGetGraphExt"},
    {17, "zeCommandListAppendGraphExt"},
    {17, "zeCommandListAppendHostFunction"}};
inline constexpr LaterEntry later_command_list_exp[]{
    {9, "zeCommandListCreateCloneExp"},
    {9, "zeCommandListImmediateAppendCommandListsExp"},
    {9, "zeCommandListGetNextCommandIdExp"},
    {9, "zeCommandListUpdateMutableCommandsExp"},
    {9, "zeCommandListUpdateMutableCommandSignalEventExp"},
    {9, "zeCommandListUpdateMutableCommandWaitEventsExp"},
    {10, "zeCommandListGetNextCommandIdWithKernelsExp"},
    {10, "zeCommandListUpdateMutableCommandKernelsExp"},
    {17, "zeCommandListIsMutableExp"}};
inline constexpr LaterEntry later_image[]{{5, "zeImageViewCreateExt"}};
inline constexpr LaterEntry later_image_exp[]{{9, "zeImageGetDeviceOffsetExp"}};
inline constexpr LaterEntry later_mem[]{{6, "zeMemPutIpcHandle"},
                                        {9, "zeMemGetPitchFor2dImage"},
                                        {17, "zeMemGetIpcHandleWithProperties"}};
inline constexpr LaterEntry later_mem_exp[]{{6, "zeMemGetIpcHandleFromFileDescriptorExp"},
                                            {6, "zeMemGetFileDescriptorFromIpcHandleExp"},
                                            {7, "zeMemSetAtomicAccessAttributeExp"},
                                            {7, "zeMemGetAtomicAccessAttributeExp"}};
inline constexpr LaterEntry later_event_pool[]{
    {6, "zeEventPoolPutIpcHandle"}, {9, "zeEventPoolGetContextHandle"}, {9, "zeEventPoolGetFlags"}};
inline constexpr LaterEntry later_event[]{{6, "zeEventQueryKernelTimestampsExt"},
                                          {9, "zeEventGetEventPool"},
                                          {9, "zeEventGetSignalScope"},
                                          {9, "zeEventGetWaitScope"},
                                          {17, "zeEventCounterBasedCreate"},
                                          {17, "zeEventCounterBasedGetIpcHandle"},
                                          {17, "zeEventCounterBasedOpenIpcHandle"},
                                          {17, "zeEventCounterBasedCloseIpcHandle"},
                                          {17, "zeEventCounterBasedGetDeviceAddress"},
                                          {17, "zeEventGetCounterBasedFlags"}};
inline constexpr LaterEntry later_kernel_exp[]{{12, "zeKernelGetBinaryExp"},
                                               {17, "zeKernelGetAllocationPropertiesExp"}};
inline constexpr LaterEntry later_physical_mem[]{{17, "zePhysicalMemGetProperties"}};
inline constexpr LaterEntry later_sysman_global[]{{5, "zesInit"}};
inline constexpr LaterEntry later_sysman_driver[]{{5, "zesDriverGet"},
                                                  {8, "zesDriverGetExtensionProperties"},
                                                  {8, "zesDriverGetExtensionFunctionAddress"}};
inline constexpr LaterEntry later_sysman_driver_exp[]{{9, "zesDriverGetDeviceByUuidExp"}};
inline constexpr LaterEntry later_sysman_device[]{{5, "zesDeviceGet"},
                                                  {12, "zesDeviceSetOverclockWaiver"},
                                                  {12, "zesDeviceGetOverclockDomains"},
                                                  {12, "zesDeviceGetOverclockControls"},
                                                  {12, "zesDeviceResetOverclockSettings"},
                                                  {12, "zesDeviceReadOverclockState"},
                                                  {12, "zesDeviceEnumOverclockDomains"},
                                                  {12, "zesDeviceResetExt"},
                                                  {17, "zesDevicePciLinkSpeedUpdateExt"}};

// Nothing of these is supported; the entries say so cleanly on loaders that know them.
inline constexpr LaterEntry later_rtas_builder[]{{17, "zeRTASBuilderCreateExt"},
                                                 {17, "zeRTASBuilderGetBuildPropertiesExt"},
                                                 {17, "zeRTASBuilderBuildExt"},
                                                 {17, "zeRTASBuilderCommandListAppendCopyExt"},
                                                 {17, "zeRTASBuilderDestroyExt"}};
inline constexpr LaterEntry later_rtas_builder_exp[]{{7, "zeRTASBuilderCreateExp"},
                                                     {7, "zeRTASBuilderGetBuildPropertiesExp"},
                                                     {7, "zeRTASBuilderBuildExp"},
                                                     {7, "zeRTASBuilderDestroyExp"}};
inline constexpr LaterEntry later_rtas_parallel_operation[]{
    {17, "zeRTASParallelOperationCreateExt"},
    {17, "zeRTASParallelOperationGetPropertiesExt"},
    {17, "zeRTASParallelOperationJoinExt"},
    {17, "zeRTASParallelOperationDestroyExt"}};
inline constexpr LaterEntry later_rtas_parallel_operation_exp[]{
    {7, "zeRTASParallelOperationCreateExp"},
    {7, "zeRTASParallelOperationGetPropertiesExp"},
    {7, "zeRTASParallelOperationJoinExp"},
    {7, "zeRTASParallelOperationDestroyExp"}};
inline constexpr LaterEntry later_driver_exp[]{{7, "zeDriverRTASFormatCompatibilityCheckExp"}};
inline constexpr LaterEntry later_graph[]{{17, "zeGraphCreateExt"},
                                          {17, "zeGraphGetPrimaryCommandListExt"},
                                          {17, "zeGraphSetDestructionCallbackExt"},
                                          {17, "zeGraphInstantiateExt"},
                                          {17, "zeGraphIsEmptyExt"},
                                          {17, "zeGraphDumpContentsExt"},
                                          {17, "zeGraphDestroyExt"}};
inline constexpr LaterEntry later_executable_graph[]{{17, "zeExecutableGraphGetSourceGraphExt"},
                                                     {17, "zeExecutableGraphDestroyExt"}};
inline constexpr LaterEntry later_sysman_device_exp[]{{17, "zesDeviceGetSubDevicePropertiesExp"},
                                                      {17, "zesDeviceEnumActiveVFExp"},
                                                      {17, "zesDeviceEnumEnabledVFExp"}};
inline constexpr LaterEntry later_sysman_overclock[]{{17, "zesOverclockGetDomainProperties"},
                                                     {17, "zesOverclockGetDomainVFProperties"},
                                                     {17, "zesOverclockGetDomainControlProperties"},
                                                     {17, "zesOverclockGetControlCurrentValue"},
                                                     {17, "zesOverclockGetControlPendingValue"},
                                                     {17, "zesOverclockSetControlUserValue"},
                                                     {17, "zesOverclockGetControlState"},
                                                     {17, "zesOverclockGetVFPointValues"},
                                                     {17, "zesOverclockSetVFPointValues"}};
inline constexpr LaterEntry later_power[]{
    {17, "zesPowerGetUsage"}, {17, "zesPowerGetLimitsExt2"}, {17, "zesPowerSetLimitsExt2"}};
inline constexpr LaterEntry later_engine[]{{17, "zesEngineGetActivityExt"}};
inline constexpr LaterEntry later_firmware[]{{17, "zesFirmwareGetFlashProgress"},
                                             {17, "zesFirmwareGetConsoleLogs"}};
inline constexpr LaterEntry later_sysman_firmware_exp[]{{17, "zesFirmwareGetSecurityVersionExp"},
                                                        {17, "zesFirmwareSetSecurityVersionExp"}};
inline constexpr LaterEntry later_fabric_port[]{{17, "zesFabricPortGetFabricErrorCounters"},
                                                {17, "zesFabricPortGetMultiPortThroughput"}};
inline constexpr LaterEntry later_sysman_ras_exp[]{{17, "zesRasGetStateExp"},
                                                   {17, "zesRasClearStateExp"},
                                                   {17, "zesRasGetSupportedCategoriesExp"},
                                                   {17, "zesRasGetStateExp2"},
                                                   {17, "zesRasGetConfigExp"},
                                                   {17, "zesRasSetConfigExp"}};
inline constexpr LaterEntry later_sysman_vf_management_exp[]{
    {17, "zesVFManagementGetVFPropertiesExp"},
    {17, "zesVFManagementGetVFMemoryUtilizationExp"},
    {17, "zesVFManagementGetVFEngineUtilizationExp"},
    {17, "zesVFManagementSetVFTelemetryModeExp"},
    {17, "zesVFManagementSetVFTelemetrySamplingIntervalExp"},
    {17, "zesVFManagementGetVFCapabilitiesExp"},
    {17, "zesVFManagementGetVFMemoryUtilizationExp2"},
    {17, "zesVFManagementGetVFEngineUtilizationExp2"},
    {17, "zesVFManagementGetVFCapabilitiesExp2"}};
inline constexpr LaterEntry later_tools_metric_programmable_exp[]{
    {17, "zetMetricProgrammableGetExp"},
    {17, "zetMetricProgrammableGetPropertiesExp"},
    {17, "zetMetricProgrammableGetParamInfoExp"},
    {17, "zetMetricProgrammableGetParamValueInfoExp"}};
inline constexpr LaterEntry later_tools_metric_tracer_exp[]{
    {17, "zetMetricTracerCreateExp"},   {17, "zetMetricTracerDestroyExp"},
    {17, "zetMetricTracerEnableExp"},   {17, "zetMetricTracerDisableExp"},
    {17, "zetMetricTracerReadDataExp"}, {17, "zetMetricTracerDecodeExp"}};
inline constexpr LaterEntry later_tools_metric_decoder_exp[]{
    {17, "zetMetricDecoderCreateExp"},
    {17, "zetMetricDecoderDestroyExp"},
    {17, "zetMetricDecoderGetDecodableMetricsExp"}};
inline constexpr LaterEntry later_tools_device_exp[]{
    {17, "zetDeviceGetConcurrentMetricGroupsExp"},
    {17, "zetDeviceCreateMetricGroupsFromMetricsExp"},
    {17, "zetDeviceEnableMetricsExp"},
    {17, "zetDeviceDisableMetricsExp"}};
inline constexpr LaterEntry later_tools_command_list_exp[]{{17, "zetCommandListAppendMarkerExp"}};
inline constexpr LaterEntry later_tools_metric_exp[]{{17, "zetMetricCreateFromProgrammableExp"},
                                                     {17, "zetMetricDestroyExp"},
                                                     {17, "zetMetricCreateFromProgrammableExp2"}};
inline constexpr LaterEntry later_metric_group_exp[]{
    {17, "zetMetricGroupGetGlobalTimestampsExp"},
    {17, "zetMetricGroupGetExportDataExp"},
    {17, "zetMetricGroupCalculateMetricExportDataExp"},
    {17, "zetMetricGroupCreateExp"},
    {17, "zetMetricGroupAddMetricExp"},
    {17, "zetMetricGroupRemoveMetricExp"},
    {17, "zetMetricGroupCloseExp"},
    {17, "zetMetricGroupDestroyExp"}};
inline constexpr LaterEntry later_debug[]{{17, "zetDebugGetThreadRegisterSetProperties"}};

}  // namespace zesvm::simulator::driver
