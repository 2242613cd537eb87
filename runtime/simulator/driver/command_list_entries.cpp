// Entry points of command lists: making and closing them, and the commands that move no kernels.
#include <algorithm>
#include <bit>

#include "simulator/driver/actions.hpp"
#include "simulator/driver/list_description.hpp"
#include "simulator/driver/newer_types.hpp"
#include "simulator/node/node.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t ZE_APICALL list_create(ze_context_handle_t context_handle,
                                   ze_device_handle_t device_handle,
                                   const ze_command_list_desc_t* desc,
                                   ze_command_list_handle_t* list) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(list);
    ListTraits traits;
    if (const auto result = read_list_desc(*context, *device, *desc, traits);
        result != ZE_RESULT_SUCCESS) {
      return result;
    }
    *list = add(std::make_shared<CommandList>(context, *device, traits, nullptr));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_create_immediate(ze_context_handle_t context_handle,
                                             ze_device_handle_t device_handle,
                                             const ze_command_queue_desc_t* desc,
                                             ze_command_list_handle_t* list) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(list);
    ListTraits traits;
    if (const auto result = read_queue_desc(*context, *device, *desc, traits);
        result != ZE_RESULT_SUCCESS) {
      return result;
    }
    *list = add(std::make_shared<CommandList>(context, *device, traits,
                                              make_stream(*device, traits.order)));
    return ZE_RESULT_SUCCESS;
  });
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

ze_result_t append_copy(ze_command_list_handle_t handle, void* destination, const void* source,
                        std::size_t size, const EventArguments& events) {
  ZESVM_FIND(list, CommandList, handle);
  ZESVM_NOT_NULL(destination);
  ZESVM_NOT_NULL(source);
  return list->append(
      std::make_shared<CopyAction>(address_of(destination), address_of(source), Bytes{size}),
      events);
}

ze_result_t ZE_APICALL append_memory_copy(ze_command_list_handle_t handle, void* destination,
                                          const void* source, std::size_t size,
                                          ze_event_handle_t signal, std::uint32_t count,
                                          ze_event_handle_t* waits) {
  return entry([&] {
    return append_copy(handle, destination, source, size, {signal, count, waits});
  });
}

// All contexts of the process share one address space: memory of another one is in reach as it is.
ze_result_t ZE_APICALL append_memory_copy_from_context(
    ze_command_list_handle_t handle, void* destination, ze_context_handle_t context_handle,
    const void* source, std::size_t size, ze_event_handle_t signal, std::uint32_t count,
    ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    return append_copy(handle, destination, source, size, {signal, count, waits});
  });
}

ze_result_t ZE_APICALL append_memory_fill(ze_command_list_handle_t handle, void* destination,
                                          const void* pattern, std::size_t pattern_size,
                                          std::size_t size, ze_event_handle_t signal,
                                          std::uint32_t count, ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(destination);
    ZESVM_NOT_NULL(pattern);
    if (!std::has_single_bit(pattern_size)) return ZE_RESULT_ERROR_INVALID_SIZE;
    const auto* const first = static_cast<const std::byte*>(pattern);
    return list->append(std::make_shared<FillAction>(
                            address_of(destination),
                            std::vector<std::byte>{first, first + pattern_size}, Bytes{size}),
                        {signal, count, waits});
  });
}

node::Region region_of(const void* base, const ze_copy_region_t& region, std::uint32_t pitch,
                       std::uint32_t slice_pitch) {
  return {address_of(base),
          {region.originX, region.originY, region.originZ},
          Bytes{pitch},
          Bytes{slice_pitch}};
}

ze_result_t ZE_APICALL append_memory_copy_region(
    ze_command_list_handle_t handle, void* destination, const ze_copy_region_t* destination_region,
    std::uint32_t destination_pitch, std::uint32_t destination_slice_pitch, const void* source,
    const ze_copy_region_t* source_region, std::uint32_t source_pitch,
    std::uint32_t source_slice_pitch, ze_event_handle_t signal, std::uint32_t count,
    ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(destination);
    ZESVM_NOT_NULL(destination_region);
    ZESVM_NOT_NULL(source);
    ZESVM_NOT_NULL(source_region);
    if (destination_region->width != source_region->width ||
        destination_region->height != source_region->height ||
        destination_region->depth != source_region->depth) {
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "the two regions differ in size");
    }
    // A depth of zero means a copy of two dimensions.
    const std::array<std::uint64_t, 3> extent{source_region->width,
                                              std::max(source_region->height, 1U),
                                              std::max(source_region->depth, 1U)};
    return list->append(
        std::make_shared<RegionAction>(
            region_of(destination, *destination_region, destination_pitch, destination_slice_pitch),
            region_of(source, *source_region, source_pitch, source_slice_pitch), extent),
        {signal, count, waits});
  });
}

bool may_use(const CommandList& list, const void* pointer) {
  return list.device().description().shared_system ||
         list.device().node().allocation_at(address_of(pointer)).has_value();
}

ze_result_t ZE_APICALL append_memory_prefetch(ze_command_list_handle_t handle, const void* pointer,
                                              std::size_t size) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(pointer);
    const auto interval = Interval::checked(address_of(pointer), Bytes{size});
    if (!interval || !may_use(*list, pointer)) {
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "prefetching memory of no allocation");
    }
    return list->append(std::make_shared<PrefetchAction>(*interval), {});
  });
}

ze_result_t ZE_APICALL append_mem_advise(ze_command_list_handle_t handle,
                                         ze_device_handle_t device_handle, const void* pointer,
                                         std::size_t size, ze_memory_advice_t advice) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(pointer);
    const auto value = static_cast<std::uint32_t>(advice);
    if (value > newer::memory_advice_last) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    const auto interval = Interval::checked(address_of(pointer), Bytes{size});
    if (!interval) return ZE_RESULT_ERROR_INVALID_SIZE;
    // Hints for memory the node does not know are accepted, and there is nothing to do for them.
    if (!may_use(*list, pointer)) return ZE_RESULT_SUCCESS;
    return list->append(
        std::make_shared<AdviseAction>(*interval, TileAdvice{value, device->tile()}), {});
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

ze_result_t ZE_APICALL list_is_immediate(ze_command_list_handle_t handle, ze_bool_t* is_immediate) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(is_immediate);
    *is_immediate = list->is_immediate() ? 1 : 0;
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_get_device(ze_command_list_handle_t handle,
                                       ze_device_handle_t* device) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(device);
    *device = handle_of(&list->device());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_get_context(ze_command_list_handle_t handle,
                                        ze_context_handle_t* context) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(context);
    *context = handle_of(list->context().get());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_get_ordinal(ze_command_list_handle_t handle, std::uint32_t* ordinal) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(ordinal);
    *ordinal = list->traits().ordinal;
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_get_index(ze_command_list_handle_t handle, std::uint32_t* index) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(index);
    if (!list->is_immediate()) return ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE;
    *index = list->traits().index;
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
  table.pfnAppendMemoryCopy = append_memory_copy;
  table.pfnAppendMemoryFill = append_memory_fill;
  table.pfnAppendMemoryCopyRegion = append_memory_copy_region;
  table.pfnAppendMemoryCopyFromContext = append_memory_copy_from_context;
  table.pfnAppendMemoryPrefetch = append_memory_prefetch;
  table.pfnAppendMemAdvise = append_mem_advise;
  table.pfnAppendSignalEvent = append_signal_event;
  table.pfnAppendWaitOnEvents = append_wait_on_events;
  table.pfnAppendEventReset = append_event_reset;
  table.pfnAppendQueryKernelTimestamps = append_query_kernel_timestamps;
  fill_launches(table);
}

void add_list_functions(FunctionNames& names) {
  add_function(names, "zeCommandListAppendHostFunction", append_host_function);
  add_function(names, "zeCommandListHostSynchronize", list_host_synchronize);
  add_function(names, "zeCommandListImmediateAppendCommandListsExp", immediate_append_lists);
  add_function(names, "zeCommandListCreateCloneExp", list_create_clone);
  add_function(names, "zeCommandListIsImmediate", list_is_immediate);
  add_function(names, "zeCommandListGetDeviceHandle", list_get_device);
  add_function(names, "zeCommandListGetContextHandle", list_get_context);
  add_function(names, "zeCommandListGetOrdinal", list_get_ordinal);
  add_function(names, "zeCommandListImmediateGetIndex", list_get_index);
}

void add_command_functions(FunctionNames& names) {
  add_event_functions(names);
  add_queue_functions(names);
  add_list_functions(names);
  add_launch_functions(names);
  add_mutable_list_functions(names);
}

}  // namespace zesvm::simulator::driver
