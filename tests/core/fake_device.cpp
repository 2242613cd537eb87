#include "core/fake_device.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace zesvm::svm::fake {
namespace {

// Who faults for ever shows a bug of the core: the test must not hang.
constexpr int access_limit = 10000;

// What a failed copy leaves at its destination.
constexpr int rubbish = 0xdb;

using Word = std::atomic_ref<std::uint64_t>;
Word word_at(std::byte* bytes) { return Word{*reinterpret_cast<std::uint64_t*>(bytes)}; }

std::string text_of(Interval interval) {
  std::ostringstream text;
  text << std::hex << "[" << interval.begin.value << ", " << interval.end.value << ")";
  return text.str();
}

}  // namespace

// ---- FaultPlan -------------------------------------------------------------------------------

void FaultPlan::fail_at(int n) {
  const std::lock_guard guard{lock_};
  steps_ = 0;
  reached_ = {};
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
  reached_ = {};
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

int FaultPlan::reached(Gate gate) const {
  const std::lock_guard guard{lock_};
  return reached_[static_cast<std::size_t>(gate)];
}

bool FaultPlan::is_set() const {
  const std::lock_guard guard{lock_};
  return steps_ < fail_at_ || std::ranges::count(always_, true) > 0;
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
    ++reached_[static_cast<std::size_t>(gate)];
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

LazyBytes::LazyBytes(Bytes size)
    : size_(size), bytes_(static_cast<std::byte*>(std::calloc(size.count, 1))) {}
LazyBytes::~LazyBytes() { std::free(bytes_); }

void FakeInterconnect::connect_one_way(std::uint32_t from, std::uint32_t to, pagemap::Link link) {
  links_[{from, to}] = link;
}

// ---- Tile ------------------------------------------------------------------------------------

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
  return access(where, Access::write, [&](Word word) { word.store(value); });
}

Result<std::uint64_t> Tile::read(Address where) {
  std::uint64_t value = 0;
  ZESVM_TRY(access(where, Access::read, [&](Word word) { value = word.load(); }));
  return value;
}

Status Tile::add(Address where, std::uint64_t value) {
  return access(where, Access::atomic, [&](Word word) { word.fetch_add(value); });
}

// ---- Machine ---------------------------------------------------------------------------------

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

Status Machine::copy_between(pagemap::Extent from, pagemap::Extent to) noexcept {
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

// What is going is gone for mapping_at() before the space hears of it: a fault that comes after
// the invalidation must not map it again.
void Machine::unmap(Interval interval) {
  replace_mappings(interval, {});
  space_->invalidate(interval, Event::unmap);
  const std::lock_guard guard{lock_};
  for (Address at = interval.begin; at < interval.end; at += cpu_page) page(at) = {};
  std::memset(system_bytes(interval.begin), 0, interval.size().count);
}

void Machine::protect(Interval interval, Writable writable) {
  replace_mappings(interval, writable);
  space_->invalidate(interval, Event::protect);
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

void Machine::compare(const Tile& tile, std::vector<std::string>& found) {
  for (const Interval mapped : tile.mapped())
    if (!space_->has_mapping(mapped)) found.push_back("mapped without range: " + text_of(mapped));
  for (const Interval range : space_->ranges(memory())) {
    const ChunkResidency chunk = space_->residency(range).chunks.at(0);
    const std::optional<Mapping> told = tile.mapping_at(range.begin);
    for (const auto& on : chunk.mapped_on) {
      if (on.device != tile.id) continue;
      if (!told || told->protocol != on.protocol)
        found.push_back("the core believes in another mapping: " + text_of(range));
      else if (chunk.pagemap && told->extent != chunk.extent)
        found.push_back("mapped elsewhere in VRAM: " + text_of(range));
      else if ((chunk.pagemap == nullptr) != (told->protocol == pagemap::Protocol::system))
        found.push_back("mapped to another memory: " + text_of(range));
    }
  }
  if (!tile.stale().empty()) found.push_back("never flushed: " + text_of(tile.stale().front()));
  for (const std::string& complaint : tile.complaints()) found.push_back(complaint);
}

std::vector<std::string> Machine::disagreements() {
  std::vector<std::string> found;
  space_->check_invariants();
  Bytes trapped;
  std::map<const pagemap::Pagemap*, Bytes> used;
  Address end_before{};
  for (const Interval range : space_->ranges(memory())) {
    if (range.begin < end_before) found.push_back("ranges overlap: " + text_of(range));
    end_before = range.end;
    const ChunkResidency chunk = space_->residency(range).chunks.at(0);
    if (!chunk.pagemap) continue;
    used[chunk.pagemap] += range.size();
    if (!chunk.is_device_memory) trapped += range.size();
    if (!chunk.is_device_memory && !is_trapped(range.begin))
      found.push_back("in VRAM, and the CPU is not trapped: " + text_of(range));
  }
  if (trapped != cpu_page * trapped_pages())
    found.push_back("the CPU is trapped where nothing is in VRAM");
  for (const auto& tile : tiles) {
    tile->pagemap.check_invariants();
    compare(*tile, found);
    if (tile->pagemap.usage().used != used[&tile->pagemap]) found.push_back("VRAM leaked");
    if (tile->pagemap.usage().pinned_blocks != 0) found.push_back("a block stayed pinned");
  }
  return found;
}

}  // namespace zesvm::svm::fake
