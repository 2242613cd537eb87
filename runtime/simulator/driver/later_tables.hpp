/// @file later_tables.hpp
/// What tables got after specification 1.4, in their order: the entries that follow those the oldest
/// headers know, and since which version a loader has room for them.
///
/// Where the version of an entry is not known, a later one stands for it that certainly has it:
/// too early a version would write past the end of an older loader's table.
#pragma once

#include <cstdint>
#include <string_view>

namespace zesvm::simulator::driver {

/// An entry that a table got in a later version than the headers know.
struct LaterEntry {
  /// The minor version of the specification.
  std::uint32_t minor;
  std::string_view name;
};

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

}  // namespace zesvm::simulator::driver
