/// @file newer_commands.hpp
/// As newer_level_zero.hpp, for commands, events and kernels. Structures are spelled as the specification
/// does, in our namespace: with newer headers both exist and are laid out alike (N1).
#pragma once

#include <cstddef>
#include <cstdint>

#include <level_zero/ze_api.h>

namespace zesvm::newer {

/// What every structure that can be chained starts with.
struct ze_base_desc_t {
  ze_structure_type_t stype;
  const void* pNext;
};

/// Structure types, as numbers: the enumeration may not have them.
enum CommandStructure : std::uint32_t {
  structure_event_pool_counter_based_exp_desc = 0x00020014,
  structure_mutable_command_list_exp_desc = 0x00020016,
  structure_mutable_command_id_exp_desc = 0x00020017,
  structure_mutable_commands_exp_desc = 0x00020018,
  structure_mutable_kernel_argument_exp_desc = 0x00020019,
  structure_mutable_group_count_exp_desc = 0x0002001a,
  structure_mutable_group_size_exp_desc = 0x0002001b,
  structure_mutable_global_offset_exp_desc = 0x0002001c,
};

// Flags of lists and queues: since 1.7 and 1.9.
inline constexpr std::uint32_t command_list_flags_known = 0x3f;
inline constexpr std::uint32_t command_list_flag_in_order = 0x8;
inline constexpr std::uint32_t command_list_flag_cloneable = 0x10;
inline constexpr std::uint32_t command_queue_flags_known = 0x7;
inline constexpr std::uint32_t command_queue_flag_in_order = 0x2;
inline constexpr std::uint32_t event_pool_flags_known = 0xf;
inline constexpr std::uint32_t event_pool_flag_kernel_mapped_timestamp = 0x8;

struct ze_event_counter_based_desc_t {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint32_t flags;
  ze_event_scope_flags_t signal;
  ze_event_scope_flags_t wait;
};
inline constexpr std::uint32_t event_counter_based_flags_known = 0x7f;
inline constexpr std::uint32_t event_counter_based_flag_ipc = 0x8;

struct ze_ipc_event_counter_based_handle_t {
  char data[ZE_MAX_IPC_HANDLE_SIZE];
};

struct ze_synchronized_timestamp_data_ext_t {
  std::uint64_t kernelStart;
  std::uint64_t kernelEnd;
};
struct ze_synchronized_timestamp_result_ext_t {
  ze_synchronized_timestamp_data_ext_t global;
  ze_synchronized_timestamp_data_ext_t context;
};
struct ze_event_query_kernel_timestamps_results_ext_properties_t {
  ze_structure_type_t stype;
  void* pNext;
  ze_kernel_timestamp_result_t* pKernelTimestampsBuffer;
  ze_synchronized_timestamp_result_ext_t* pSynchronizedTimestampsBuffer;
};

struct ze_mutable_command_id_exp_desc_t {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint32_t flags;
};
struct ze_mutable_commands_exp_desc_t {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint32_t flags;
};
struct ze_mutable_kernel_argument_exp_desc_t {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint64_t commandId;
  std::uint32_t argIndex;
  std::size_t argSize;
  const void* pArgValue;
};
struct ze_mutable_group_count_exp_desc_t {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint64_t commandId;
  const ze_group_count_t* pGroupCount;
};
struct ze_mutable_group_size_exp_desc_t {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint64_t commandId;
  std::uint32_t groupSizeX;
  std::uint32_t groupSizeY;
  std::uint32_t groupSizeZ;
};
struct ze_mutable_global_offset_exp_desc_t {
  ze_structure_type_t stype;
  const void* pNext;
  std::uint64_t commandId;
  std::uint32_t offsetX;
  std::uint32_t offsetY;
  std::uint32_t offsetZ;
};
inline constexpr std::uint32_t mutable_command_flags_known = 0xff;

struct ze_group_size_t {
  std::uint32_t groupSizeX;
  std::uint32_t groupSizeY;
  std::uint32_t groupSizeZ;
};
using ze_host_function_callback_t = void (*)(void* user_data);

/// Returns the structure of a type in a chain of extensions; null when there is none.
template <typename T>
const T* find_in_chain(const void* chain, CommandStructure type) {
  for (auto* next = static_cast<const ze_base_desc_t*>(chain); next != nullptr;
       next = static_cast<const ze_base_desc_t*>(next->pNext)) {
    if (static_cast<std::uint32_t>(next->stype) == type) return reinterpret_cast<const T*>(next);
  }
  return nullptr;
}

}  // namespace zesvm::newer
