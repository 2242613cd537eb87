#include "simulator/driver/list_description.hpp"

#include "specification/newer_commands.hpp"

namespace zesvm::simulator::driver {

namespace {

StreamOrder order_of(std::uint32_t flags, std::uint32_t in_order_flag) {
  return (flags & in_order_flag) != 0 ? StreamOrder::in_order : StreamOrder::independent;
}

}  // namespace

ze_result_t read_queue_desc(const Context& context, const Device& device,
                            const ze_command_queue_desc_t& desc, ListTraits& traits) {
  if ((desc.flags & ~newer::command_queue_flags_known) != 0) {
    return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  }
  if (desc.mode > ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS ||
      desc.priority > ZE_COMMAND_QUEUE_PRIORITY_PRIORITY_HIGH) {
    return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  }
  if (!context.has(device)) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  if (!engine_of(device, desc.ordinal) || desc.index >= queues_in_group(device, desc.ordinal)) {
    return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  }
  if (device.is_lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
  traits.ordinal = desc.ordinal;
  traits.index = desc.index;
  traits.flags = desc.flags;
  traits.priority = desc.priority;
  traits.order = order_of(desc.flags, newer::command_queue_flag_in_order);
  if (desc.mode == ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS) traits.submitting = Submitting::synchronous;
  return ZE_RESULT_SUCCESS;
}

ze_result_t read_list_desc(const Context& context, const Device& device,
                           const ze_command_list_desc_t& desc, ListTraits& traits) {
  // All bits at once are the last enumerator of the headers, and real drivers take it.
  if ((desc.flags & ~newer::command_list_flags_known) != 0 &&
      desc.flags != ZE_COMMAND_LIST_FLAG_FORCE_UINT32) {
    return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  }
  if (!context.has(device) || !engine_of(device, desc.commandQueueGroupOrdinal)) {
    return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  }
  if (device.is_lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
  traits.ordinal = desc.commandQueueGroupOrdinal;
  traits.flags = desc.flags;
  traits.order = order_of(desc.flags, newer::command_list_flag_in_order);
  return ZE_RESULT_SUCCESS;
}

ze_result_t read_lists(std::uint32_t count, ze_command_list_handle_t* lists, std::uint32_t ordinal,
                       std::vector<std::shared_ptr<const CommandSequence>>& sequences) {
  for (std::uint32_t i = 0; i < count; ++i) {
    ZESVM_FIND(list, CommandList, lists[i]);
    if (list->is_immediate() || list->traits().ordinal != ordinal) {
      return fail(ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE,
                  "the list is immediate, or of another queue group");
    }
    if (list->is_open()) return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "the list is not closed");
    sequences.push_back(list->sequence());
  }
  return ZE_RESULT_SUCCESS;
}

}  // namespace zesvm::simulator::driver
