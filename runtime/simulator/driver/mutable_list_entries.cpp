// Entry points that change recorded commands: ZE_experimental_mutable_command_list.
#include <algorithm>

#include "simulator/driver/actions.hpp"
#include "simulator/driver/list_description.hpp"
#include "simulator/driver/module.hpp"
#include "specification/newer_commands.hpp"

namespace zesvm::simulator::driver {

namespace {

LaunchAction* launch_of(CommandList& list, std::uint64_t id) {
  Command* const command = list.mutable_command(id);
  return command == nullptr ? nullptr : dynamic_cast<LaunchAction*>(command->action.get());
}

ze_result_t ZE_APICALL get_next_command_id_with_kernels(
    ze_command_list_handle_t handle, const newer::ze_mutable_command_id_exp_desc_t* desc,
    std::uint32_t kernel_count, ze_kernel_handle_t* kernels, std::uint64_t* id) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(id);
    if ((desc->flags & ~newer::mutable_command_flags_known) != 0) {
      return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    }
    if (kernel_count > 0 && kernels == nullptr) return ZE_RESULT_ERROR_INVALID_SIZE;
    for (std::uint32_t i = 0; i < kernel_count; ++i) {
      ZESVM_FIND(kernel, Kernel, kernels[i]);
    }
    if (list->is_immediate()) return ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE;
    *id = list->announce_mutable();
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL get_next_command_id(ze_command_list_handle_t handle,
                                           const newer::ze_mutable_command_id_exp_desc_t* desc,
                                           std::uint64_t* id) {
  return get_next_command_id_with_kernels(handle, desc, 0, nullptr, id);
}

ze_result_t update_argument(CommandList& list,
                            const newer::ze_mutable_kernel_argument_exp_desc_t& desc) {
  LaunchAction* const action = launch_of(list, desc.commandId);
  if (action == nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  const auto& declared = action->reflection->arguments;
  if (desc.argIndex >= declared.size()) return ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_INDEX;
  return read_argument(declared[desc.argIndex], desc.argSize, desc.pArgValue,
                       action->launch.arguments[desc.argIndex]);
}

ze_result_t update_group_count(CommandList& list,
                               const newer::ze_mutable_group_count_exp_desc_t& desc) {
  LaunchAction* const action = launch_of(list, desc.commandId);
  if (action == nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  ZESVM_NOT_NULL(desc.pGroupCount);
  action->launch.group_count = {desc.pGroupCount->groupCountX, desc.pGroupCount->groupCountY,
                                desc.pGroupCount->groupCountZ};
  return ZE_RESULT_SUCCESS;
}

ze_result_t update_group_size(CommandList& list,
                              const newer::ze_mutable_group_size_exp_desc_t& desc) {
  LaunchAction* const action = launch_of(list, desc.commandId);
  if (action == nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  const GroupSize size{desc.groupSizeX, desc.groupSizeY, desc.groupSizeZ};
  const ze_result_t result = check_group_size(list.device(), *action->reflection, size);
  if (result == ZE_RESULT_SUCCESS) action->launch.group_size = size;
  return result;
}

ze_result_t update_global_offset(CommandList& list,
                                 const newer::ze_mutable_global_offset_exp_desc_t& desc) {
  LaunchAction* const action = launch_of(list, desc.commandId);
  if (action == nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  action->launch.global_offset = {desc.offsetX, desc.offsetY, desc.offsetZ};
  return ZE_RESULT_SUCCESS;
}

ze_result_t update_one(CommandList& list, const newer::ze_base_desc_t* desc) {
  switch (static_cast<std::uint32_t>(desc->stype)) {
    case newer::structure_mutable_kernel_argument_exp_desc:
      return update_argument(
          list, *reinterpret_cast<const newer::ze_mutable_kernel_argument_exp_desc_t*>(desc));
    case newer::structure_mutable_group_count_exp_desc:
      return update_group_count(
          list, *reinterpret_cast<const newer::ze_mutable_group_count_exp_desc_t*>(desc));
    case newer::structure_mutable_group_size_exp_desc:
      return update_group_size(
          list, *reinterpret_cast<const newer::ze_mutable_group_size_exp_desc_t*>(desc));
    case newer::structure_mutable_global_offset_exp_desc:
      return update_global_offset(
          list, *reinterpret_cast<const newer::ze_mutable_global_offset_exp_desc_t*>(desc));
    default: return ZE_RESULT_ERROR_UNSUPPORTED_ENUMERATION;
  }
}

ze_result_t ZE_APICALL update_commands(ze_command_list_handle_t handle,
                                       const newer::ze_mutable_commands_exp_desc_t* desc) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(desc);
    for (auto* next = static_cast<const newer::ze_base_desc_t*>(desc->pNext); next != nullptr;
         next = static_cast<const newer::ze_base_desc_t*>(next->pNext)) {
      if (const auto result = update_one(*list, next); result != ZE_RESULT_SUCCESS) return result;
    }
    list->reopen_for_close();
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL update_signal_event(ze_command_list_handle_t handle, std::uint64_t id,
                                           ze_event_handle_t event_handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    Command* const command = list->mutable_command(id);
    if (command == nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    std::shared_ptr<EventSlot> signal;
    bool rearms = false;
    if (event_handle != nullptr) {
      const auto event = find<Event>(event_handle);
      if (!event) return ZE_RESULT_ERROR_INVALID_SYNCHRONIZATION_OBJECT;
      signal = event->slot_to_signal();
      rearms = event->nature() == EventNature::counter_based;
    }
    command->signal = std::move(signal);
    command->rearms_signal = rearms;
    list->reopen_for_close();
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL update_wait_events(ze_command_list_handle_t handle, std::uint64_t id,
                                          std::uint32_t count, ze_event_handle_t* events) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    Command* const command = list->mutable_command(id);
    if (command == nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    std::vector<std::shared_ptr<EventSlot>> waits;
    // No array: wait for nothing any more.
    const std::uint32_t present = events == nullptr ? 0 : count;
    if (const auto result = read_waits({nullptr, present, events}, waits);
        result != ZE_RESULT_SUCCESS) {
      return result;
    }
    command->waits = std::move(waits);
    list->reopen_for_close();
    return ZE_RESULT_SUCCESS;
  });
}

// The new kernel takes the group count of the old one; its arguments and group size are those set
// on its handle now, until they are changed as well.
ze_result_t ZE_APICALL update_kernels(ze_command_list_handle_t handle, std::uint32_t count,
                                      std::uint64_t* ids, ze_kernel_handle_t* kernels) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(ids);
    ZESVM_NOT_NULL(kernels);
    for (std::uint32_t i = 0; i < count; ++i) {
      ZESVM_FIND(kernel, Kernel, kernels[i]);
      LaunchAction* const action = launch_of(*list, ids[i]);
      if (action == nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
      const auto& groups = action->launch.group_count;
      auto changed = kernel->launch(list->device(), {groups[0], groups[1], groups[2]});
      if (!changed) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
      list->mutable_command(ids[i])->action = std::move(changed);
    }
    list->reopen_for_close();
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_is_mutable(ze_command_list_handle_t handle, ze_bool_t* is_mutable) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(is_mutable);
    *is_mutable = list->is_immediate() ? 0 : 1;
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void add_mutable_list_functions(FunctionNames& names) {
  add_function(names, "zeCommandListGetNextCommandIdExp", get_next_command_id);
  add_function(names, "zeCommandListGetNextCommandIdWithKernelsExp",
               get_next_command_id_with_kernels);
  add_function(names, "zeCommandListUpdateMutableCommandsExp", update_commands);
  add_function(names, "zeCommandListUpdateMutableCommandSignalEventExp", update_signal_event);
  add_function(names, "zeCommandListUpdateMutableCommandWaitEventsExp", update_wait_events);
  add_function(names, "zeCommandListUpdateMutableCommandKernelsExp", update_kernels);
  add_function(names, "zeCommandListIsMutableExp", list_is_mutable);
}

}  // namespace zesvm::simulator::driver
