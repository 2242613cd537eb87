// Entry points of command queues and fences.
#include "simulator/driver/command_list.hpp"
#include "simulator/driver/list_description.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/node/node.hpp"
#include "simulator/node/virtual_clock.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t ZE_APICALL queue_create(ze_context_handle_t context_handle,
                                    ze_device_handle_t device_handle,
                                    const ze_command_queue_desc_t* desc,
                                    ze_command_queue_handle_t* queue) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(queue);
    ListTraits traits;
    if (const auto result = read_queue_desc(*context, *device, *desc, traits);
        result != ZE_RESULT_SUCCESS) {
      return result;
    }
    *queue = add(std::make_shared<CommandQueue>(context, *device, traits));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL queue_destroy(ze_command_queue_handle_t queue) {
  return entry(
      [&] { return remove<CommandQueue>(queue) ? ZE_RESULT_SUCCESS : invalid_handle(queue); });
}

ze_result_t ZE_APICALL queue_execute(ze_command_queue_handle_t handle, std::uint32_t count,
                                     ze_command_list_handle_t* lists,
                                     ze_fence_handle_t fence_handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(queue, CommandQueue, handle);
    ZESVM_NOT_NULL(lists);
    if (count == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    std::shared_ptr<EventSlot> slot;
    if (fence_handle != nullptr) {
      const auto fence = find<Fence>(fence_handle);
      if (!fence) return ZE_RESULT_ERROR_INVALID_SYNCHRONIZATION_OBJECT;
      slot = fence->slot();
    }
    std::vector<std::shared_ptr<const CommandSequence>> sequences;
    if (const auto result = read_lists(count, lists, queue->traits().ordinal, sequences);
        result != ZE_RESULT_SUCCESS) {
      return result;
    }
    return queue->execute(std::move(sequences), std::move(slot));
  });
}

ze_result_t ZE_APICALL queue_synchronize(ze_command_queue_handle_t handle, std::uint64_t timeout) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(queue, CommandQueue, handle);
    return queue->synchronize(deadline_after(timeout));
  });
}

ze_result_t ZE_APICALL queue_get_ordinal(ze_command_queue_handle_t handle, std::uint32_t* ordinal) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(queue, CommandQueue, handle);
    ZESVM_NOT_NULL(ordinal);
    *ordinal = queue->traits().ordinal;
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL queue_get_index(ze_command_queue_handle_t handle, std::uint32_t* index) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(queue, CommandQueue, handle);
    ZESVM_NOT_NULL(index);
    *index = queue->traits().index;
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL device_synchronize(ze_device_handle_t handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(device, Device, handle);
    return synchronize_streams(*device);
  });
}

ze_result_t ZE_APICALL fence_create(ze_command_queue_handle_t queue_handle,
                                    const ze_fence_desc_t* desc, ze_fence_handle_t* handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(queue, CommandQueue, queue_handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(handle);
    if ((desc->flags & ~static_cast<ze_fence_flags_t>(ZE_FENCE_FLAG_SIGNALED)) != 0) {
      return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    }
    const auto fence = std::make_shared<Fence>(queue);
    if ((desc->flags & ZE_FENCE_FLAG_SIGNALED) != 0) fence->slot()->signal();
    *handle = add(fence);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL fence_destroy(ze_fence_handle_t fence) {
  return entry([&] { return remove<Fence>(fence) ? ZE_RESULT_SUCCESS : invalid_handle(fence); });
}

ze_result_t wait_for_fence(ze_fence_handle_t handle, std::uint64_t timeout) {
  ZESVM_FIND(fence, Fence, handle);
  const Device& device = fence->queue()->device();
  const Status status = fence->slot()->wait(
      deadline_after(timeout), [&] { return device.is_lost() ? Status::device_lost : Status::ok; });
  const auto when = static_cast<node::VirtualTime::rep>(fence->slot()->times().virtual_end);
  device.node().virtual_clock().host_reaches(node::VirtualTime{when});
  return to_ze(status);
}

ze_result_t ZE_APICALL fence_host_synchronize(ze_fence_handle_t handle, std::uint64_t timeout) {
  return entry([&] { return wait_for_fence(handle, timeout); });
}

ze_result_t ZE_APICALL fence_query_status(ze_fence_handle_t handle) {
  return entry([&] { return wait_for_fence(handle, 0); });
}

ze_result_t ZE_APICALL fence_reset(ze_fence_handle_t handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(fence, Fence, handle);
    fence->slot()->reset();
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void fill(ze_command_queue_dditable_t& table) {
  table.pfnCreate = queue_create;
  table.pfnDestroy = queue_destroy;
  table.pfnExecuteCommandLists = queue_execute;
  table.pfnSynchronize = queue_synchronize;
}

void fill(ze_fence_dditable_t& table) {
  table.pfnCreate = fence_create;
  table.pfnDestroy = fence_destroy;
  table.pfnHostSynchronize = fence_host_synchronize;
  table.pfnQueryStatus = fence_query_status;
  table.pfnReset = fence_reset;
}

void add_queue_functions(FunctionNames& names) {
  add_function(names, "zeCommandQueueGetOrdinal", queue_get_ordinal);
  add_function(names, "zeCommandQueueGetIndex", queue_get_index);
  add_function(names, "zeDeviceSynchronize", device_synchronize);
}

}  // namespace zesvm::simulator::driver
