#include "simulator/node/allocation_table.hpp"

#include <atomic>

namespace zesvm::simulator::node {

namespace {

/// Over all nodes of the process, so that an id is never given twice.
std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1) + 1;
}

bool is_of(const IndirectAccess& kinds, MemoryKind kind) {
  switch (kind) {
    case MemoryKind::host: return kinds.host;
    case MemoryKind::device: return kinds.device;
    case MemoryKind::shared: return kinds.shared;
    case MemoryKind::virtual_reservation: return false;
  }
  return false;
}

}  // namespace

std::uint64_t AllocationTable::add(AllocationRecord record) {
  const std::uint64_t id = record.allocation.id = next_id();
  const Address begin = record.footprint.begin;
  const Lock guard{lock_};
  by_id_.emplace(id, begin);
  records_.emplace(begin, std::move(record));
  return id;
}

std::optional<AllocationRecord> AllocationTable::extract(Records::iterator it) {
  AllocationRecord record = std::move(it->second);
  by_id_.erase(record.allocation.id);
  records_.erase(it);
  return record;
}

std::optional<AllocationRecord> AllocationTable::take(Address base) {
  const Lock guard{lock_};
  const auto it = records_.find(base);
  if (it == records_.end()) return std::nullopt;
  if (it->second.allocation.kind == MemoryKind::virtual_reservation) return std::nullopt;
  return extract(it);
}

std::optional<AllocationRecord> AllocationTable::take_reservation(Interval interval) {
  const Lock guard{lock_};
  const auto it = records_.find(interval.begin);
  if (it == records_.end()) return std::nullopt;
  if (it->second.allocation.kind != MemoryKind::virtual_reservation) return std::nullopt;
  if (it->second.allocation.interval != interval) return std::nullopt;
  return extract(it);
}

std::optional<AllocationRecord> AllocationTable::find(Address where) const {
  const Lock guard{lock_};
  auto it = records_.upper_bound(where);
  if (it == records_.begin()) return std::nullopt;
  --it;
  if (!it->second.allocation.interval.contains(where)) return std::nullopt;
  return it->second;
}

std::optional<AllocationRecord> AllocationTable::find_id(std::uint64_t id) const {
  const Lock guard{lock_};
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return std::nullopt;
  return records_.at(it->second);
}

bool AllocationTable::mark_exported(Address base) {
  const Lock guard{lock_};
  const auto it = records_.find(base);
  if (it == records_.end() || it->second.is_exported) return false;
  return it->second.is_exported = true;
}

std::vector<AllocationRecord> AllocationTable::all_of(const IndirectAccess& kinds) const {
  std::vector<AllocationRecord> found;
  const Lock guard{lock_};
  for (const auto& [begin, record] : records_) {
    if (is_of(kinds, record.allocation.kind)) found.push_back(record);
  }
  return found;
}

}  // namespace zesvm::simulator::node
