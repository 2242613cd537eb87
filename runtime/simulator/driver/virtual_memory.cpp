// zeVirtualMem*, zePhysicalMem*.
#include "simulator/driver/virtual_memory.hpp"

#include <map>

#include "base/mutex.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/node/node.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::simulator::driver {

namespace {

struct Mapping {
  Address end;
  std::shared_ptr<PhysicalMemory> physical;
};

/// What is mapped where, by first address. The node maps; this only remembers what.
struct Mappings {
  Mutex<LockOrder::leaf> lock;
  std::map<Address, Mapping> by_begin ZESVM_GUARDED_BY(lock);
};

Mappings& mappings() {
  static auto& all = *new Mappings;  // never destroyed: asked until the process ends
  return all;
}

bool to_page_access(ze_memory_access_attribute_t attribute, node::PageAccess& access) {
  switch (attribute) {
    case ZE_MEMORY_ACCESS_ATTRIBUTE_NONE: access = node::PageAccess::none; return true;
    case ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE: access = node::PageAccess::read_write; return true;
    case ZE_MEMORY_ACCESS_ATTRIBUTE_READONLY: access = node::PageAccess::read_only; return true;
    default: return false;
  }
}

ze_memory_access_attribute_t from_page_access(node::PageAccess access) {
  switch (access) {
    case node::PageAccess::none: return ZE_MEMORY_ACCESS_ATTRIBUTE_NONE;
    case node::PageAccess::read_only: return ZE_MEMORY_ACCESS_ATTRIBUTE_READONLY;
    case node::PageAccess::read_write: return ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE;
  }
  return ZE_MEMORY_ACCESS_ATTRIBUTE_NONE;
}

/// Checks that an interval is one of whole pages.
ze_result_t check_pages(const void* pointer, std::size_t size, Interval& interval) {
  const auto page = node::Node::virtual_page_size(Bytes{1});
  const auto checked = Interval::checked(address_of(pointer), Bytes{size});
  if (size == 0 || !checked || !is_aligned(Bytes{size}, page))
    return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
  if (!is_aligned(checked->begin, page)) return ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT;
  interval = *checked;
  return ZE_RESULT_SUCCESS;
}

ze_result_t query_page_size(ze_context_handle_t handle, ze_device_handle_t device_handle,
                            std::size_t size, std::size_t* page_size) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(device, Device, device_handle);
  ZESVM_NOT_NULL(page_size);
  if (size == 0) return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
  *page_size = node::Node::virtual_page_size(Bytes{size}).count;
  return ZE_RESULT_SUCCESS;
}

ze_result_t reserve(ze_context_handle_t handle, const void* start, std::size_t size,
                    void** pointer) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(pointer);
  if (size == 0 || !is_aligned(Bytes{size}, node::Node::virtual_page_size(Bytes{1})))
    return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
  return entry([&] {
    auto& node = context->node();
    // The address asked for is a wish.
    Result<Address> memory = Status::busy;
    if (start != nullptr) memory = node.reserve_virtual(Bytes{size}, address_of(start));
    if (!memory) memory = node.reserve_virtual(Bytes{size});
    if (!memory) return fail(memory.status(), "reserving virtual memory");
    *pointer = pointer_to<void>(*memory);
    return ZE_RESULT_SUCCESS;
  });
}

/// Calls `act` with the pages a call names. Returns what is wrong with them, or what `act` says.
template <typename Act>
ze_result_t on_pages(const void* pointer, std::size_t size, const char* doing, Act&& act) {
  ZESVM_NOT_NULL(pointer);
  return entry([&]() -> ze_result_t {
    Interval interval{};
    const auto result = check_pages(pointer, size, interval);
    if (result != ZE_RESULT_SUCCESS) return result;
    const Status status = act(interval);
    return status == Status::ok ? ZE_RESULT_SUCCESS : fail(status, doing);
  });
}

ze_result_t free_reservation(ze_context_handle_t handle, const void* pointer, std::size_t size) {
  ZESVM_FIND(context, Context, handle);
  return on_pages(pointer, size, "freeing virtual memory",
                  [&](Interval pages) { return context->node().release_virtual(pages); });
}

ze_result_t map(ze_context_handle_t handle, const void* pointer, std::size_t size,
                ze_physical_mem_handle_t physical_handle, std::size_t offset,
                ze_memory_access_attribute_t attribute) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(physical, PhysicalMemory, physical_handle);
  ZESVM_NOT_NULL(pointer);
  node::PageAccess access{};
  if (!to_page_access(attribute, access)) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  if (!is_aligned(Bytes{offset}, node::Node::virtual_page_size(Bytes{1})))
    return ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT;
  return on_pages(pointer, size, "mapping virtual memory", [&](Interval pages) {
    const Status status = context->node().map_virtual(pages, physical->id(), Bytes{offset}, access);
    // Real drivers call mapping over a mapped address a bad argument.
    if (status == Status::busy) return Status::invalid_argument;
    if (status != Status::ok) return status;
    auto& all = mappings();
    Lock guard{all.lock};
    all.by_begin.insert_or_assign(pages.begin, Mapping{pages.end, physical});
    return Status::ok;
  });
}

ze_result_t unmap(ze_context_handle_t handle, const void* pointer, std::size_t size) {
  ZESVM_FIND(context, Context, handle);
  return on_pages(pointer, size, "unmapping virtual memory", [&](Interval pages) {
    if (const Status status = context->node().unmap_virtual(pages); status != Status::ok)
      return status;
    auto& all = mappings();
    Lock guard{all.lock};
    all.by_begin.erase(all.by_begin.lower_bound(pages.begin), all.by_begin.lower_bound(pages.end));
    return Status::ok;
  });
}

ze_result_t set_access(ze_context_handle_t handle, const void* pointer, std::size_t size,
                       ze_memory_access_attribute_t attribute) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(pointer);
  node::PageAccess access{};
  if (!to_page_access(attribute, access)) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  return on_pages(pointer, size, "setting access",
                  [&](Interval pages) { return context->node().set_access(pages, access); });
}

ze_result_t get_access(ze_context_handle_t handle, const void* pointer, std::size_t size,
                       ze_memory_access_attribute_t* attribute, std::size_t* out_size) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(pointer);
  ZESVM_NOT_NULL(attribute);
  ZESVM_NOT_NULL(out_size);
  if (size == 0) return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
  return entry([&] {
    const auto where = address_of(pointer);
    const auto outcome = context->node().access_at(where);
    if (!outcome) return fail(outcome.status(), "asking for access");
    *attribute = from_page_access(outcome->first);
    *out_size = (outcome->second.end - where).count;
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t create_physical(ze_context_handle_t handle, ze_device_handle_t device_handle,
                            ze_physical_mem_desc_t* description, ze_physical_mem_handle_t* out) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_NOT_NULL(description);
  ZESVM_NOT_NULL(out);
  constexpr ze_physical_mem_flags_t known =
      newer::physical_memory_on_device | newer::physical_memory_on_host;
  if ((description->flags & ~known) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  const bool on_host = (description->flags & newer::physical_memory_on_host) != 0;
  const auto device = find<Device>(device_handle);
  if (!device && !on_host) return invalid_handle(device_handle);
  const Bytes size{description->size};
  const Bytes page = on_host ? cpu_page : node::Node::virtual_page_size(Bytes{1});
  if (size.count == 0 || !is_aligned(size, page)) return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
  return entry([&] {
    const auto tile = on_host ? std::nullopt : std::optional{device->tile()};
    const auto id = context->node().create_physical(tile, size);
    if (!id) return fail(id.status(), "creating physical memory");
    *out = add(std::make_shared<PhysicalMemory>(*id, tile, size));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t get_physical_properties(ze_context_handle_t handle,
                                    ze_physical_mem_handle_t physical_handle,
                                    newer::PhysicalMemoryProperties* out) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(physical, PhysicalMemory, physical_handle);
  ZESVM_NOT_NULL(out);
  out->id = static_cast<std::uint64_t>(physical->id());
  out->size = physical->size().count;
  return ZE_RESULT_SUCCESS;
}

ze_result_t destroy_physical(ze_context_handle_t handle, ze_physical_mem_handle_t physical_handle) {
  ZESVM_FIND(context, Context, handle);
  ZESVM_FIND(physical, PhysicalMemory, physical_handle);
  return entry([&] {
    if (const auto status = context->node().destroy_physical(physical->id()); status != Status::ok)
      return fail(status, "destroying physical memory");
    remove<PhysicalMemory>(physical_handle);
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

node::Allocation as_mapped(node::Allocation reservation, Address where) {
  auto& all = mappings();
  Lock guard{all.lock};
  auto after = all.by_begin.upper_bound(where);
  if (after == all.by_begin.begin()) return reservation;
  const auto& [begin, mapping] = *std::prev(after);
  if (where >= mapping.end) return reservation;
  reservation.tile = mapping.physical->tile();
  reservation.kind = reservation.tile ? node::MemoryKind::device : node::MemoryKind::host;
  reservation.interval = {begin, mapping.end};
  return reservation;
}

void fill(ze_virtual_mem_dditable_t& table) {
  table.pfnReserve = reserve;
  table.pfnFree = free_reservation;
  table.pfnQueryPageSize = query_page_size;
  table.pfnMap = map;
  table.pfnUnmap = unmap;
  table.pfnSetAccessAttribute = set_access;
  table.pfnGetAccessAttribute = get_access;
}

void fill(ze_physical_mem_dditable_t& table) {
  table.pfnCreate = create_physical;
  table.pfnDestroy = destroy_physical;
}

void add_virtual_memory_functions(FunctionNames& names) {
  add_function(names, "zePhysicalMemGetProperties", get_physical_properties);
}

}  // namespace zesvm::simulator::driver
