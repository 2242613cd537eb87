// Entry points of event pools.
#include <cstring>

#include "simulator/driver/event.hpp"
#include "simulator/driver/list_description.hpp"
#include "simulator/driver/tables.hpp"
#include "specification/newer_commands.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t devices_of(const Context& context, std::uint32_t count, ze_device_handle_t* handles,
                       std::vector<Device*>& devices) {
  if (count > 0 && handles == nullptr) return ZE_RESULT_ERROR_INVALID_SIZE;
  for (std::uint32_t i = 0; i < count; ++i) {
    ZESVM_FIND(device, Device, handles[i]);
    if (!context.has(*device)) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    devices.push_back(device.get());
  }
  return ZE_RESULT_SUCCESS;
}

ze_result_t ZE_APICALL event_pool_create(ze_context_handle_t context_handle,
                                         const ze_event_pool_desc_t* desc,
                                         std::uint32_t device_count, ze_device_handle_t* devices,
                                         ze_event_pool_handle_t* pool) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(pool);
    if ((desc->flags & ~newer::event_pool_flags_known) != 0) {
      return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    }
    if (desc->count == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    std::vector<Device*> chosen;
    if (const auto result = devices_of(*context, device_count, devices, chosen);
        result != ZE_RESULT_SUCCESS) {
      return result;
    }
    auto memory = EventMemory::create(desc->count, desc->flags);
    if (!memory) return to_ze(memory.status());
    const bool counts =
        newer::find_in_chain<newer::ze_base_desc_t>(
            desc->pNext, newer::structure_event_pool_counter_based_exp_desc) != nullptr;
    const auto nature = counts ? EventNature::counter_based : EventNature::plain;
    if (counts && (desc->flags & ZE_EVENT_POOL_FLAG_IPC) != 0) {
      return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    }
    *pool = add(std::make_shared<EventPool>(context, std::move(chosen), *memory, nature));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_pool_destroy(ze_event_pool_handle_t pool) {
  return entry([&] { return remove<EventPool>(pool) ? ZE_RESULT_SUCCESS : invalid_handle(pool); });
}

ze_result_t ZE_APICALL event_pool_get_ipc_handle(ze_event_pool_handle_t handle,
                                                 ze_ipc_event_pool_handle_t* ipc) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(pool, EventPool, handle);
    ZESVM_NOT_NULL(ipc);
    if (pool->nature() == EventNature::counter_based) return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
    const EventMemoryTicket ticket = pool->memory().ticket();
    static_assert(sizeof ipc->data >= sizeof ticket);
    std::memcpy(ipc->data, ticket.data(), ticket.size());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_pool_open_ipc_handle(ze_context_handle_t context_handle,
                                                  ze_ipc_event_pool_handle_t ipc,
                                                  ze_event_pool_handle_t* pool) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    ZESVM_NOT_NULL(pool);
    EventMemoryTicket ticket{};
    std::memcpy(ticket.data(), ipc.data, ticket.size());
    auto memory = EventMemory::open(ticket);
    if (!memory) return fail(memory.status(), "opening an event pool of another process");
    *pool = add(
        std::make_shared<EventPool>(context, std::vector<Device*>{}, *memory, EventNature::plain));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_pool_put_ipc_handle(ze_context_handle_t context_handle,
                                                 ze_ipc_event_pool_handle_t) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_pool_get_context(ze_event_pool_handle_t handle,
                                              ze_context_handle_t* context) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(pool, EventPool, handle);
    ZESVM_NOT_NULL(context);
    *context = handle_of(pool->context().get());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL event_pool_get_flags(ze_event_pool_handle_t handle,
                                            ze_event_pool_flags_t* flags) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(pool, EventPool, handle);
    ZESVM_NOT_NULL(flags);
    *flags = pool->flags();
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void fill(ze_event_pool_dditable_t& table) {
  table.pfnCreate = event_pool_create;
  table.pfnDestroy = event_pool_destroy;
  table.pfnGetIpcHandle = event_pool_get_ipc_handle;
  table.pfnOpenIpcHandle = event_pool_open_ipc_handle;
  table.pfnCloseIpcHandle = event_pool_destroy;
}

void add_event_pool_functions(FunctionNames& names) {
  add_function(names, "zeEventPoolPutIpcHandle", event_pool_put_ipc_handle);
  add_function(names, "zeEventPoolGetContextHandle", event_pool_get_context);
  add_function(names, "zeEventPoolGetFlags", event_pool_get_flags);
}

}  // namespace zesvm::simulator::driver
