// zeContext*: contexts, residency, and the barrier over the system.
#include <atomic>

#include "simulator/driver/handles.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/node/node.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t create_ex(ze_driver_handle_t handle, const ze_context_desc_t* description,
                      std::uint32_t count, ze_device_handle_t* devices,
                      ze_context_handle_t* context) {
  ZESVM_FIND(driver, Driver, handle);
  ZESVM_NOT_NULL(description);
  ZESVM_NOT_NULL(context);
  if ((description->flags & ~ze_context_flags_t{ZE_CONTEXT_FLAG_TBD}) != 0)
    return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  if (devices == nullptr && count > 0) return ZE_RESULT_ERROR_INVALID_SIZE;
  return entry([&] {
    std::vector<Device*> chosen;
    for (std::uint32_t i = 0; i < count; ++i) {
      ZESVM_FIND(device, Device, devices[i]);
      chosen.push_back(device.get());
    }
    *context = add(std::make_shared<Context>(*driver, std::move(chosen)));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t create(ze_driver_handle_t driver, const ze_context_desc_t* description,
                   ze_context_handle_t* context) {
  return create_ex(driver, description, 0, nullptr, context);
}

/// Returns the context that belongs to the driver; null for a bad handle, as there is no code.
ze_context_handle_t get_default_context(ze_driver_handle_t handle) {
  const auto driver = find<Driver>(handle);
  if (!driver) return nullptr;
  static const ze_context_handle_t context =
      add(std::make_shared<Context>(*driver, std::vector<Device*>{}));
  return context;
}

ze_result_t destroy(ze_context_handle_t handle) {
  const auto context = remove<Context>(handle);
  return context ? ZE_RESULT_SUCCESS : invalid_handle(handle);
}

ze_result_t get_status(ze_context_handle_t handle) {
  ZESVM_FIND(context, Context, handle);
  return context->status();
}

ze_result_t system_barrier(ze_context_handle_t handle, ze_device_handle_t device_handle) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(device, Device, device_handle);
  // Device memory is host memory here, and coherent: ordering this thread's accesses is all.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return device->is_lost() ? ZE_RESULT_ERROR_DEVICE_LOST : ZE_RESULT_SUCCESS;
}

/// Calls `change(tile, interval)` for every tile of a device.
template <typename Change>
ze_result_t change_residency(ze_context_handle_t handle, ze_device_handle_t device_handle,
                             const void* pointer, std::size_t size, Change&& change) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(device, Device, device_handle);
  ZESVM_NOT_NULL(pointer);
  return entry([&] {
    const auto interval = Interval::checked(address_of(pointer), Bytes{size});
    if (size == 0 || !interval) return ZE_RESULT_ERROR_INVALID_SIZE;
    const auto allocation = context->node().allocation_at(interval->begin);
    if (!allocation) {
      // Memory of the program is always where it is, for devices that may use it.
      return device->description().shared_system
                 ? ZE_RESULT_SUCCESS
                 : fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "residency of an unknown pointer");
    }
    for (const auto tile : device->tiles())
      if (const auto status = change(context->node(), tile, *interval); status != Status::ok)
        return fail(status, "changing residency");
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t make_memory_resident(ze_context_handle_t context, ze_device_handle_t device,
                                 void* pointer, std::size_t size) {
  return change_residency(context, device, pointer, size,
                          [](node::Node& node, node::TileId tile, Interval interval) {
                            return node.make_resident(tile, interval);
                          });
}

ze_result_t evict_memory(ze_context_handle_t context, ze_device_handle_t device, void* pointer,
                         std::size_t size) {
  return change_residency(context, device, pointer, size,
                          [](node::Node& node, node::TileId tile, Interval interval) {
                            return node.evict(tile, interval);
                          });
}

}  // namespace

void fill(ze_context_dditable_t& table) {
  table.pfnCreate = create;
  table.pfnCreateEx = create_ex;
  table.pfnDestroy = destroy;
  table.pfnGetStatus = get_status;
  table.pfnSystemBarrier = system_barrier;
  table.pfnMakeMemoryResident = make_memory_resident;
  table.pfnEvictMemory = evict_memory;
}

void add_context_functions(FunctionNames& names) {
  add_function(names, "zeDriverGetDefaultContext", get_default_context);
}

}  // namespace zesvm::simulator::driver
