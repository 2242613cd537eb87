// Entry points of events.
#include "simulator/driver/event.hpp"
#include "simulator/driver/list_description.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/node/node.hpp"
#include "simulator/node/virtual_clock.hpp"
#include "specification/newer_commands.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t ZE_APICALL event_create(ze_event_pool_handle_t handle, const ze_event_desc_t* desc,
                                    ze_event_handle_t* event) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(pool, EventPool, handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(event);
    if (((desc->signal | desc->wait) & ~event_scope_flags_known) != 0) {
      return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    }
    if (desc->index >= pool->memory().count()) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    const auto made =
        std::make_shared<Event>(pool, EventOptions{desc->index, desc->signal, desc->wait, 0});
    // The index may have been another event's before; another process's event is left as it is.
    if (!pool->memory().is_imported()) made->slot()->reset();
    // Until its first command a counter-based event stands for none: nothing to wait for.
    if (pool->nature() == EventNature::counter_based) made->slot()->signal();
    *event = add(made);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_destroy(ze_event_handle_t event) {
  return entry([&] { return remove<Event>(event) ? ZE_RESULT_SUCCESS : invalid_handle(event); });
}

ze_result_t ZE_APICALL event_host_signal(ze_event_handle_t handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    if (event->nature() == EventNature::counter_based) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    const auto now = event->pool()->devices().front()->node().virtual_clock().host_now().count();
    event->slot()->signal({0, 0, static_cast<std::uint64_t>(now)});
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_host_reset(ze_event_handle_t handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    if (event->nature() == EventNature::counter_based) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    event->slot()->reset();
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_host_synchronize(ze_event_handle_t handle, std::uint64_t timeout) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    return to_ze(event->wait(deadline_after(timeout)));
  });
}

ze_result_t ZE_APICALL event_query_status(ze_event_handle_t handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    return to_ze(event->wait(deadline_after(0)));
  });
}

ze_result_t ZE_APICALL event_query_kernel_timestamp(ze_event_handle_t handle,
                                                    ze_kernel_timestamp_result_t* result) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    ZESVM_NOT_NULL(result);
    if (!event->has_timestamps()) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    if (const Status status = event->slot()->query(); status != Status::ok) return to_ze(status);
    *result = event->clock().kernel_timestamps(event->slot()->times());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_query_timestamps_exp(ze_event_handle_t handle,
                                                  ze_device_handle_t device_handle,
                                                  std::uint32_t* count,
                                                  ze_kernel_timestamp_result_t* results) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(count);
    if (!event->has_timestamps()) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    // A command runs on one tile, so there is one pair of timestamps.
    if (*count == 0 || results == nullptr) {
      *count = 1;
      return ZE_RESULT_SUCCESS;
    }
    *count = 1;
    if (const Status status = event->slot()->query(); status != Status::ok) return to_ze(status);
    results[0] = clock_of(*device).kernel_timestamps(event->slot()->times());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_query_kernel_timestamps_ext(
    ze_event_handle_t handle, ze_device_handle_t device_handle, std::uint32_t* count,
    newer::ze_event_query_kernel_timestamps_results_ext_properties_t* results) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(count);
    if (!event->has_timestamps()) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    const bool asks_for_count = *count == 0 || results == nullptr;
    *count = 1;
    if (asks_for_count) return ZE_RESULT_SUCCESS;
    if (const Status status = event->slot()->query(); status != Status::ok) return to_ze(status);
    const EventTimes times = event->slot()->times();
    if (results->pKernelTimestampsBuffer != nullptr) {
      *results->pKernelTimestampsBuffer = clock_of(*device).kernel_timestamps(times);
    }
    if (results->pSynchronizedTimestampsBuffer != nullptr) {
      const newer::ze_synchronized_timestamp_data_ext_t data{times.begin, times.end};
      *results->pSynchronizedTimestampsBuffer = {data, data};
    }
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_get_pool(ze_event_handle_t handle, ze_event_pool_handle_t* pool) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    ZESVM_NOT_NULL(pool);
    // A counter-based event of its own has no pool the program could name.
    if (event->options().counter_flags != 0) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    *pool = handle_of(event->pool().get());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_get_signal_scope(ze_event_handle_t handle,
                                              ze_event_scope_flags_t* scope) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    ZESVM_NOT_NULL(scope);
    *scope = event->options().signal_scope;
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_get_wait_scope(ze_event_handle_t handle,
                                            ze_event_scope_flags_t* scope) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    ZESVM_NOT_NULL(scope);
    *scope = event->options().wait_scope;
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void fill(ze_event_dditable_t& table) {
  table.pfnCreate = event_create;
  table.pfnDestroy = event_destroy;
  table.pfnHostSignal = event_host_signal;
  table.pfnHostSynchronize = event_host_synchronize;
  table.pfnQueryStatus = event_query_status;
  table.pfnHostReset = event_host_reset;
  table.pfnQueryKernelTimestamp = event_query_kernel_timestamp;
}

void fill(ze_event_exp_dditable_t& table) {
  table.pfnQueryTimestampsExp = event_query_timestamps_exp;
}

void add_event_functions(FunctionNames& names) {
  add_function(names, "zeEventQueryKernelTimestampsExt", event_query_kernel_timestamps_ext);
  add_function(names, "zeEventQueryTimestampsExp", event_query_timestamps_exp);
  add_function(names, "zeEventCounterBasedCloseIpcHandle", event_destroy);
  add_function(names, "zeEventGetEventPool", event_get_pool);
  add_function(names, "zeEventGetSignalScope", event_get_signal_scope);
  add_function(names, "zeEventGetWaitScope", event_get_wait_scope);
}

}  // namespace zesvm::simulator::driver
