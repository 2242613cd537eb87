// Entry points of counter-based events that belong to no pool of the program's.
#include <cstring>

#include "simulator/driver/event.hpp"
#include "simulator/driver/list_description.hpp"
#include "simulator/driver/tables.hpp"
#include "specification/newer_commands.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t ZE_APICALL event_counter_based_create(ze_context_handle_t context_handle,
                                                  ze_device_handle_t device_handle,
                                                  const newer::ze_event_counter_based_desc_t* desc,
                                                  ze_event_handle_t* event) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(event);
    // Immediate and host visible, unless the caller says otherwise.
    EventOptions options{0, ZE_EVENT_SCOPE_FLAG_HOST, 0, 0x5};
    if (desc != nullptr) options = {0, desc->signal, desc->wait, desc->flags};
    if ((options.counter_flags & ~newer::event_counter_based_flags_known) != 0 ||
        ((options.signal_scope | options.wait_scope) & ~event_scope_flags_known) != 0) {
      return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    }
    auto memory = EventMemory::create(1, 0);
    if (!memory) return to_ze(memory.status());
    const auto made = std::make_shared<Event>(
        std::make_shared<EventPool>(context, std::vector<Device*>{device.get()}, *memory,
                                    EventNature::counter_based),
        options);
    made->slot()->signal();
    *event = add(made);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_counter_based_get_ipc_handle(
    ze_event_handle_t handle, newer::ze_ipc_event_counter_based_handle_t* ipc) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(event, Event, handle);
    ZESVM_NOT_NULL(ipc);
    if ((event->options().counter_flags & newer::event_counter_based_flag_ipc) == 0) {
      return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    }
    const EventMemoryTicket ticket = event->pool()->memory().ticket();
    std::memcpy(ipc->data, ticket.data(), ticket.size());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_counter_based_open_ipc_handle(
    ze_context_handle_t context_handle, newer::ze_ipc_event_counter_based_handle_t ipc,
    ze_event_handle_t* event) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    ZESVM_NOT_NULL(event);
    EventMemoryTicket ticket{};
    std::memcpy(ticket.data(), ipc.data, ticket.size());
    auto memory = EventMemory::open(ticket);
    if (!memory) return fail(memory.status(), "opening an event of another process");
    *event = add(
        std::make_shared<Event>(std::make_shared<EventPool>(context, std::vector<Device*>{},
                                                            *memory, EventNature::counter_based),
                                EventOptions{0, 0, 0, newer::event_counter_based_flag_ipc}));
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void add_counter_based_functions(FunctionNames& names) {
  add_function(names, "zeEventCounterBasedCreate", event_counter_based_create);
  add_function(names, "zeEventCounterBasedGetIpcHandle", event_counter_based_get_ipc_handle);
  add_function(names, "zeEventCounterBasedOpenIpcHandle", event_counter_based_open_ipc_handle);
}

}  // namespace zesvm::simulator::driver
