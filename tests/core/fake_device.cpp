#include "core/fake_device.hpp"

#include <algorithm>

namespace zesvm::svm::fake {

// ---- FaultPlan -------------------------------------------------------------------------------

void FaultPlan::fail_at(int n) {
  const std::lock_guard guard{lock_};
  steps_ = 0;
  fail_at_ = n;
  has_failed_ = false;
}

void FaultPlan::fail_always(Gate gate) {
  const std::lock_guard guard{lock_};
  always_[static_cast<std::size_t>(gate)] = true;
}

void FaultPlan::clear() {
  const std::lock_guard guard{lock_};
  steps_ = 0;
  fail_at_ = 0;
  has_failed_ = false;
  always_ = {};
  actions_.clear();
}

void FaultPlan::at(Gate gate, std::function<void()> action) {
  const std::lock_guard guard{lock_};
  actions_[gate] = std::move(action);
}

int FaultPlan::steps() const {
  const std::lock_guard guard{lock_};
  return steps_;
}

bool FaultPlan::has_failed() const {
  const std::lock_guard guard{lock_};
  return has_failed_;
}

bool FaultPlan::reach(Gate gate) {
  std::function<void()> action;
  bool fails = false;
  {
    const std::lock_guard guard{lock_};
    if (const auto found = actions_.find(gate); found != actions_.end()) {
      action = std::move(found->second);
      actions_.erase(found);
    }
    const bool can_fail = gate != Gate::mapping_at && gate != Gate::populated &&
                          gate != Gate::unmap && gate != Gate::flush;
    if (can_fail) {
      fails = ++steps_ == fail_at_ || always_[static_cast<std::size_t>(gate)];
      has_failed_ |= fails;
    }
  }
  if (action) action();
  return fails;
}

void FakeClock::wait_until(Instant when) noexcept {
  waits_.fetch_add(1);
  std::int64_t seen = now_.load();
  while (seen < when.count() && !now_.compare_exchange_weak(seen, when.count())) {
  }
}

pagemap::Link FakeInterconnect::link(const pagemap::Pagemap& from,
                                     const pagemap::Pagemap& to) const noexcept {
  const auto found = links_.find({from.index(), to.index()});
  return found == links_.end() ? pagemap::Link{} : found->second;
}

void FakeInterconnect::connect(std::uint32_t a, std::uint32_t b, pagemap::Link link) {
  links_[{a, b}] = links_[{b, a}] = link;
}

// ---- Tile ------------------------------------------------------------------------------------

Tile::Tile(Machine& machine, std::uint32_t index, Bytes vram_size)
    : pagemap(index, "tile " + std::to_string(index), vram_size),
      vram(vram_size.count),
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
  cut(interval);
}

void Tile::flush(Interval interval) noexcept {
  machine_.plan.reach(Gate::flush);
  const std::lock_guard guard{lock_};
  flushes_.push_back(interval);
}

std::optional<Mapping> Tile::mapping_at(Address where) const {
  const std::lock_guard guard{lock_};
  auto entry = table_.upper_bound(where);
  if (entry == table_.begin()) return std::nullopt;
  --entry;
  if (!entry->second.interval.contains(where)) return std::nullopt;
  return entry->second.mapping;
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
  auto entry = table_.upper_bound(where);
  if (entry == table_.begin()) return nullptr;
  --entry;
  const auto& [interval, mapping] = entry->second;
  if (!interval.contains(where)) return nullptr;
  if (access != Access::read && mapping.writable == Writable::no) return nullptr;
  if (access == Access::atomic && mapping.atomics == Atomics::faulting) return nullptr;
  if (mapping.protocol == pagemap::Protocol::system) return machine_.system_bytes(where);
  const Bytes offset = mapping.extent.offset + (where - interval.begin);
  return machine_.tiles[mapping.extent.pagemap->index()]->vram.data() + offset.count;
}

template <typename Operation>
Status Tile::access(Address where, Access access, Operation operation) {
  // A kernel that faults for ever is a bug of the core: the test must not hang.
  for (int i = 0; i < 200; ++i) {
    {
      // The access and the page table are one: unmap() and flush() wait for it.
      const std::lock_guard guard{lock_};
      if (std::byte* bytes = bytes_at(where, access)) {
        operation(bytes);
        return Status::ok;
      }
    }
    ZESVM_TRY(machine_.space().fault(id, where, access));
  }
  return Status::timed_out;
}

Status Tile::write(Address where, std::uint64_t value) {
  return access(where, Access::write,
                [&](std::byte* bytes) { std::memcpy(bytes, &value, sizeof value); });
}

Result<std::uint64_t> Tile::read(Address where) {
  std::uint64_t value = 0;
  ZESVM_TRY(access(where, Access::read,
                   [&](std::byte* bytes) { std::memcpy(&value, bytes, sizeof value); }));
  return value;
}

Status Tile::add(Address where, std::uint64_t value) {
  return access(where, Access::atomic, [&](std::byte* bytes) {
    reinterpret_cast<std::atomic<std::uint64_t>*>(bytes)->fetch_add(value);
  });
}

// ---- Machine ---------------------------------------------------------------------------------

Machine::Machine(Bytes memory) : memory_(memory.count), pages_(memory / cpu_page) {}

Machine::~Machine() { join(); }

void Machine::meanwhile(std::function<void()> action) {
  const std::uint64_t before = invalidated_.load();
  space_->trace({[](void* machine, const TraceEvent& event) noexcept {
                   auto& count = static_cast<Machine*>(machine)->invalidated_;
                   if (event.decision != Decision::invalidated) return;
                   count.fetch_add(1);
                   count.notify_all();
                 },
                 this});
  threads_.emplace_back(std::move(action));
  invalidated_.wait(before);
}

void Machine::join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

AddressSpace& Machine::make_space(AddressSpaceOptions options) {
  if (options.interval == AddressSpaceOptions{}.interval) options.interval = {base, base + 2_GiB};
  options.interconnect = &interconnect;
  if (!options.clock) options.clock = &clock;
  if (options.collector == AddressSpaceOptions{}.collector)
    options.collector = Collector::at_faults;
  auto made = AddressSpace::create(options, *this, *this);
  space_ = *std::move(made);
  return *space_;
}

Tile& Machine::add_tile(Bytes vram, DeviceTraits traits) {
  tiles.push_back(std::make_unique<Tile>(*this, static_cast<std::uint32_t>(tiles.size()), vram));
  Tile& tile = *tiles.back();
  tile.id = *space_->join(tile, traits.is_discrete ? &tile.pagemap : nullptr, traits);
  return tile;
}

Result<CpuMapping> Machine::mapping_at(Address where) noexcept {
  plan.reach(Gate::mapping_at);
  const std::lock_guard guard{lock_};
  auto mapping = mappings_.upper_bound(where);
  if (mapping == mappings_.begin()) return Status::not_mapped;
  --mapping;
  if (!mapping->second.interval.contains(where)) return Status::not_mapped;
  return mapping->second;
}

Populated Machine::populated(Interval interval) noexcept {
  plan.reach(Gate::populated);
  const std::lock_guard guard{lock_};
  std::size_t populated = 0;
  for (Address at = interval.begin; at < interval.end; at += cpu_page)
    populated += page(at).is_populated;
  if (populated == 0) return Populated::none;
  return populated == interval.size() / cpu_page ? Populated::all : Populated::some;
}

Status Machine::trap(Interval interval) noexcept {
  if (plan.reach(Gate::trap)) return Status::busy;
  const std::lock_guard guard{lock_};
  for (Address at = interval.begin; at < interval.end; at += cpu_page) page(at).is_trapped = true;
  return Status::ok;
}

void Machine::untrap(Interval interval) noexcept {
  const std::lock_guard guard{lock_};
  for (Address at = interval.begin; at < interval.end; at += cpu_page) page(at).is_trapped = false;
}

void Machine::clear(Interval interval) noexcept {
  const std::lock_guard guard{lock_};
  for (Address at = interval.begin; at < interval.end; at += cpu_page)
    page(at).is_populated = false;
  std::memset(system_bytes(interval.begin), 0, interval.size().count);
}

void Machine::count(Bytes size) {
  copies_.fetch_add(1);
  copied_.fetch_add(size.count);
}

Status Machine::copy_to_vram(Interval from, pagemap::Extent to) noexcept {
  if (plan.reach(Gate::copy_to_vram)) return Status::copy_failed;
  std::memcpy(tiles[to.pagemap->index()]->vram.data() + to.offset.count, system_bytes(from.begin),
              to.size.count);
  count(to.size);
  return Status::ok;
}

Status Machine::copy_to_system(pagemap::Extent from, Interval to) noexcept {
  if (plan.reach(Gate::copy_to_system)) return Status::copy_failed;
  std::memcpy(system_bytes(to.begin), tiles[from.pagemap->index()]->vram.data() + from.offset.count,
              from.size.count);
  count(from.size);
  const std::lock_guard guard{lock_};
  for (Address at = to.begin; at < to.end; at += cpu_page) page(at).is_populated = true;
  return Status::ok;
}

Status Machine::copy_between(pagemap::Extent from, pagemap::Extent to) noexcept {
  if (plan.reach(Gate::copy_between)) return Status::copy_failed;
  std::memcpy(tiles[to.pagemap->index()]->vram.data() + to.offset.count,
              tiles[from.pagemap->index()]->vram.data() + from.offset.count, to.size.count);
  count(to.size);
  return Status::ok;
}

Status Machine::clear(pagemap::Extent extent) noexcept {
  if (plan.reach(Gate::clear)) return Status::copy_failed;
  std::memset(tiles[extent.pagemap->index()]->vram.data() + extent.offset.count, 0,
              extent.size.count);
  return Status::ok;
}

void Machine::map(Interval interval, Writable writable, Migratable migratable) {
  const std::lock_guard guard{lock_};
  mappings_[interval.begin] = {interval, writable, migratable};
}

void Machine::unmap(Interval interval) {
  space_->invalidate(interval, Event::unmap);
  const std::lock_guard guard{lock_};
  const std::map<Address, CpuMapping> before = mappings_;
  for (const auto& [begin, mapping] : before) {
    if (!mapping.interval.overlaps(interval)) continue;
    mappings_.erase(begin);
    const auto keep = [&](Interval part) {
      if (part.begin >= part.end) return;
      mappings_[part.begin] = {part, mapping.writable, mapping.migratable};
    };
    keep({mapping.interval.begin, interval.begin});
    keep({interval.end, mapping.interval.end});
  }
  for (Address at = interval.begin; at < interval.end; at += cpu_page) page(at) = {};
  std::memset(system_bytes(interval.begin), 0, interval.size().count);
}

void Machine::protect(Interval interval, Writable writable) {
  space_->invalidate(interval, Event::protect);
  const std::lock_guard guard{lock_};
  const std::map<Address, CpuMapping> before = mappings_;
  for (const auto& [begin, mapping] : before) {
    if (!mapping.interval.overlaps(interval)) continue;
    mappings_.erase(begin);
    const auto keep = [&](Interval part, Writable part_writable) {
      if (part.begin >= part.end) return;
      mappings_[part.begin] = {part, part_writable, mapping.migratable};
    };
    keep({mapping.interval.begin, interval.begin}, mapping.writable);
    keep(mapping.interval.intersection(interval), writable);
    keep({interval.end, mapping.interval.end}, mapping.writable);
  }
}

Status Machine::write(Address where, std::uint64_t value) {
  for (int i = 0; i < 200; ++i) {
    {
      const std::lock_guard guard{lock_};
      if (!page(where).is_trapped) {
        std::memcpy(system_bytes(where), &value, sizeof value);
        page(where).is_populated = true;
        return Status::ok;
      }
    }
    ZESVM_TRY(space_->cpu_fault(where, Access::write));
  }
  return Status::timed_out;
}

Result<std::uint64_t> Machine::read(Address where) {
  for (int i = 0; i < 200; ++i) {
    {
      const std::lock_guard guard{lock_};
      if (!page(where).is_trapped) {
        std::uint64_t value = 0;
        std::memcpy(&value, system_bytes(where), sizeof value);
        return value;
      }
    }
    ZESVM_TRY(space_->cpu_fault(where, Access::read));
  }
  return Status::timed_out;
}

void Machine::populate(Interval interval, std::uint64_t seed) {
  for (Address at = interval.begin; at < interval.end; at += cpu_page)
    (void)write(at, seed + at.value);
}

bool Machine::is_trapped(Address where) const {
  const std::lock_guard guard{lock_};
  return pages_[(where - base) / cpu_page].is_trapped;
}

}  // namespace zesvm::svm::fake
