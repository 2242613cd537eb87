// One tile of the machine: its page table, and kernels that access memory through it.
#include <algorithm>

#include "core/fake_device.hpp"

namespace zesvm::svm::fake {
Tile::Tile(Machine& machine, std::uint32_t index, Bytes vram_size)
    : pagemap(index, "tile " + std::to_string(index), vram_size),
      vram(vram_size),
      machine_(machine) {}

void Tile::cut(Interval interval) {
  auto entry = table_.upper_bound(interval.begin);
  if (entry != table_.begin()) --entry;
  while (entry != table_.end() && entry->second.interval.begin < interval.end) {
    const Entry whole = entry->second;
    if (!whole.interval.overlaps(interval)) {
      ++entry;
      continue;
    }
    entry = table_.erase(entry);
    const auto keep = [&](Interval part) {
      if (part.begin >= part.end) return;
      Entry kept{part, whole.mapping};
      if (whole.mapping.extent.pagemap)
        kept.mapping.extent =
            whole.mapping.extent.part(part.begin - whole.interval.begin, part.size());
      table_[part.begin] = kept;
    };
    keep({whole.interval.begin, interval.begin});
    keep({interval.end, whole.interval.end});
  }
}

Status Tile::map(Interval interval, const Mapping& mapping) noexcept {
  map_calls_.fetch_add(1);
  const bool fails = machine_.plan.reach(Gate::map);
  const std::lock_guard guard{lock_};
  cut(interval);
  if (fails) return Status::map_failed;
  table_[interval.begin] = {interval, mapping};
  return Status::ok;
}

void Tile::unmap(Interval interval, Direction mapped_as) noexcept {
  unmap_calls_.fetch_add(1);
  machine_.plan.reach(Gate::unmap);
  const std::lock_guard guard{lock_};
  unmaps_.emplace_back(interval, mapped_as);
  if (const Entry* entry = find(interval.begin)) {
    if (entry->mapping.direction() != mapped_as)
      complaints_.push_back("unmapped in another direction than mapped");
    stale_.push_back(interval);
  }
  cut(interval);
}

void Tile::flush(Interval interval) noexcept {
  machine_.plan.reach(Gate::flush);
  const std::lock_guard guard{lock_};
  flushes_.push_back(interval);
  std::erase_if(stale_, [&](const Interval& old) { return interval.contains(old); });
}

const Tile::Entry* Tile::find(Address where) const {
  auto entry = table_.upper_bound(where);
  if (entry == table_.begin()) return nullptr;
  --entry;
  return entry->second.interval.contains(where) ? &entry->second : nullptr;
}

std::optional<Mapping> Tile::mapping_at(Address where) const {
  const std::lock_guard guard{lock_};
  const Entry* entry = find(where);
  return entry ? std::optional{entry->mapping} : std::nullopt;
}

std::vector<Interval> Tile::mapped() const {
  const std::lock_guard guard{lock_};
  std::vector<Interval> mapped;
  for (const auto& [begin, entry] : table_) mapped.push_back(entry.interval);
  return mapped;
}

std::vector<Interval> Tile::flushes() const {
  const std::lock_guard guard{lock_};
  return flushes_;
}

std::vector<Interval> Tile::stale() const {
  const std::lock_guard guard{lock_};
  return stale_;
}

std::vector<std::string> Tile::complaints() const {
  const std::lock_guard guard{lock_};
  return complaints_;
}

std::vector<std::pair<Interval, Direction>> Tile::unmaps() const {
  const std::lock_guard guard{lock_};
  return unmaps_;
}

void Tile::forget_calls() {
  const std::lock_guard guard{lock_};
  flushes_.clear();
  unmaps_.clear();
  map_calls_ = 0;
  unmap_calls_ = 0;
}

std::byte* Tile::bytes_at(Address where, Access access) const {
  const Entry* entry = find(where);
  if (!entry) return nullptr;
  const auto& [interval, mapping] = *entry;
  if (access != Access::read && mapping.writable == Writable::no) return nullptr;
  if (access == Access::atomic && mapping.atomics == Atomics::faulting) return nullptr;
  if (mapping.protocol == pagemap::Protocol::system) {
    if (access != Access::read) machine_.note_written(where);
    return machine_.system_bytes(where);
  }
  const Bytes offset = mapping.extent.offset + (where - interval.begin);
  return machine_.tiles[mapping.extent.pagemap->index()]->vram.data() + offset.count;
}

template <typename Operation>
Status Tile::access(Address where, Access access, Operation operation) {
  for (int i = 0; i < access_limit; ++i) {
    {
      // The access and the page table are one: unmap() and flush() wait for it.
      const std::lock_guard guard{lock_};
      if (std::byte* bytes = bytes_at(where, access)) {
        operation(word_at(bytes));
        return Status::ok;
      }
    }
    ZESVM_TRY(machine_.space().fault(id, where, access));
  }
  return Status::timed_out;
}

Status Tile::write(Address where, std::uint64_t value) {
  return access(where, Access::write, [&](auto word) { word.store(value); });
}

Result<std::uint64_t> Tile::read(Address where) {
  std::uint64_t value = 0;
  ZESVM_TRY(access(where, Access::read, [&](auto word) { value = word.load(); }));
  return value;
}

Status Tile::add(Address where, std::uint64_t value) {
  return access(where, Access::atomic, [&](auto word) { word.fetch_add(value); });
}

}  // namespace zesvm::svm::fake
