#include "simulator/node/node_memory.hpp"

#include <cstring>
#include <new>
#include <sys/mman.h>

#include "base/cpu_faults.hpp"
#include "pagemap/pagemap.hpp"
#include "simulator/node/raw_calls.hpp"

namespace zesvm::simulator::node {

thread_local bool NodeMemory::is_serving_cpu_fault_ = false;

namespace {

int protection(PageAccess access) {
  switch (access) {
    case PageAccess::none: return PROT_NONE;
    case PageAccess::read_only: return PROT_READ;
    case PageAccess::read_write: return PROT_READ | PROT_WRITE;
  }
  return PROT_NONE;
}

/// Makes the addresses inaccessible and keeps them reserved.
bool reserve_again(Interval interval) {
  return ::mmap(pointer_to(interval.begin), interval.size().count, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

svm::Migratable migratable_of(const NodeMapping& mapping) {
  if (mapping.is_migratable) return svm::Migratable::yes;
  return mapping.has_atomics_in_place ? svm::Migratable::not_needed : svm::Migratable::no;
}

bool map_for_program(const NodeMapping& mapping) {
  if (mapping.cpu == PageAccess::none || mapping.file == nullptr) {
    return reserve_again(mapping.interval);
  }
  return ::mmap(pointer_to(mapping.interval.begin), mapping.interval.size().count,
                protection(mapping.cpu), MAP_SHARED | MAP_NORESERVE | MAP_FIXED,
                mapping.file->memory.descriptor(),
                static_cast<off_t>(mapping.file_offset.count)) != MAP_FAILED;
}

}  // namespace

void NodeMemory::add_vram(const SharedFile& file, TileCounters& counters) {
  vram_.push_back({&file, &counters});
}

std::byte* NodeMemory::alias_of(const pagemap::Extent& extent) const {
  return vram_[extent.pagemap->index()].file->memory.at(extent.offset);
}

std::optional<std::size_t> NodeMemory::tile_of_alias(const std::byte* pointer) const {
  for (std::size_t tile = 0; tile < vram_.size(); ++tile) {
    const MemoryFile& file = vram_[tile].file->memory;
    const std::byte* base = file.at(Bytes{});
    if (pointer >= base && pointer < base + file.end().count) return tile;
  }
  return std::nullopt;
}

const NodeMapping* NodeMemory::look_up(Address where) const {
  auto it = mappings_.upper_bound(where);
  if (it == mappings_.begin()) return nullptr;
  --it;
  return it->second.interval.contains(where) ? &it->second : nullptr;
}

Status NodeMemory::open(const NodeMapping& mapping) {
  if (failures_.strikes(Failure::host) || !map_for_program(mapping)) {
    return Status::out_of_host_memory;
  }
  if (note(mapping)) return Status::ok;
  reserve_again(mapping.interval);
  return Status::out_of_host_memory;
}

bool NodeMemory::note(const NodeMapping& mapping) {
  try {
    const Lock guard{lock_};
    mappings_.insert_or_assign(mapping.interval.begin, mapping);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void NodeMemory::know(const NodeMapping& mapping) {
  const Lock guard{lock_};
  mappings_.insert_or_assign(mapping.interval.begin, mapping);
}

void NodeMemory::forget(Address begin) {
  const Lock guard{lock_};
  mappings_.erase(begin);
}

void NodeMemory::shut(Address begin) {
  Interval interval{};
  {
    const Lock guard{lock_};
    const auto it = mappings_.find(begin);
    if (it == mappings_.end()) return;
    interval = it->second.interval;
    mappings_.erase(it);
  }
  reserve_again(interval);
}

Status NodeMemory::change(const NodeMapping& mapping) {
  if (failures_.strikes(Failure::host) ||
      ::mprotect(pointer_to(mapping.interval.begin), mapping.interval.size().count,
                 mapping.file != nullptr ? protection(mapping.cpu) : PROT_NONE) != 0) {
    return Status::out_of_host_memory;
  }
  const Lock guard{lock_};
  mappings_.insert_or_assign(mapping.interval.begin, mapping);
  return Status::ok;
}

std::optional<NodeMapping> NodeMemory::find(Address where) const {
  const SharedLock guard{lock_};
  const NodeMapping* mapping = look_up(where);
  return mapping != nullptr ? std::optional{*mapping} : std::nullopt;
}

std::vector<NodeMapping> NodeMemory::all_in(Interval interval) const {
  std::vector<NodeMapping> found;
  const SharedLock guard{lock_};
  auto it = mappings_.upper_bound(interval.begin);
  if (it != mappings_.begin()) --it;
  for (; it != mappings_.end() && it->first < interval.end; ++it) {
    if (it->second.interval.overlaps(interval)) found.push_back(it->second);
  }
  return found;
}

std::byte* NodeMemory::system_alias(Interval interval) const {
  const SharedLock guard{lock_};
  const NodeMapping* mapping = look_up(interval.begin);
  if (mapping == nullptr || mapping->file == nullptr || mapping->interval.end < interval.end) {
    return nullptr;
  }
  return mapping->alias_of(interval.begin);
}

Result<svm::CpuMapping> NodeMemory::mapping_at(Address where) noexcept {
  const SharedLock guard{lock_};
  const NodeMapping* mapping = look_up(where);
  // Physical memory has no place to choose: its mappings are made by VirtualMemory.
  if (mapping == nullptr || mapping->kind == MemoryKind::virtual_reservation) {
    return Status::not_mapped;
  }
  return svm::CpuMapping{
      mapping->interval,
      mapping->tiles == PageAccess::read_write ? svm::Writable::yes : svm::Writable::no,
      migratable_of(*mapping)};
}

svm::Populated NodeMemory::populated(Interval interval) noexcept {
  const SharedLock guard{lock_};
  const NodeMapping* mapping = look_up(interval.begin);
  if (mapping == nullptr || mapping->file == nullptr) return svm::Populated::none;
  const Bytes offset = mapping->offset_of(interval.begin);
  const MemoryFile& memory = mapping->file->memory;
  if (!memory.has_page(offset, interval.size())) return svm::Populated::none;
  return memory.has_hole(offset, interval.size()) ? svm::Populated::some : svm::Populated::all;
}

Status NodeMemory::trap(Interval interval) noexcept {
  // From here on the CPU may fault: a handler that displaced ours is noticed before it does.
  CpuFaults::notice_displacement();
  // Not replaced but protected: the page table entries stay and serve again after untrap().
  if (failures_.strikes(Failure::host) || !protect_raw(interval, PROT_NONE)) {
    return Status::out_of_host_memory;
  }
  return Status::ok;
}

void NodeMemory::untrap(Interval interval) noexcept {
  const auto mapping = find(interval.begin);
  // Freed meanwhile: shut() has already made it what it has to be.
  if (!mapping || mapping->cpu == PageAccess::none) return;
  if (failures_.strikes(Failure::host) || !protect_raw(interval, protection(mapping->cpu))) {
    owes_access_.store(true, std::memory_order_relaxed);
  }
}

void NodeMemory::clear(Interval interval) noexcept {
  const auto mapping = find(interval.begin);
  if (!mapping || mapping->file == nullptr) return;
  mapping->file->memory.punch(mapping->offset_of(interval.begin), interval.size());
}

void NodeMemory::expect_content(const pagemap::Extent& extent) const {
  vram_[extent.pagemap->index()].file->memory.make_large(extent.offset, extent.size,
                                                         MemoryFile::Neighbours::all);
}

Status NodeMemory::copy_to_vram(Interval from, pagemap::Extent to) noexcept {
  const std::byte* source = system_alias(from);
  if (source == nullptr || failures_.strikes(Failure::copy)) return Status::copy_failed;
  expect_content(to);
  std::memcpy(alias_of(to), source, from.size().count);
  return Status::ok;
}

void NodeMemory::expect_return(Interval interval) const {
  const auto mapping = find(interval.begin);
  if (!mapping || mapping->file == nullptr || interval.size() < 2_MiB) return;
  const MemoryFile& memory = mapping->file->memory;
  const Bytes offset = mapping->offset_of(interval.begin);
  // Large pages where the program's addresses allow none would be worth nothing to it.
  if (!is_aligned(interval.begin, 2_MiB) || !is_aligned(offset, 2_MiB)) return;
  // To put small pages together costs a copy of their own: for memory that comes and goes only.
  if (!memory.has_page(offset, interval.size()) || memory.was_used_before(offset)) {
    memory.make_large(offset, interval.size(), MemoryFile::Neighbours::used);
  }
}

Status NodeMemory::copy_to_system(pagemap::Extent from, Interval to) noexcept {
  std::byte* destination = system_alias(to);
  if (destination == nullptr || failures_.strikes(Failure::copy)) return Status::copy_failed;
  expect_return(to);
  std::memcpy(destination, alias_of(from), to.size().count);
  if (is_serving_cpu_fault_) {
    vram_[from.pagemap->index()].counters->cpu_faults.fetch_add(1, std::memory_order_relaxed);
  }
  return Status::ok;
}

Status NodeMemory::copy_between(Interval, pagemap::Extent from, pagemap::Extent to) noexcept {
  if (failures_.strikes(Failure::copy)) return Status::copy_failed;
  expect_content(to);
  std::memcpy(alias_of(to), alias_of(from), from.size.count);
  return Status::ok;
}

Status NodeMemory::clear(pagemap::Extent extent) noexcept {
  if (failures_.strikes(Failure::copy)) return Status::copy_failed;
  expect_content(extent);
  std::memset(alias_of(extent), 0, extent.size.count);
  return Status::ok;
}

}  // namespace zesvm::simulator::node
