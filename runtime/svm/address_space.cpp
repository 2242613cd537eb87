#include "svm/address_space.hpp"

#include "svm/core.hpp"

namespace zesvm::svm {
namespace {

bool are_valid(const AddressSpaceOptions& options) {
  const auto& sizes = options.chunk_sizes;
  if (sizes.empty() || sizes.size() > TableShape::max_levels || sizes.back() != cpu_page)
    return false;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (!is_power_of_two(sizes[i]) || (i > 0 && sizes[i] >= sizes[i - 1])) return false;
  const Bytes notifier = options.notifier_size;
  if (!is_power_of_two(notifier) || notifier < sizes.front()) return false;
  const Interval interval = options.interval;
  return interval.begin < interval.end && is_aligned(interval.begin, notifier) &&
         is_aligned(interval.end, notifier);
}

}  // namespace

Result<std::unique_ptr<AddressSpace>> AddressSpace::create(AddressSpaceOptions options,
                                                           CpuView& cpu,
                                                           pagemap::MemoryMover& mover) {
  if (!are_valid(options)) return Status::invalid_argument;
  auto core = std::make_unique<Core>(std::move(options), cpu, mover);
  core->start();
  return std::unique_ptr<AddressSpace>{new AddressSpace{std::move(core)}};
}

AddressSpace::AddressSpace(std::unique_ptr<Core> core) : core_(std::move(core)) {}
AddressSpace::~AddressSpace() = default;

void AddressSpace::close() {
  core_->closed_.store(true, std::memory_order_release);
  core_->stop_collector();
}

Result<DeviceId> AddressSpace::join(DevicePort& port, pagemap::Pagemap* vram, DeviceTraits traits) {
  return core_->join(port, vram, traits);
}
Status AddressSpace::leave(DeviceId device) { return core_->leave(device, Content::kept); }
Status AddressSpace::lose(DeviceId device) { return core_->leave(device, Content::lost); }

Status AddressSpace::fault(DeviceId device, Address where, Access access) noexcept {
  return core_->fault(device, where, access);
}
Status AddressSpace::cpu_fault(Address where, Access access) noexcept {
  return core_->cpu_fault(where, access);
}
std::size_t AddressSpace::collect_unmapped() noexcept { return core_->collect_unmapped(); }
Status AddressSpace::prepare(DeviceId device, std::span<const AccessedInterval> accesses,
                             PreparedState* state) noexcept {
  return core_->prepare(device, accesses, state);
}

Result<HintResult> AddressSpace::advise(Interval interval, const Advice& advice,
                                        std::optional<DeviceId> accessor) {
  return core_->advise(interval, advice, accessor);
}
std::vector<AttributeInterval> AddressSpace::attributes(Interval interval) const {
  std::vector<AttributeInterval> found;
  SharedLock guard{core_->lock_};
  for (Address at = interval.begin; at < interval.end; at = found.back().interval.end)
    found.push_back(core_->attributes_.at(at, interval));
  return found;
}
Result<HintResult> AddressSpace::prefetch(std::span<const Interval> intervals, Place place,
                                          std::optional<DeviceId> requester) {
  return core_->prefetch(intervals, place, requester);
}
Result<HintResult> AddressSpace::migrate_to_system(Interval interval, pagemap::Cause cause) {
  return core_->migrate_interval_to_system(interval, cause);
}
Result<HintResult> AddressSpace::discard(Interval interval) { return core_->discard(interval); }

Invalidation::Invalidation(AddressSpace& space, Interval interval, Event event) noexcept
    : space_(space), interval_(interval) {
  space_.core_->begin_invalidation(*this, event);
}
Invalidation::~Invalidation() { space_.core_->end_invalidation(*this); }

bool AddressSpace::has_mapping(Interval interval) const { return core_->has_mapping(interval); }
Status AddressSpace::remove_mirror(Interval interval) { return core_->remove_mirror(interval); }
Status AddressSpace::restore_mirror(Interval interval) { return core_->restore_mirror(interval); }
Residency AddressSpace::residency(Interval interval) const { return core_->residency(interval); }

std::optional<Interval> AddressSpace::range_at(Address where) const noexcept {
  const Core& core = *core_;
  if (!core.options_.interval.contains(where)) return std::nullopt;
  const std::size_t index = (where - core.options_.interval.begin).count >> core.notifier_shift_;
  std::size_t level = 0;
  const Range* range = RangeTable::find(core.roots_[index].load(std::memory_order_acquire),
                                        core.shape_, where, &level);
  if (!range) return std::nullopt;
  // The slot's level tells the size: the range itself is not read.
  return Interval::chunk_at(where, {std::uint64_t{1} << core.shape_.slot_shift[level]});
}

std::optional<PlaceHint> AddressSpace::place_hint(Address where) const noexcept {
  const RangeRef range = core_->find(where);
  if (!range) return std::nullopt;
  return PlaceHint{range->interval(), range->block.pagemap()};
}

bool AddressSpace::is_valid_hint(DeviceId id, Address where, Access access) const noexcept {
  const Device* device = core_->device_at(id);
  const RangeRef range = core_->find(where);
  return device && range && core_->is_valid(*device, *range, core_->rules_at(where), access);
}

Status AddressSpace::reserve_device_memory(DeviceId device, Interval interval) {
  return core_->reserve_device_memory(device, interval);
}
Status AddressSpace::release_device_memory(Interval interval) {
  return core_->release_device_memory(interval);
}
Status AddressSpace::pin(Interval interval) { return core_->pin(interval); }
void AddressSpace::unpin(Interval interval) { core_->unpin(interval); }
Status AddressSpace::hold_on_host(Interval interval) { return core_->hold_on_host(interval); }
void AddressSpace::release_on_host(Interval interval) { core_->release_on_host(interval); }

Result<UserPagesId> AddressSpace::user_pages(DeviceId device, Interval interval, Access access) {
  return core_->user_pages(device, interval, access);
}
bool AddressSpace::user_pages_valid(UserPagesId pages) const {
  return core_->user_pages_valid(pages);
}
void AddressSpace::release_user_pages(UserPagesId pages) { core_->release_user_pages(pages); }

Result<DeviceStatistics> AddressSpace::statistics(DeviceId id) const {
  const Device* device = core_->device_at(id);
  if (!device) return Status::no_device;
  return device->counters.read();
}

SpaceStatistics AddressSpace::statistics() const {
  SpaceStatistics read;
  for (std::size_t i = 0; i < outcome_count; ++i)
    read.hints[i] = core_->hint_counts_[i].load(std::memory_order_relaxed);
  read.cpu_faults = core_->cpu_faults_.load(std::memory_order_relaxed);
  read.collected_ranges = core_->collected_.load(std::memory_order_relaxed);
  read.removed_for_advice = core_->removed_for_advice_.load(std::memory_order_relaxed);
  read.invalidations = core_->invalidations_.load(std::memory_order_relaxed);
  return read;
}

void AddressSpace::trace(TraceHook hook) noexcept {
  Lock guard{core_->hooks_lock_};
  core_->hooks_.push_back(std::make_unique<TraceHook>(hook));
  core_->hook_.store(hook.receive ? core_->hooks_.back().get() : nullptr,
                     std::memory_order_release);
}

std::size_t AddressSpace::range_count() const {
  return core_->range_count_.load(std::memory_order_relaxed);
}
std::size_t AddressSpace::notifier_count() const {
  SharedLock guard{core_->lock_};
  return core_->notifiers_.size();
}
std::size_t AddressSpace::device_count() const {
  std::size_t count = 0;
  core_->for_each_device([&](const Device& device) {
    if (!device.is_gone.load(std::memory_order_acquire)) ++count;
  });
  return count;
}

std::vector<Interval> AddressSpace::ranges(Interval interval) const {
  std::vector<Interval> found;
  core_->for_each_range(interval, [&](RangeRef& range) {
    if (range->is_live()) found.push_back(range->interval());
  });
  return found;
}

Bytes AddressSpace::bookkeeping() const {
  const Bytes per_notifier{sizeof(Notifier) + sizeof(Core::Notifiers::value_type) + 32 +
                           sizeof(std::atomic<Table*>)};
  return core_->tables_.in_use() + core_->pool_.in_use() + per_notifier * notifier_count();
}

const AddressSpaceOptions& AddressSpace::options() const { return core_->options_; }
void AddressSpace::check_invariants() const { core_->check_invariants(); }

}  // namespace zesvm::svm
