// What the project declares of newer versions of Level Zero, compared with headers that have it: it fails
// to build where they differ. Older headers have nothing to compare with.
#include <gtest/gtest.h>

#include "specification/newer_commands.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::newer {
namespace {

// Defined by headers since specification 1.10.
#ifdef ZE_API_VERSION_CURRENT_M
constexpr bool has_newer_headers = true;

#define SAME_VALUE(ours, theirs) \
  static_assert(static_cast<unsigned>(ours) == static_cast<unsigned>(theirs))
#define SAME_SIZE(ours, theirs) static_assert(sizeof(ours) == sizeof(theirs))
#define SAME_PLACE(ours, our_member, theirs, their_member) \
  static_assert(offsetof(ours, our_member) == offsetof(theirs, their_member))

SAME_VALUE(set_system_memory_preferred_location,
           ZE_MEMORY_ADVICE_SET_SYSTEM_MEMORY_PREFERRED_LOCATION);
SAME_VALUE(clear_system_memory_preferred_location,
           ZE_MEMORY_ADVICE_CLEAR_SYSTEM_MEMORY_PREFERRED_LOCATION);
SAME_VALUE(physical_memory_on_device, ZE_PHYSICAL_MEM_FLAG_ALLOCATE_ON_DEVICE);
SAME_VALUE(physical_memory_on_host, ZE_PHYSICAL_MEM_FLAG_ALLOCATE_ON_HOST);
SAME_VALUE(atomic_host, ZE_MEMORY_ATOMIC_ATTR_EXP_FLAG_HOST_ATOMICS);
SAME_VALUE(atomic_no_device, ZE_MEMORY_ATOMIC_ATTR_EXP_FLAG_NO_DEVICE_ATOMICS);
SAME_VALUE(atomic_device, ZE_MEMORY_ATOMIC_ATTR_EXP_FLAG_DEVICE_ATOMICS);
SAME_VALUE(atomic_system, ZE_MEMORY_ATOMIC_ATTR_EXP_FLAG_SYSTEM_ATOMICS);
SAME_VALUE(driver_type_gpu, ZE_INIT_DRIVER_TYPE_FLAG_GPU);
SAME_VALUE(stype_device_ip_version, ZE_STRUCTURE_TYPE_DEVICE_IP_VERSION_EXT);
SAME_VALUE(stype_device_cache_line, ZE_STRUCTURE_TYPE_DEVICE_CACHELINE_SIZE_EXT);
SAME_VALUE(stype_mutable_command_list_properties,
           ZE_STRUCTURE_TYPE_MUTABLE_COMMAND_LIST_EXP_PROPERTIES);
SAME_VALUE(structure_event_pool_counter_based_exp_desc,
           ZE_STRUCTURE_TYPE_COUNTER_BASED_EVENT_POOL_EXP_DESC);
SAME_VALUE(structure_mutable_command_id_exp_desc, ZE_STRUCTURE_TYPE_MUTABLE_COMMAND_ID_EXP_DESC);
SAME_VALUE(structure_mutable_commands_exp_desc, ZE_STRUCTURE_TYPE_MUTABLE_COMMANDS_EXP_DESC);
SAME_VALUE(structure_mutable_kernel_argument_exp_desc,
           ZE_STRUCTURE_TYPE_MUTABLE_KERNEL_ARGUMENT_EXP_DESC);
SAME_VALUE(structure_mutable_group_count_exp_desc, ZE_STRUCTURE_TYPE_MUTABLE_GROUP_COUNT_EXP_DESC);
SAME_VALUE(structure_mutable_group_size_exp_desc, ZE_STRUCTURE_TYPE_MUTABLE_GROUP_SIZE_EXP_DESC);
SAME_VALUE(structure_mutable_global_offset_exp_desc,
           ZE_STRUCTURE_TYPE_MUTABLE_GLOBAL_OFFSET_EXP_DESC);
SAME_VALUE(command_list_flag_in_order, ZE_COMMAND_LIST_FLAG_IN_ORDER);
SAME_VALUE(command_list_flag_cloneable, ZE_COMMAND_LIST_FLAG_EXP_CLONEABLE);
SAME_VALUE(command_queue_flag_in_order, ZE_COMMAND_QUEUE_FLAG_IN_ORDER);
SAME_VALUE(event_pool_flag_kernel_mapped_timestamp, ZE_EVENT_POOL_FLAG_KERNEL_MAPPED_TIMESTAMP);

SAME_SIZE(InitDriverTypes, ::ze_init_driver_type_desc_t);
SAME_PLACE(InitDriverTypes, flags, ::ze_init_driver_type_desc_t, flags);
SAME_SIZE(DeviceIpVersion, ::ze_device_ip_version_ext_t);
SAME_PLACE(DeviceIpVersion, ip_version, ::ze_device_ip_version_ext_t, ipVersion);
SAME_SIZE(DeviceCacheLine, ::ze_device_cache_line_size_ext_t);
SAME_SIZE(MutableListProperties, ::ze_mutable_command_list_exp_properties_t);
SAME_PLACE(MutableListProperties, command_flags, ::ze_mutable_command_list_exp_properties_t,
           mutableCommandFlags);
SAME_SIZE(ze_mutable_command_id_exp_desc_t, ::ze_mutable_command_id_exp_desc_t);
SAME_SIZE(ze_mutable_commands_exp_desc_t, ::ze_mutable_commands_exp_desc_t);
SAME_SIZE(ze_mutable_kernel_argument_exp_desc_t, ::ze_mutable_kernel_argument_exp_desc_t);
SAME_PLACE(ze_mutable_kernel_argument_exp_desc_t, pArgValue,
           ::ze_mutable_kernel_argument_exp_desc_t, pArgValue);
SAME_SIZE(ze_mutable_group_count_exp_desc_t, ::ze_mutable_group_count_exp_desc_t);
SAME_SIZE(ze_mutable_group_size_exp_desc_t, ::ze_mutable_group_size_exp_desc_t);
SAME_PLACE(ze_mutable_group_size_exp_desc_t, groupSizeZ, ::ze_mutable_group_size_exp_desc_t,
           groupSizeZ);
SAME_SIZE(ze_mutable_global_offset_exp_desc_t, ::ze_mutable_global_offset_exp_desc_t);
SAME_SIZE(ze_event_query_kernel_timestamps_results_ext_properties_t,
          ::ze_event_query_kernel_timestamps_results_ext_properties_t);
SAME_SIZE(ze_synchronized_timestamp_result_ext_t, ::ze_synchronized_timestamp_result_ext_t);
#else
constexpr bool has_newer_headers = false;
#endif

TEST(NewerLayoutsTest, AreThoseOfTheHeadersWhereTheyHaveThem) {
  if (!has_newer_headers) GTEST_SKIP() << "these headers are older than what is declared";
  SUCCEED();
}

}  // namespace
}  // namespace zesvm::newer
