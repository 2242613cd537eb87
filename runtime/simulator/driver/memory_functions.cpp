// zeMem*: allocating, freeing, asking about memory.
#include <bit>
#include <thread>

#include "simulator/driver/command_list.hpp"
#include "simulator/driver/extension_chain.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/memory_export.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/driver/virtual_memory.hpp"
#include "simulator/node/node.hpp"
#include "specification/newer_level_zero.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

constexpr ze_device_mem_alloc_flags_t known_device_flags =
    ZE_DEVICE_MEM_ALLOC_FLAG_BIAS_CACHED | ZE_DEVICE_MEM_ALLOC_FLAG_BIAS_UNCACHED |
    ZE_DEVICE_MEM_ALLOC_FLAG_BIAS_INITIAL_PLACEMENT;
constexpr ze_host_mem_alloc_flags_t known_host_flags =
    ZE_HOST_MEM_ALLOC_FLAG_BIAS_CACHED | ZE_HOST_MEM_ALLOC_FLAG_BIAS_UNCACHED |
    ZE_HOST_MEM_ALLOC_FLAG_BIAS_WRITE_COMBINED | ZE_HOST_MEM_ALLOC_FLAG_BIAS_INITIAL_PLACEMENT;

/// What the three ways to allocate have in common.
struct Request {
  Context& context;
  const void* extensions;
  std::size_t size;
  std::size_t alignment;
  Device* device = nullptr;

  node::SizeLimit limit() const {
    const auto* relaxed = extension<ze_relaxed_allocation_limits_exp_desc_t>(
        extensions, ZE_STRUCTURE_TYPE_RELAXED_ALLOCATION_LIMITS_EXP_DESC);
    // No longer experimental since 1.12, laid out alike.
    if (relaxed == nullptr)
      relaxed = extension<ze_relaxed_allocation_limits_exp_desc_t>(extensions,
                                                                   newer::stype_relaxed_limits);
    return relaxed != nullptr &&
                   (relaxed->flags & ZE_RELAXED_ALLOCATION_LIMITS_EXP_FLAG_MAX_SIZE) != 0
               ? node::SizeLimit::relaxed
               : node::SizeLimit::tile_memory;
  }
};

/// Returns what is wrong with a request before memory is asked for.
ze_result_t check(const Request& request) {
  if (request.size == 0) return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
  if (request.alignment != 0 && !std::has_single_bit(request.alignment))
    return ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT;
  if (request.device == nullptr) return ZE_RESULT_SUCCESS;
  if (!request.context.has(*request.device))
    return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "allocation on a device not of the context");
  if (request.device->is_lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
  if (request.limit() == node::SizeLimit::tile_memory &&
      request.size > request.device->description().vram.count)
    return fail(ZE_RESULT_ERROR_UNSUPPORTED_SIZE,
                "allocation of " + std::to_string(request.size) +
                    " bytes: larger than maxMemAllocSize, and limits are not relaxed");
  return ZE_RESULT_SUCCESS;
}

/// Checks a request, imports a descriptor if it brings one, else calls `allocate`.
template <typename Allocate>
ze_result_t satisfy(const Request& request, void** pointer, Allocate&& allocate) {
  if (const auto result = check(request); result != ZE_RESULT_SUCCESS) return result;
  const auto* import = extension<ze_external_memory_import_fd_t>(
      request.extensions, ZE_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMPORT_FD);
  const auto memory = import != nullptr
                          ? import_descriptor(request.context, request.device, *import)
                          : allocate(request.context.node());
  if (!memory)
    return fail(memory.status(), "allocating " + std::to_string(request.size) + " bytes");
  request.context.adopt(*memory, request.device);
  *pointer = pointer_to<void>(*memory);
  return ZE_RESULT_SUCCESS;
}

ze_result_t alloc_shared(ze_context_handle_t handle, const ze_device_mem_alloc_desc_t* for_device,
                         const ze_host_mem_alloc_desc_t* for_host, std::size_t size,
                         std::size_t alignment, ze_device_handle_t device_handle, void** pointer) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(for_device);
  ZESVM_NOT_NULL(for_host);
  ZESVM_NOT_NULL(pointer);
  if ((for_device->flags & ~known_device_flags) != 0 || (for_host->flags & ~known_host_flags) != 0)
    return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  const auto device = find<Device>(device_handle);
  if (device_handle != nullptr && !device) return invalid_handle(device_handle);
  return entry([&] {
    const Request request{*context, for_device->pNext, size, alignment, device.get()};
    return satisfy(request, pointer, [&](node::Node& node) {
      return node.allocate_shared(Bytes{size}, Bytes{alignment},
                                  device ? std::optional{device->tile()} : std::nullopt,
                                  request.limit());
    });
  });
}

ze_result_t alloc_device(ze_context_handle_t handle, const ze_device_mem_alloc_desc_t* description,
                         std::size_t size, std::size_t alignment, ze_device_handle_t device_handle,
                         void** pointer) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(device, Device, device_handle);
  ZESVM_NOT_NULL(description);
  ZESVM_NOT_NULL(pointer);
  if ((description->flags & ~known_device_flags) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  return entry([&] {
    const Request request{*context, description->pNext, size, alignment, device.get()};
    return satisfy(request, pointer, [&](node::Node& node) {
      return node.allocate_device(device->tile(), Bytes{size}, Bytes{alignment}, request.limit());
    });
  });
}

ze_result_t alloc_host(ze_context_handle_t handle, const ze_host_mem_alloc_desc_t* description,
                       std::size_t size, std::size_t alignment, void** pointer) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(description);
  ZESVM_NOT_NULL(pointer);
  if ((description->flags & ~known_host_flags) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  return entry([&] {
    const Request request{*context, description->pNext, size, alignment};
    return satisfy(request, pointer, [&](node::Node& node) {
      return node.allocate_host(Bytes{size}, Bytes{alignment});
    });
  });
}

ze_result_t free_memory(ze_context_handle_t handle, void* pointer) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(pointer);
  return entry([&] {
    const auto base = address_of(pointer);
    const auto* const device = context->device_named_for(base);
    // Given up before it is free: the next allocation, also of another thread, may get the address.
    if (!context->disown(base))
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT,
                  "freeing a pointer that no allocation of the context begins at");
    forget_exports(base);
    if (const auto status = context->node().free(base); status != Status::ok) {
      context->adopt(base, device);
      return fail(status, "freeing memory");
    }
    return ZE_RESULT_SUCCESS;
  });
}

/// Waits until the devices of a context have done everything they were given so far. A device
/// that is lost has nothing more to do.
void wait_for_commands(const Context& context) {
  for (Device* const device : context.devices()) {
    static_cast<void>(synchronize_streams(*device));
    for (const auto& tile : device->sub_devices()) static_cast<void>(synchronize_streams(*tile));
  }
}

/// Frees memory once no command can use it any more, on a thread of its own.
ze_result_t free_later(const std::shared_ptr<Context>& context, Address base) {
  // Given up now: a second free of it is an error, as it should be.
  if (!context->disown(base))
    return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT,
                "freeing a pointer that no allocation of the context begins at");
  forget_exports(base);
  std::thread{[context, base] {
    wait_for_commands(*context);
    static_cast<void>(context->node().free(base));
  }}.detach();
  return ZE_RESULT_SUCCESS;
}

ze_result_t free_ext(ze_context_handle_t handle, const ze_memory_free_ext_desc_t* description,
                     void* pointer) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(description);
  ZESVM_NOT_NULL(pointer);
  constexpr ze_driver_memory_free_policy_ext_flags_t known =
      ZE_DRIVER_MEMORY_FREE_POLICY_EXT_FLAG_BLOCKING_FREE |
      ZE_DRIVER_MEMORY_FREE_POLICY_EXT_FLAG_DEFER_FREE;
  if ((description->freePolicy & ~known) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  return entry([&] {
    if ((description->freePolicy & ZE_DRIVER_MEMORY_FREE_POLICY_EXT_FLAG_DEFER_FREE) != 0)
      return free_later(context, address_of(pointer));
    if ((description->freePolicy & ZE_DRIVER_MEMORY_FREE_POLICY_EXT_FLAG_BLOCKING_FREE) != 0)
      wait_for_commands(*context);
    return free_memory(handle, pointer);
  });
}

ze_memory_type_t type_of(node::MemoryKind kind) {
  switch (kind) {
    case node::MemoryKind::host: return ZE_MEMORY_TYPE_HOST;
    case node::MemoryKind::device: return ZE_MEMORY_TYPE_DEVICE;
    case node::MemoryKind::shared: return ZE_MEMORY_TYPE_SHARED;
    case node::MemoryKind::virtual_reservation: return ZE_MEMORY_TYPE_UNKNOWN;
  }
  return ZE_MEMORY_TYPE_UNKNOWN;
}

/// Tells a page size that holds for any place the memory can be in.
std::uint64_t page_size_of(const node::Allocation& memory) {
  return memory.kind == node::MemoryKind::device ? Bytes{64_KiB}.count : cpu_page.count;
}

ze_result_t get_alloc_properties(ze_context_handle_t handle, const void* pointer,
                                 ze_memory_allocation_properties_t* out,
                                 ze_device_handle_t* device) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(pointer);
  ZESVM_NOT_NULL(out);
  return entry([&] {
    out->type = ZE_MEMORY_TYPE_UNKNOWN;
    out->id = 0;
    out->pageSize = 0;
    if (device != nullptr) *device = nullptr;
    auto memory = context->node().allocation_at(address_of(pointer));
    if (!memory) return ZE_RESULT_SUCCESS;
    if (memory->kind == node::MemoryKind::virtual_reservation)
      memory = as_mapped(*memory, address_of(pointer));
    out->type = type_of(memory->kind);
    if (out->type == ZE_MEMORY_TYPE_UNKNOWN) return ZE_RESULT_SUCCESS;
    out->id = memory->id;
    out->pageSize = page_size_of(*memory);
    if (device != nullptr && memory->tile) {
      // What the program named, where that is known: the card rather than its first tile.
      const auto* owner = context->device_named_for(memory->interval.begin);
      if (owner == nullptr) owner = context->driver().device_of(*memory->tile);
      if (owner != nullptr) *device = handle_of(owner);
    }
    if (auto* exported = extension<ze_external_memory_export_fd_t>(
            chain_of(*out, ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES),
            ZE_STRUCTURE_TYPE_EXTERNAL_MEMORY_EXPORT_FD))
      return export_descriptor(*context, *memory, *exported);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t get_address_range(ze_context_handle_t handle, const void* pointer, void** base,
                              std::size_t* size) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(pointer);
  return entry([&] {
    const auto memory = context->node().allocation_at(address_of(pointer));
    if (!memory) return fail(newer::address_not_found, "address range of unknown memory");
    if (base != nullptr) *base = pointer_to<void>(memory->interval.begin);
    if (size != nullptr) *size = memory->interval.size().count;
    return ZE_RESULT_SUCCESS;
  });
}

/// Tells the row pitch a linear 2D image in plain memory would want.
ze_result_t get_pitch_for_image(ze_context_handle_t handle, ze_device_handle_t device_handle,
                                std::size_t width, std::size_t height, unsigned int element_size,
                                std::size_t* pitch) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(device, Device, device_handle);
  ZESVM_NOT_NULL(pitch);
  if (width == 0 || height == 0 || element_size == 0) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  // A cache line, as the devices described here want it.
  *pitch = align_up(Bytes{width * element_size}, Bytes{64}).count;
  return ZE_RESULT_SUCCESS;
}

}  // namespace

void fill(ze_mem_dditable_t& table) {
  table.pfnAllocShared = alloc_shared;
  table.pfnAllocDevice = alloc_device;
  table.pfnAllocHost = alloc_host;
  table.pfnFree = free_memory;
  table.pfnFreeExt = free_ext;
  table.pfnGetAllocProperties = get_alloc_properties;
  table.pfnGetAddressRange = get_address_range;
  fill_ipc(table);
}

void add_memory_functions(FunctionNames& names) {
  add_function(names, "zeMemGetPitchFor2dImage", get_pitch_for_image);
  add_ipc_functions(names);
}

}  // namespace zesvm::simulator::driver
