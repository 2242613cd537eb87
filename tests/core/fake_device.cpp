#include "core/fake_device.hpp"

#include <algorithm>
#include <cstdlib>

namespace zesvm::svm::fake {
namespace {

// What a failed copy leaves at its destination.
constexpr int rubbish = 0xdb;

}  // namespace

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

LazyBytes::LazyBytes(Bytes size)
    : size_(size), bytes_(static_cast<std::byte*>(std::calloc(size.count, 1))) {}
LazyBytes::~LazyBytes() { std::free(bytes_); }

void FakeInterconnect::connect_one_way(std::uint32_t from, std::uint32_t to, pagemap::Link link) {
  links_[{from, to}] = link;
}

Machine::Machine(Bytes memory) : memory_(memory), pages_(memory / cpu_page) {}

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

void Machine::meanwhile_until(std::function<void()> action, const std::function<bool()>& reached) {
  threads_.emplace_back(std::move(action));
  while (!reached()) std::this_thread::yield();
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
  const auto found = [&]() -> Result<CpuMapping> {
    const std::lock_guard guard{lock_};
    auto mapping = mappings_.upper_bound(where);
    if (mapping == mappings_.begin()) return Status::not_mapped;
    --mapping;
    if (!mapping->second.interval.contains(where)) return Status::not_mapped;
    return mapping->second;
  }();
  // After the look-up, so that what happens at the gate makes the answer old.
  plan.reach(Gate::mapping_at);
  return found;
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

std::byte* Machine::vram_bytes(pagemap::Extent extent) {
  return tiles[extent.pagemap->index()]->vram.data() + extent.offset.count;
}

Status Machine::copy(Gate gate, const std::byte* from, std::byte* to, Bytes size) {
  if (plan.reach(gate)) {
    std::memset(to, rubbish, size.count);
    return Status::copy_failed;
  }
  std::memcpy(to, from, size.count);
  copies_.fetch_add(1);
  copied_.fetch_add(size.count);
  return Status::ok;
}

Status Machine::copy_to_vram(Interval from, pagemap::Extent to) noexcept {
  return copy(Gate::copy_to_vram, system_bytes(from.begin), vram_bytes(to), to.size);
}

Status Machine::copy_to_system(pagemap::Extent from, Interval to) noexcept {
  ZESVM_TRY(copy(Gate::copy_to_system, vram_bytes(from), system_bytes(to.begin), from.size));
  const std::lock_guard guard{lock_};
  for (Address at = to.begin; at < to.end; at += cpu_page) page(at).is_populated = true;
  return Status::ok;
}

Status Machine::copy_between(Interval, pagemap::Extent from, pagemap::Extent to) noexcept {
  return copy(Gate::copy_between, vram_bytes(from), vram_bytes(to), to.size);
}

Status Machine::clear(pagemap::Extent extent) noexcept {
  const bool fails = plan.reach(Gate::clear);
  std::memset(vram_bytes(extent), fails ? rubbish : 0, extent.size.count);
  return fails ? Status::copy_failed : Status::ok;
}

void Machine::map(Interval interval, Writable writable, Migratable migratable) {
  const std::lock_guard guard{lock_};
  mappings_[interval.begin] = {interval, writable, migratable};
}

void Machine::replace_mappings(Interval interval, std::optional<Writable> writable) {
  const std::lock_guard guard{lock_};
  const std::map<Address, CpuMapping> before = mappings_;
  for (const auto& entry : before) {
    const CpuMapping mapping = entry.second;
    if (!mapping.interval.overlaps(interval)) continue;
    mappings_.erase(entry.first);
    const auto keep = [&](Interval part, Writable part_writable) {
      if (part.begin >= part.end) return;
      mappings_[part.begin] = {part, part_writable, mapping.migratable};
    };
    keep({mapping.interval.begin, interval.begin}, mapping.writable);
    if (writable) keep(mapping.interval.intersection(interval), *writable);
    keep({interval.end, mapping.interval.end}, mapping.writable);
  }
}

void Machine::unmap(Interval interval) {
  const Invalidation changing{*space_, interval, Event::unmap};
  replace_mappings(interval, {});
  const std::lock_guard guard{lock_};
  for (Address at = interval.begin; at < interval.end; at += cpu_page) page(at) = {};
  std::memset(system_bytes(interval.begin), 0, interval.size().count);
}

void Machine::protect(Interval interval, Writable writable) {
  const Invalidation changing{*space_, interval, Event::protect};
  replace_mappings(interval, writable);
}

Status Machine::write(Address where, std::uint64_t value) {
  for (int i = 0; i < access_limit; ++i) {
    {
      const std::lock_guard guard{lock_};
      if (!page(where).is_trapped) {
        word_at(system_bytes(where)).store(value);
        page(where).is_populated = true;
        return Status::ok;
      }
    }
    ZESVM_TRY(space_->cpu_fault(where, Access::write));
  }
  return Status::timed_out;
}

Result<std::uint64_t> Machine::read(Address where) {
  for (int i = 0; i < access_limit; ++i) {
    {
      const std::lock_guard guard{lock_};
      if (!page(where).is_trapped) {
        return word_at(system_bytes(where)).load();
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

std::size_t Machine::trapped_pages() const {
  const std::lock_guard guard{lock_};
  return static_cast<std::size_t>(std::ranges::count_if(pages_, &Page::is_trapped));
}

void Machine::note_written(Address where) {
  const std::lock_guard guard{lock_};
  page(where).is_populated = true;
}

}  // namespace zesvm::svm::fake
