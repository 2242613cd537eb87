#include "levelzero/paged_memory.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "levelzero/call.hpp"
#include "levelzero/context.hpp"
#include "levelzero/paged_port.hpp"
#include "levelzero/work_trace.hpp"

namespace zesvm::levelzero {
namespace {

// 2 MiB: the largest chunk. Allocations begin at one, or are smaller than one.
constexpr Bytes largest_chunk = 2_MiB;

// What is wished for on real drivers: far below where the kernel puts mappings of its own accord, so
// that a hole a driver leaves for a moment is not taken by somebody else.
constexpr Address first_wish{0x2000'0000'0000};

// Faults are watched in intervals of this size, each once, so that freed memory leaves nothing behind.
constexpr Bytes watched_size = 1_GiB * 64;

// How long, and how often at least, a launch tries to get memory that the CPU keeps taking: on a busy
// machine a try may take long, and says little about the others.
constexpr auto launch_patience = std::chrono::seconds{5};
constexpr int least_tries = 1000;

svm::Access access_of(AccessMode mode) {
  switch (mode) {
    case AccessMode::read: return svm::Access::read;
    case AccessMode::write:
    case AccessMode::read_write: return svm::Access::write;
    case AccessMode::atomic: return svm::Access::atomic;
  }
  return svm::Access::write;
}

}  // namespace

PagedMemory::PagedMemory(Context& context)
    : context_(context), devices_(context, host_), links_(context), next_wish_(first_wish) {
  host_.set_devices(devices_);
  std::size_t page = 0;
  const Tile& first = context.tiles().front();
  ZESVM_ZE(
      zeVirtualMemQueryPageSize(context.handle(), first.handle, smallest_device_page.count, &page),
      "asking for the page size of virtual memory");
  if (page > smallest_device_page.count)
    throw Error(ErrorCode::unsupported, first.name + " maps pages of " + std::to_string(page) +
                                            " bytes at least: too large for the paged backing");
  svm::AddressSpaceOptions options;
  options.collector = svm::Collector::at_faults;
  options.interconnect = &links_;
  auto core = svm::AddressSpace::create(options, host_, devices_);
  core_ = *std::move(core);
  if (WorkTrace* const trace = context.trace()) core_->trace(trace->hook());
  for (const Tile& tile : context.tiles()) {
    // Some is left for what the driver itself needs there.
    const Bytes capacity = align_down(Bytes{tile.memory_bytes / 16 * 15}, largest_chunk);
    vram_.push_back(std::make_unique<pagemap::Pagemap>(static_cast<std::uint32_t>(tile.index),
                                                       tile.name, capacity, smallest_device_page));
    ports_.push_back(std::make_unique<PagedPort>(devices_, tile.index));
    const svm::DeviceTraits traits{.needs_prepare = true,
                                   .maps_system_memory = devices_.can_share_host(),
                                   .smallest_migratable = smallest_device_page};
    if (!core_->join(*ports_.back(), vram_.back().get(), traits))
      throw Error(ErrorCode::unsupported, "no paged memory on " + tile.name);
  }
  if (context.cpu_touch() != CpuTouch::unhandled)
    faults_ = std::make_unique<CpuFaults>(static_cast<CpuFaultResolver&>(*this));
}

PagedMemory::~PagedMemory() {
  for (const Interval& interval : host_.all()) {
    try {
      free(interval);
    } catch (const Error&) {
      // The driver's; its context goes next.
    }
  }
  faults_.reset();
  const Lock guard{work_lock_};
  while (!reservations_.empty()) {
    const Address begin = reservations_.begin()->first;
    release(begin);
    reservations_.erase(begin);
  }
}

void PagedMemory::try_reservation(const Context& context) {
  const Bytes size = smallest_device_page;
  void* const wish = pointer_to<void>(context.is_simulated() ? no_wish : first_wish);
  void* begin = nullptr;
  ZESVM_ZE(zeVirtualMemReserve(context.handle(), wish, size.count, &begin),
           "reserving " + std::to_string(size.count) + " bytes of addresses");
  const auto give_back = [&](void* at) { zeVirtualMemFree(context.handle(), at, size.count); };
  const std::unique_ptr<void, decltype(give_back)> reserved(begin, give_back);
  const HostPages pages({address_of(begin), address_of(begin) + size});
}

Interval PagedMemory::allocate(Bytes size, Bytes alignment) {
  const Bytes chunk = size < largest_chunk / 2 ? smallest_device_page : largest_chunk;
  const Bytes whole = align_up(size, chunk);
  // A reservation begins at a multiple of its page; a larger alignment is found inside.
  const Bytes reserved = alignment > chunk ? whole + alignment : whole;
  const Lock guard{work_lock_};
  // Never null, which the validation layer of the oldest loader refuses.
  void* const wish = pointer_to<void>(context_.is_simulated() ? no_wish : next_wish_);
  void* begin = nullptr;
  ZESVM_ZE(zeVirtualMemReserve(context_.handle(), wish, reserved.count, &begin),
           "reserving " + std::to_string(reserved.count) + " bytes of addresses");
  next_wish_ += align_up(reserved, largest_chunk) + largest_chunk;
  const Address aligned = align_up(address_of(begin), std::max(alignment, smallest_device_page));
  const Interval interval{aligned, aligned + whole};
  try {
    host_.add(interval);
  } catch (...) {
    zeVirtualMemFree(context_.handle(), begin, reserved.count);
    throw;
  }
  reservations_.emplace(interval.begin, Interval{address_of(begin), address_of(begin) + reserved});
  watch(interval);
  return interval;
}

void PagedMemory::watch(Interval interval) {
  if (faults_ == nullptr) return;
  for (Address at = align_down(interval.begin, watched_size); at < interval.end;
       at += watched_size) {
    const Interval block{at, at + watched_size};
    if (std::find(watched_.begin(), watched_.end(), block) != watched_.end()) continue;
    watched_.push_back(block);
    faults_->watch(block);
  }
  CpuFaults::notice_displacement();
}

void PagedMemory::free(Interval footprint) {
  const Lock guard{work_lock_};
  wait_for_uses(footprint, Whose::anybody);
  { const svm::Invalidation gone{*core_, footprint, svm::Event::unmap}; }
  core_->collect_unmapped();
  devices_.drop(footprint);
  devices_.drop_shared(footprint);
  host_.remove(footprint);
  freed_.push_back(footprint);
  release_freed();
}

// Addresses are given back when nothing is mapped there any more: else with the next free().
void PagedMemory::release_freed() {
  std::erase_if(freed_, [&](Interval footprint) ZESVM_REQUIRES(work_lock_) {
    if (devices_.is_any_stuck(footprint)) return false;
    release(footprint.begin);
    return true;
  });
}

// What the driver does not take back now it is asked to again when this ends.
void PagedMemory::release(Address begin) {
  const auto reservation = reservations_.find(begin);
  if (reservation == reservations_.end()) return;
  const Interval reserved = reservation->second;
  if (zeVirtualMemFree(context_.handle(), pointer_to<void>(reserved.begin),
                       reserved.size().count) == ZE_RESULT_SUCCESS)
    reservations_.erase(reservation);
}

Interval PagedMemory::whole_pages(Interval interval) const {
  const HostPages* const pages = host_.find(interval.begin);
  const Interval wide{align_down(interval.begin, smallest_device_page),
                      align_up(interval.end, smallest_device_page)};
  return pages != nullptr ? wide.intersection(pages->interval()) : wide;
}

std::vector<svm::AccessedInterval> PagedMemory::paged_part(std::span<const Access> accesses) const {
  std::vector<svm::AccessedInterval> found;
  for (const Access& access : accesses) {
    const HostPages* const pages = host_.find(address_of(access.begin));
    if (pages == nullptr) continue;
    // Without a size: all of the allocation.
    Interval interval = pages->interval();
    if (access.bytes > 0)
      interval = whole_pages(
          Interval{address_of(access.begin), address_of(access.begin) + Bytes{access.bytes}}
              .intersection(pages->interval()));
    found.push_back({interval, access_of(access.mode)});
  }
  return found;
}

bool PagedMemory::is_any_paged(std::span<const Access> accesses) const {
  return std::any_of(accesses.begin(), accesses.end(),
                     [&](const Access& access) { return contains(access.begin); });
}

std::vector<Access> PagedMemory::everything(AccessMode mode) const {
  std::vector<Access> all;
  for (const Interval& interval : host_.all())
    all.push_back({pointer_to<void>(interval.begin), interval.size().count, mode});
  return all;
}

std::shared_ptr<Signal> PagedMemory::use_of(Interval interval, Whose whose,
                                            std::size_t tile) const {
  const Lock guard{uses_lock_};
  for (const Use& use : uses_) {
    if (whose == Whose::other_tiles && use.tile == tile) continue;
    for (const Interval& pinned : use.pinned)
      if (pinned.overlaps(interval)) return use.done;
  }
  return nullptr;
}

void PagedMemory::wait_for_uses(Interval interval, Whose whose, std::size_t tile) {
  while (const auto done = use_of(interval, whose, tile)) {
    try {
      done->wait();
    } catch (const Error&) {
      // A lost device uses nothing any more; those who wait for the work are told.
    }
    retire(done.get());
  }
}

void PagedMemory::retire(const Signal* done) {
  std::vector<Interval> pinned;
  {
    const Lock guard{uses_lock_};
    const auto found = std::find_if(uses_.begin(), uses_.end(),
                                    [&](const Use& use) { return use.done.get() == done; });
    // Another thread saw the signal first.
    if (found == uses_.end()) return;
    pinned = std::move(found->pinned);
    uses_.erase(found);
  }
  for (const Interval& interval : pinned) core_->unpin(interval);
}

void PagedMemory::retire_done() {
  std::vector<std::shared_ptr<Signal>> signals;
  {
    const Lock guard{uses_lock_};
    for (const Use& use : uses_) signals.push_back(use.done);
  }
  for (const auto& signal : signals) {
    bool is_done = true;
    try {
      is_done = signal->is_done();
    } catch (const Error&) {
      // As in wait_for_uses().
    }
    if (is_done) retire(signal.get());
  }
}

Status PagedMemory::make_ready(const Tile& tile, svm::AccessedInterval access) {
  // Busy: threads of the CPU touch it all the time. Each try lets some of them go on.
  const auto patience_ends = std::chrono::steady_clock::now() + launch_patience;
  for (int tries = 1;; ++tries) {
    const Status ready = try_to_make_ready(tile, access);
    if (ready != Status::busy) return ready;
    if (tries >= least_tries && std::chrono::steady_clock::now() >= patience_ends) return ready;
    std::this_thread::yield();
  }
}

// Before the core is asked to bring memory from other tiles: it believes links that were looked at.
void PagedMemory::look_at_links(const Tile& tile, Interval interval) {
  if (context_.tiles().size() == 1) return;
  for (const std::size_t other : devices_.tiles_in(interval)) {
    links_.look_at(other, tile.index);
    links_.look_at(tile.index, other);
  }
}

// What a tile has mapped already stays where it is, in the memory of a peer that is using it too.
bool PagedMemory::is_used_in_place(const Tile& tile, svm::AccessedInterval access) const {
  if (access.access == svm::Access::atomic) return false;
  const auto chunks = core_->residency(access.interval).chunks;
  return std::all_of(chunks.begin(), chunks.end(), [&](const svm::ChunkResidency& chunk) {
    return std::any_of(chunk.mapped_on.begin(), chunk.mapped_on.end(),
                       [&](const auto& mapped) { return mapped.device.index == tile.index; });
  });
}

Status PagedMemory::try_to_make_ready(const Tile& tile, svm::AccessedInterval access) {
  if (use_of(access.interval, Whose::other_tiles, tile.index) && !is_used_in_place(tile, access))
    wait_for_uses(access.interval, Whose::other_tiles, tile.index);
  look_at_links(tile, access.interval);
  // Host memory in use stays where it is, also when the tile has room for it by now.
  if (!devices_.shared_in(access.interval).empty()) wait_for_uses(access.interval, Whose::anybody);
  return core_->prepare({static_cast<std::uint16_t>(tile.index)}, {&access, 1});
}

Status PagedMemory::make_ready_and_pin(const Tile& tile, svm::AccessedInterval access,
                                       std::vector<Interval>& pinned) {
  // Piece by piece, each kept before the next: room for one is not made by taking another away.
  for (Address at = access.interval.begin; at < access.interval.end;) {
    const Address end =
        std::min(access.interval.end, align_down(at, largest_chunk) + largest_chunk);
    const svm::AccessedInterval piece{{at, end}, access.access};
    Status ready = make_ready(tile, piece);
    if (ready != Status::ok) {
      // Other work may keep all the room there is: it ends.
      wait_for_uses({{0}, {~std::uint64_t{0}}}, Whose::anybody);
      ready = make_ready(tile, piece);
    }
    ZESVM_TRY(ready);
    ZESVM_TRY(core_->pin(piece.interval));
    pinned.push_back(piece.interval);
    // A touch of the CPU may have taken it away before the pin; no more from now on.
    ZESVM_TRY(make_ready(tile, piece));
    at = end;
  }
  return Status::ok;
}

void PagedMemory::run(const Tile& tile, std::span<const Access> accesses,
                      const std::function<std::shared_ptr<Signal>()>& append) {
  const Lock guard{work_lock_};
  retire_done();
  Use use{tile.index, nullptr, {}};
  try {
    for (const svm::AccessedInterval& access : paged_part(accesses)) {
      const Status ready = make_ready_and_pin(tile, access, use.pinned);
      if (ready != Status::ok) throw_not_ready(tile, ready);
    }
    use.done = append();
  } catch (...) {
    for (const Interval& interval : use.pinned) core_->unpin(interval);
    throw;
  }
  const Lock uses{uses_lock_};
  uses_.push_back(std::move(use));
}

void PagedMemory::throw_not_ready(const Tile& tile, Status status) {
  const std::string what = "bringing paged memory to " + tile.name + " failed: ";
  switch (status) {
    case Status::permission_denied:
      throw Error(ErrorCode::invalid_argument,
                  what +
                      "an atomic operation where the advice says cpu, or on memory that may not "
                      "move");
    case Status::device_lost: throw Error(ErrorCode::device_lost, what + "the device is lost");
    case Status::map_failed:
      throw Error(ErrorCode::out_of_device_memory,
                  what +
                      "it does not fit, or is kept in system memory, which this driver cannot let "
                      "devices use in place");
    default:
      throw Error(ErrorCode::out_of_device_memory, what + std::string(zesvm::name_of(status)));
  }
}

}  // namespace zesvm::levelzero
