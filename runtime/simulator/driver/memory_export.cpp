#include "simulator/driver/memory_export.hpp"

#include <map>
#include <sys/stat.h>

#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/memory_ticket.hpp"
#include "simulator/node/node.hpp"

namespace zesvm::simulator::driver {

namespace {

struct Export {
  UniqueFd fd;
  MemoryTicket ticket;
  int users = 0;
};

struct Exports {
  Mutex<LockOrder::leaf> lock;
  std::map<Address, Export> by_base ZESVM_GUARDED_BY(lock);
};

Exports& exports() {
  static auto& all = *new Exports;  // never destroyed: freed memory may come as late as exit
  return all;
}

Result<Address> import(Context& context, const Device* device, const UniqueFd& fd,
                       const MemoryTicket& ticket) {
  const node::ExportedMemory memory{fd.get(), Bytes{ticket.offset}, Bytes{ticket.size},
                                    static_cast<node::MemoryKind>(ticket.kind)};
  return context.node().import_memory(
      memory, device != nullptr ? std::optional{device->tile()} : std::nullopt);
}

ze_result_t get_ipc_handle(ze_context_handle_t handle, const void* pointer,
                           ze_ipc_mem_handle_t* out) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(pointer);
  ZESVM_NOT_NULL(out);
  return entry([&] {
    const auto memory = context->node().allocation_at(address_of(pointer));
    if (!memory) return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "IPC handle of unknown memory");
    const auto base = memory->interval.begin;
    auto& all = exports();
    {
      Lock guard{all.lock};
      if (const auto found = all.by_base.find(base); found != all.by_base.end()) {
        ++found->second.users;
        *out = write_ticket(found->second.ticket);
        return ZE_RESULT_SUCCESS;
      }
    }
    const auto exported = context->node().export_memory(base);
    if (!exported) return fail(exported.status(), "IPC handle");
    UniqueFd fd = descriptor_that_tells(*exported);
    const auto ticket = ticket_for(*exported, fd.get());
    Lock guard{all.lock};
    // Another thread may have exported it meanwhile: then this descriptor is one too many.
    auto& entry = all.by_base[base];
    if (!entry.fd.is_open()) {
      entry.fd = std::move(fd);
      entry.ticket = ticket;
    }
    ++entry.users;
    *out = write_ticket(entry.ticket);
    return ZE_RESULT_SUCCESS;
  });
}

/// The same with a choice of how the handle travels; every handle here can travel any way.
ze_result_t get_ipc_handle_with_properties(ze_context_handle_t handle, const void* pointer, void*,
                                           ze_ipc_mem_handle_t* out) {
  return get_ipc_handle(handle, pointer, out);
}

ze_result_t open_ipc_handle(ze_context_handle_t handle, ze_device_handle_t device_handle,
                            ze_ipc_mem_handle_t ipc, ze_ipc_memory_flags_t flags, void** pointer) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(device, Device, device_handle);
  ZESVM_NOT_NULL(pointer);
  constexpr ze_ipc_memory_flags_t known =
      ZE_IPC_MEMORY_FLAG_BIAS_CACHED | ZE_IPC_MEMORY_FLAG_BIAS_UNCACHED;
  if ((flags & ~known) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  return entry([&] {
    auto ticket = read_ticket(ipc);
    if (!ticket.is_whole()) ticket = ticket_of_descriptor(ticket.fd);
    if (!ticket.is_whole())
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "not an IPC handle of this driver");
    const auto fd = descriptor_of(ticket);
    if (!fd.is_open())
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT,
                  "IPC handle: its process " + std::to_string(ticket.process) +
                      " is gone, closed it, or does not let this one take descriptors");
    const auto memory = import(*context, device.get(), fd, ticket);
    if (!memory) return fail(memory.status(), "opening an IPC handle");
    context->adopt(*memory, device.get());
    *pointer = pointer_to<void>(*memory);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t close_ipc_handle(ze_context_handle_t handle, const void* pointer) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(pointer);
  return entry([&] {
    const auto memory = context->node().allocation_at(address_of(pointer));
    if (!memory || !memory->is_imported)
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "closing what no IPC handle was opened as");
    const auto base = memory->interval.begin;
    if (!context->disown(base))
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "closing IPC memory of another context");
    if (const auto status = context->node().free(base); status != Status::ok) {
      context->adopt(base);
      return fail(status, "closing IPC memory");
    }
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t put_ipc_handle(ze_context_handle_t handle, ze_ipc_mem_handle_t ipc) {
  ZESVM_FIND(context, Context, handle);
  const auto ticket = read_ticket(ipc);
  if (!ticket.is_whole()) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  auto& all = exports();
  Lock guard{all.lock};
  for (auto entry = all.by_base.begin(); entry != all.by_base.end(); ++entry) {
    if (entry->second.ticket.fd != ticket.fd || entry->second.ticket.file != ticket.file) continue;
    if (--entry->second.users == 0) all.by_base.erase(entry);
    return ZE_RESULT_SUCCESS;
  }
  return ZE_RESULT_ERROR_INVALID_ARGUMENT;
}

ze_result_t descriptor_from_handle(ze_context_handle_t handle, ze_ipc_mem_handle_t ipc,
                                   std::uint64_t* fd) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(fd);
  const auto ticket = read_ticket(ipc);
  if (!ticket.is_whole()) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  *fd = static_cast<std::uint64_t>(ticket.fd);
  return ZE_RESULT_SUCCESS;
}

ze_result_t handle_from_descriptor(ze_context_handle_t handle, std::uint64_t fd,
                                   ze_ipc_mem_handle_t* ipc) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(ipc);
  const int descriptor = static_cast<int>(fd);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "not a descriptor: " + std::to_string(fd));
  auto& all = exports();
  Lock guard{all.lock};
  for (const auto& [base, entry] : all.by_base) {
    if (entry.ticket.file != status.st_ino || entry.ticket.fd != descriptor) continue;
    *ipc = write_ticket(entry.ticket);
    return ZE_RESULT_SUCCESS;
  }
  // Received from another process.
  auto ticket = ticket_of_descriptor(descriptor);
  if (!ticket.is_whole()) ticket = ticket_of_file(descriptor, node::MemoryKind::device);
  *ipc = write_ticket(ticket);
  return ZE_RESULT_SUCCESS;
}

}  // namespace

Result<Address> import_descriptor(Context& context, const Device* device,
                                  const ze_external_memory_import_fd_t& import_request) {
  constexpr ze_external_memory_type_flags_t known =
      ZE_EXTERNAL_MEMORY_TYPE_FLAG_OPAQUE_FD | ZE_EXTERNAL_MEMORY_TYPE_FLAG_DMA_BUF;
  if ((import_request.flags & known) == 0) return Status::unsupported;
  // Importing hands the descriptor over; the node keeps one of its own.
  auto ticket = ticket_of_descriptor(import_request.fd);
  if (!ticket.is_whole())
    ticket = ticket_of_file(import_request.fd,
                            device != nullptr ? node::MemoryKind::device : node::MemoryKind::host);
  if (!ticket.is_whole() || ticket.size == 0) return Status::invalid_argument;
  const UniqueFd fd{import_request.fd};
  return import(context, device, fd, ticket);
}

ze_result_t export_descriptor(Context& context, const node::Allocation& memory,
                              ze_external_memory_export_fd_t& exported) {
  constexpr ze_external_memory_type_flags_t known =
      ZE_EXTERNAL_MEMORY_TYPE_FLAG_OPAQUE_FD | ZE_EXTERNAL_MEMORY_TYPE_FLAG_DMA_BUF;
  if ((exported.flags & known) == 0) return ZE_RESULT_ERROR_UNSUPPORTED_ENUMERATION;
  const auto outcome = context.node().export_memory(memory.interval.begin);
  if (!outcome) return fail(outcome.status(), "exporting memory");
  exported.fd = descriptor_that_tells(*outcome).release();
  return ZE_RESULT_SUCCESS;
}

void forget_exports(Address base) {
  auto& all = exports();
  Lock guard{all.lock};
  all.by_base.erase(base);
}

void fill_ipc(ze_mem_dditable_t& table) {
  table.pfnGetIpcHandle = get_ipc_handle;
  table.pfnOpenIpcHandle = open_ipc_handle;
  table.pfnCloseIpcHandle = close_ipc_handle;
}

void add_ipc_functions(FunctionNames& names) {
  add_function(names, "zeMemPutIpcHandle", put_ipc_handle);
  add_function(names, "zeMemGetIpcHandleWithProperties", get_ipc_handle_with_properties);
  add_function(names, "zeMemGetFileDescriptorFromIpcHandleExp", descriptor_from_handle);
  add_function(names, "zeMemGetIpcHandleFromFileDescriptorExp", handle_from_descriptor);
}

}  // namespace zesvm::simulator::driver
