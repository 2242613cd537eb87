#include "svm/core.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace zesvm::svm {
namespace {

std::uint8_t log2_of(Bytes size) { return static_cast<std::uint8_t>(std::countr_zero(size.count)); }

}  // namespace

AddressSpace::Core::Core(AddressSpaceOptions options, CpuView& cpu, pagemap::MemoryMover& mover)
    : options_(std::move(options)),
      cpu_(cpu),
      mover_(mover),
      clock_(options_.clock ? *options_.clock : Clock::steady()),
      shape_(options_.chunk_sizes, options_.notifier_size),
      tables_(shape_),
      notifier_shift_(log2_of(options_.notifier_size)),
      attributes_(options_.interval, *this) {
  root_count_ = options_.interval.size() / options_.notifier_size;
  const std::size_t bytes = root_count_ * sizeof(std::atomic<Table*>);
  roots_ = static_cast<std::atomic<Table*>*>(arena_allocate(bytes));
  if (!roots_) throw std::bad_alloc{};
  // Large arrays come zeroed from the kernel, and stay unpopulated where there is no notifier.
  if (bytes <= (std::size_t{1} << 20))
    for (std::size_t i = 0; i < root_count_; ++i) new (&roots_[i]) std::atomic<Table*>{nullptr};
}

AddressSpace::Core::~Core() {
  stop_collector();
  drop_everything();
  for_each_device([](Device& device) {
    if (device.vram) device.vram->wait_for_evictions();
  });
  {
    Lock guard{lock_};
    attributes_.clear();
    for (auto& [begin, notifier] : notifiers_) arena_delete(notifier);
    notifiers_.clear();
  }
  arena_free(roots_, root_count_ * sizeof(std::atomic<Table*>));
  DeviceTable* table = devices_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; table && i < table->count; ++i) arena_delete(table->devices[i]);
  while (table) {
    DeviceTable* outgrown = table->outgrown;
    arena_free(table, sizeof(DeviceTable) + table->count * sizeof(Device*));
    table = outgrown;
  }
}

void AddressSpace::Core::start() {
  if (options_.collector == Collector::background)
    collector_ = std::thread{[this] { collector_loop(); }};
}

void AddressSpace::Core::stop_collector() {
  {
    Lock guard{queue_lock_};
    stops_ = true;
    queue_filled_.notify_all();
  }
  if (collector_.joinable()) collector_.join();
}

void AddressSpace::Core::drop_everything() noexcept {
  collect_unmapped();
  for_each_held(options_.interval, [&](Range& range) {
    remove_range(range);
    if (pagemap::Pagemap* pagemap = range.block.pagemap()) pagemap->release(range.block);
  });
  Address cursor = options_.interval.begin;
  while (const NotifierRef notifier = find_notifier({cursor, options_.interval.end})) {
    unmap_devices(*notifier, notifier->interval(), nullptr);
    cursor = notifier->interval().end;
  }
}

// ---- devices ---------------------------------------------------------------------------------

Result<DeviceId> AddressSpace::Core::join(DevicePort& port, pagemap::Pagemap* vram,
                                          const DeviceTraits& traits) {
  if (vram && device_of(vram)) return Status::invalid_argument;
  Lock guard{lock_};
  DeviceTable* before = devices_.load(std::memory_order_relaxed);
  const std::size_t count = before ? before->count : 0;
  if (count == 0xffff) return Status::invalid_argument;
  void* memory = arena_allocate(sizeof(DeviceTable) + (count + 1) * sizeof(Device*));
  auto* device = arena_new<Device>(DeviceId{static_cast<std::uint16_t>(count)}, port, vram, traits);
  if (!memory || !device) {
    arena_free(memory, sizeof(DeviceTable) + (count + 1) * sizeof(Device*));
    arena_delete(device);
    return Status::out_of_host_memory;
  }
  auto* grown = new (memory) DeviceTable;
  std::copy_n(before ? before->devices : nullptr, count, grown->devices);
  grown->devices[count] = device;
  grown->count = count + 1;
  grown->outgrown = before;
  devices_.store(grown, std::memory_order_release);
  return device->id;
}

Device* AddressSpace::Core::device_at(DeviceId device) const noexcept {
  const DeviceTable* table = devices_.load(std::memory_order_acquire);
  return table && device.index < table->count ? table->devices[device.index] : nullptr;
}

Device* AddressSpace::Core::device_of(const pagemap::Pagemap* pagemap) const noexcept {
  Device* found = nullptr;
  if (pagemap)
    for_each_device([&](Device& device) {
      if (device.vram == pagemap) found = &device;
    });
  return found;
}

DeviceId AddressSpace::Core::id_of(const pagemap::Pagemap& pagemap) const noexcept {
  const Device* device = device_of(&pagemap);
  return device ? device->id : DeviceId{};
}

Status AddressSpace::Core::leave(DeviceId id, Content content) {
  Device* device = device_at(id);
  if (!device) return Status::no_device;
  const bool was_gone = device->is_gone.exchange(true, std::memory_order_acq_rel);
  if (content == Content::lost) device->is_lost.store(true, std::memory_order_release);
  if (device->vram) device->vram->close();
  Status worst = Status::ok;
  // After close() no block of it is handed over any more, so one pass finds all of them.
  for_each_held(options_.interval, [&](Range& range) {
    if (!device->vram || range.block.pagemap() != device->vram) return;
    if (content == Content::lost) range.pins.store(0, std::memory_order_release);
    const Status moved = migrate_to_system(range, pagemap::Cause::device_removal);
    if (moved != Status::ok) worst = moved;
  });
  Address cursor = options_.interval.begin;
  while (const NotifierRef notifier = find_notifier({cursor, options_.interval.end})) {
    Lock guard{notifier->lock()};
    notifier->begin_invalidation();
    notifier->table().for_each(notifier->interval(), [&](Range& range) {
      range.for_each_pages([&](std::atomic<std::uint64_t>& word) {
        const Pages pages{word.load(std::memory_order_relaxed)};
        if (!pages.belongs_to(id)) return;
        if (pages.has(Pages::mapped)) device->port.unmap(range.interval(), pages.direction());
        word.store(0, std::memory_order_release);
      });
    });
    for (UserSegment* segment = notifier->user_segments(); segment; segment = segment->next) {
      if (segment->device != id || !segment->is_mapped) continue;
      device->port.unmap(segment->interval, segment->direction);
      segment->is_mapped = false;
    }
    device->port.flush(notifier->interval());
    notifier->end_invalidation();
    cursor = notifier->interval().end;
  }
  {
    Lock guard{lock_};
    attributes_.forget(id);
    rules_version_.fetch_add(1, std::memory_order_acq_rel);
  }
  note_change();
  return worst == Status::ok && was_gone ? Status::no_device : worst;
}

// ---- notifiers -------------------------------------------------------------------------------

Rules AddressSpace::Core::rules_at(Address where) const noexcept {
  Rules rules;
  rules.version = rules_version_.load(std::memory_order_acquire);
  rules.interval = options_.interval;
  if (!has_rules_.load(std::memory_order_acquire)) return rules;
  SharedLock guard{lock_};
  rules.version = rules_version_.load(std::memory_order_acquire);
  const AttributeInterval found = attributes_.at(where);
  rules.attributes = found.attributes;
  rules.interval = found.interval;
  for (const Interval& removed : removed_mirrors_) {
    if (removed.contains(where)) rules.is_mirrored = false;
    if (removed.end <= where) rules.interval.begin = std::max(rules.interval.begin, removed.end);
    if (removed.begin > where) rules.interval.end = std::min(rules.interval.end, removed.begin);
  }
  return rules;
}

AddressSpace::Core::NotifierRef AddressSpace::Core::notifier_at(Address where) noexcept {
  const Interval interval = Interval::chunk_at(where, options_.notifier_size);
  {
    SharedLock guard{lock_};
    const auto found = notifiers_.find(interval.begin);
    if (found != notifiers_.end()) {
      found->second->references().fetch_add(1, std::memory_order_acq_rel);
      return {*this, found->second};
    }
  }
  Lock guard{lock_};
  auto& notifier = notifiers_[interval.begin];
  if (!notifier) {
    notifier = arena_new<Notifier>(interval, tables_);
    if (!notifier || !notifier->is_usable()) {
      arena_delete(notifier);
      notifiers_.erase(interval.begin);
      return {};
    }
    const std::size_t index = (interval.begin - options_.interval.begin).count >> notifier_shift_;
    roots_[index].store(const_cast<Table*>(notifier->root()), std::memory_order_release);
  }
  notifier->references().fetch_add(1, std::memory_order_acq_rel);
  return {*this, notifier};
}

AddressSpace::Core::NotifierRef AddressSpace::Core::find_notifier(Interval interval) noexcept {
  if (interval.is_empty()) return {};
  SharedLock guard{lock_};
  const auto found = notifiers_.lower_bound(align_down(interval.begin, options_.notifier_size));
  if (found == notifiers_.end() || found->first >= interval.end) return {};
  found->second->references().fetch_add(1, std::memory_order_acq_rel);
  return {*this, found->second};
}

AddressSpace::Core::NotifierRef AddressSpace::Core::keep_notifier(Address where) noexcept {
  return find_notifier(Interval::chunk_at(where, options_.notifier_size));
}

void AddressSpace::Core::drop_notifier(Notifier& notifier) noexcept {
  const Address begin = notifier.interval().begin;
  if (notifier.references().fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // Somebody may find it again, or even remove it, before the lock is here: it is looked up anew.
  Lock guard{lock_};
  const auto found = notifiers_.find(begin);
  if (found == notifiers_.end() || found->second != &notifier) return;
  if (notifier.references().load(std::memory_order_acquire) != 0) return;
  const std::size_t index = (begin - options_.interval.begin).count >> notifier_shift_;
  roots_[index].store(nullptr, std::memory_order_release);
  notifiers_.erase(found);
  arena_delete(&notifier);
}

}  // namespace zesvm::svm
