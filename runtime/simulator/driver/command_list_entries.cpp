// Entry points of command lists: making and closing them, and the commands that order others.
#include "simulator/driver/actions.hpp"
#include "simulator/driver/list_description.hpp"
#include "specification/newer_commands.hpp"

namespace zesvm::simulator::driver {

namespace {

/// Makes a command list: `read` takes its traits from the description, `make` makes the stream an
/// immediate one runs its commands on.
template <typename Description, typename Read, typename Make>
ze_result_t make_list(ze_context_handle_t context_handle, ze_device_handle_t device_handle,
                      const Description* desc, ze_command_list_handle_t* list, Read&& read,
                      Make&& make) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(list);
    ListTraits traits;
    const auto result = read(*context, *device, *desc, traits);
    if (result != ZE_RESULT_SUCCESS) return result;
    *list = add(std::make_shared<CommandList>(context, *device, traits, make(*device, traits)));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_create(ze_context_handle_t context, ze_device_handle_t device,
                                   const ze_command_list_desc_t* desc,
                                   ze_command_list_handle_t* list) {
  return make_list(context, device, desc, list, read_list_desc,
                   [](Device&, const ListTraits&) { return nullptr; });
}

ze_result_t ZE_APICALL list_create_immediate(ze_context_handle_t context, ze_device_handle_t device,
                                             const ze_command_queue_desc_t* desc,
                                             ze_command_list_handle_t* list) {
  return make_list(
      context, device, desc, list, read_queue_desc,
      [](Device& on, const ListTraits& traits) { return make_stream(on, traits.order); });
}

ze_result_t ZE_APICALL list_destroy(ze_command_list_handle_t list) {
  return entry(
      [&] { return remove<CommandList>(list) ? ZE_RESULT_SUCCESS : invalid_handle(list); });
}

ze_result_t ZE_APICALL list_close(ze_command_list_handle_t handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    return list->close();
  });
}

ze_result_t ZE_APICALL list_reset(ze_command_list_handle_t handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    return list->reset();
  });
}

ze_result_t ZE_APICALL append_write_global_timestamp(ze_command_list_handle_t handle,
                                                     std::uint64_t* destination,
                                                     ze_event_handle_t signal, std::uint32_t count,
                                                     ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(destination);
    return list->append(
        std::make_shared<WriteTimestampAction>(address_of(destination), clock_of(list->device())),
        {signal, count, waits});
  });
}

// Commands of a list run one after the other: what a barrier waits for is done when it starts, and
// every write is visible by then.
ze_result_t ZE_APICALL append_barrier(ze_command_list_handle_t handle, ze_event_handle_t signal,
                                      std::uint32_t count, ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    return list->append(nullptr, {signal, count, waits});
  });
}

ze_result_t ZE_APICALL append_memory_ranges_barrier(ze_command_list_handle_t handle,
                                                    std::uint32_t range_count,
                                                    const std::size_t* sizes, const void** ranges,
                                                    ze_event_handle_t signal, std::uint32_t count,
                                                    ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(sizes);
    ZESVM_NOT_NULL(ranges);
    if (range_count == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    return list->append(nullptr, {signal, count, waits});
  });
}

ze_result_t ZE_APICALL append_signal_event(ze_command_list_handle_t handle,
                                           ze_event_handle_t event) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    if (event == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    return list->append(nullptr, {event, 0, nullptr});
  });
}

ze_result_t ZE_APICALL append_wait_on_events(ze_command_list_handle_t handle, std::uint32_t count,
                                             ze_event_handle_t* events) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(events);
    return list->append(nullptr, {nullptr, count, events});
  });
}

ze_result_t ZE_APICALL append_event_reset(ze_command_list_handle_t handle,
                                          ze_event_handle_t event_handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    if (event_handle == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    const auto event = find<Event>(event_handle);
    if (!event) return ZE_RESULT_ERROR_INVALID_SYNCHRONIZATION_OBJECT;
    return list->append(std::make_shared<ResetAction>(event->slot()), {});
  });
}

ze_result_t ZE_APICALL append_query_kernel_timestamps(ze_command_list_handle_t handle,
                                                      std::uint32_t event_count,
                                                      ze_event_handle_t* events, void* destination,
                                                      const std::size_t* offsets,
                                                      ze_event_handle_t signal, std::uint32_t count,
                                                      ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(events);
    ZESVM_NOT_NULL(destination);
    std::vector<QueryTimestampsAction::Query> queries;
    for (std::uint32_t i = 0; i < event_count; ++i) {
      const auto event = find<Event>(events[i]);
      if (!event) return ZE_RESULT_ERROR_INVALID_SYNCHRONIZATION_OBJECT;
      const std::size_t offset =
          offsets != nullptr ? offsets[i] : i * sizeof(ze_kernel_timestamp_result_t);
      queries.push_back({event->slot(), address_of(destination) + Bytes{offset}});
    }
    return list->append(
        std::make_shared<QueryTimestampsAction>(std::move(queries), clock_of(list->device())),
        {signal, count, waits});
  });
}

ze_result_t ZE_APICALL append_host_function(ze_command_list_handle_t handle,
                                            newer::ze_host_function_callback_t function,
                                            void* user_data, const void*, ze_event_handle_t signal,
                                            std::uint32_t count, ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(function);
    return list->append(
        std::make_shared<HostFunctionAction>([function, user_data] { function(user_data); }),
        {signal, count, waits});
  });
}

ze_result_t ZE_APICALL list_host_synchronize(ze_command_list_handle_t handle,
                                             std::uint64_t timeout) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    if (!list->is_immediate()) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    return list->synchronize(deadline_after(timeout));
  });
}

ze_result_t ZE_APICALL immediate_append_lists(ze_command_list_handle_t handle,
                                              std::uint32_t list_count,
                                              ze_command_list_handle_t* lists,
                                              ze_event_handle_t signal, std::uint32_t count,
                                              ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(lists);
    if (!list->is_immediate()) return ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE;
    std::vector<std::shared_ptr<const CommandSequence>> sequences;
    if (const auto result = read_lists(list_count, lists, list->traits().ordinal, sequences);
        result != ZE_RESULT_SUCCESS) {
      return result;
    }
    return list->append_lists(std::move(sequences), {signal, count, waits});
  });
}

ze_result_t ZE_APICALL list_create_clone(ze_command_list_handle_t handle,
                                         ze_command_list_handle_t* clone) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(clone);
    if (list->is_open() || (list->traits().flags & newer::command_list_flag_cloneable) == 0) {
      return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    }
    *clone = add(list->clone());
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void fill(ze_command_list_dditable_t& table) {
  table.pfnCreate = list_create;
  table.pfnCreateImmediate = list_create_immediate;
  table.pfnDestroy = list_destroy;
  table.pfnClose = list_close;
  table.pfnReset = list_reset;
  table.pfnAppendWriteGlobalTimestamp = append_write_global_timestamp;
  table.pfnAppendBarrier = append_barrier;
  table.pfnAppendMemoryRangesBarrier = append_memory_ranges_barrier;
  table.pfnAppendSignalEvent = append_signal_event;
  table.pfnAppendWaitOnEvents = append_wait_on_events;
  table.pfnAppendEventReset = append_event_reset;
  table.pfnAppendQueryKernelTimestamps = append_query_kernel_timestamps;
  fill_copies(table);
  fill_launches(table);
}

void add_list_functions(FunctionNames& names) {
  add_function(names, "zeCommandListAppendHostFunction", append_host_function);
  add_function(names, "zeCommandListHostSynchronize", list_host_synchronize);
  add_function(names, "zeCommandListImmediateAppendCommandListsExp", immediate_append_lists);
  add_function(names, "zeCommandListCreateCloneExp", list_create_clone);
}

void add_command_functions(FunctionNames& names) {
  add_event_functions(names);
  add_event_pool_functions(names);
  add_counter_based_functions(names);
  add_queue_functions(names);
  add_list_functions(names);
  add_list_queries(names);
  add_launch_functions(names);
  add_mutable_list_functions(names);
}

}  // namespace zesvm::simulator::driver
