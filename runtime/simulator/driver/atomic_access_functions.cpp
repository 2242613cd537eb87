// zeMemSetAtomicAccessAttributeExp and zeMemGetAtomicAccessAttributeExp: where atomics must work.
#include <optional>

#include "simulator/driver/handles.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/node/node.hpp"
#include "specification/newer_level_zero.hpp"
#include "svm/address_space.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

/// Returns which of the core's words an attribute of the specification comes down to.
svm::AtomicAccess atomic_access_of(std::uint32_t flags) {
  const bool host = (flags & newer::atomic_host) != 0;
  const bool device = (flags & newer::atomic_device) != 0;
  if ((flags & newer::atomic_system) != 0 || (host && device)) return svm::AtomicAccess::global;
  if (device) return svm::AtomicAccess::device;
  if (host || (flags & newer::atomic_no_device) != 0) return svm::AtomicAccess::cpu;
  return svm::AtomicAccess::undefined;
}

std::uint32_t attribute_of(svm::AtomicAccess access) {
  switch (access) {
    case svm::AtomicAccess::undefined: return 0;
    case svm::AtomicAccess::device: return newer::atomic_device;
    case svm::AtomicAccess::global: return newer::atomic_system;
    case svm::AtomicAccess::cpu: return newer::atomic_host;
  }
  return 0;
}

/// Checks the arguments both atomic access functions have, and gives the pages they speak of.
ze_result_t atomic_arguments(Context& context, Device& device, const void* pointer,
                             std::size_t size, Interval& pages) {
  const auto interval = Interval::checked(address_of(pointer), Bytes{size});
  if (size == 0 || !interval) return ZE_RESULT_ERROR_INVALID_SIZE;
  const auto memory = context.node().allocation_at(interval->begin);
  if (!device.description().shared_system && !memory)
    return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "atomic access attribute of unknown memory");
  // As real drivers have it: other memory never moves.
  if (memory &&
      (memory->kind == node::MemoryKind::host || memory->kind == node::MemoryKind::device))
    return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "atomic access attribute of memory not shared");
  pages = interval->rounded_out(cpu_page);
  return ZE_RESULT_SUCCESS;
}

ze_result_t set_atomic_access(ze_context_handle_t handle, ze_device_handle_t device_handle,
                              const void* pointer, std::size_t size, std::uint32_t flags) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(device, Device, device_handle);
  ZESVM_NOT_NULL(pointer);
  if ((flags & ~newer::atomic_known) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  return entry([&] {
    Interval pages{};
    if (const auto result = atomic_arguments(*context, *device, pointer, size, pages);
        result != ZE_RESULT_SUCCESS)
      return result;
    const auto outcome = context->node().address_space().advise(
        pages, svm::Advice::atomic_access(atomic_access_of(flags)));
    return outcome ? ZE_RESULT_SUCCESS : fail(outcome.status(), "setting atomic access");
  });
}

ze_result_t get_atomic_access(ze_context_handle_t handle, ze_device_handle_t device_handle,
                              const void* pointer, std::size_t size, std::uint32_t* flags) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(device, Device, device_handle);
  ZESVM_NOT_NULL(pointer);
  ZESVM_NOT_NULL(flags);
  return entry([&] {
    Interval pages{};
    if (const auto result = atomic_arguments(*context, *device, pointer, size, pages);
        result != ZE_RESULT_SUCCESS)
      return result;
    std::optional<svm::AtomicAccess> access;
    for (const auto& piece : context->node().address_space().attributes(pages)) {
      // As on real drivers, an interval with several answers has none.
      if (access && *access != piece.attributes.atomic) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
      access = piece.attributes.atomic;
    }
    *flags = attribute_of(access.value_or(svm::AtomicAccess::undefined));
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void add_atomic_access_functions(FunctionNames& names) {
  add_function(names, "zeMemSetAtomicAccessAttributeExp", set_atomic_access);
  add_function(names, "zeMemGetAtomicAccessAttributeExp", get_atomic_access);
}

}  // namespace zesvm::simulator::driver
