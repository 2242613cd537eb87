#include "levelzero/device_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <utility>

#include "base/assert.hpp"
#include "levelzero/context.hpp"
#include "levelzero/host_memory.hpp"
#include "levelzero/physical_memory.hpp"
#include "pagemap/pagemap.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::levelzero {
namespace {

// 2 MiB: the largest chunk, all of which passes through a staging buffer or address at once.
constexpr Bytes largest_piece = 2_MiB;

// Below what allocations are wished at (paged_memory.cpp).
constexpr Address staging_wish{0x1fff'0000'0000};

constexpr ze_physical_mem_flags_t on_host_flag = newer::physical_memory_on_host;

}  // namespace

DeviceMemory::DeviceMemory(Context& context, HostMemory& host)
    : context_(context), host_(host), buffers_(context, largest_piece) {
  for (const Tile& tile : context.tiles())
    engines_.push_back(std::make_unique<CopyEngine>(context, tile));
  find_out_about_host_memory();
}

DeviceMemory::~DeviceMemory() {
  {
    const Lock guard{lock_};
    for (const auto& [begin, chunk] : chunks_)
      if (try_to_destroy(chunk) != Status::ok) stuck_.push_back(chunk);
    chunks_.clear();
  }
  destroy_stuck({{0}, {~std::uint64_t{0}}});
  engines_.clear();
  if (!staging_.is_empty())
    zeVirtualMemFree(context_.handle(), pointer_to<void>(staging_.begin), staging_.size().count);
}

void DeviceMemory::find_out_about_host_memory() {
  // A driver of several cards imports it on the wrong one, and leaves addresses unmapped. The simulated
  // one does not.
  const auto& tiles = context_.tiles();
  const bool is_one_card = tiles.back().card == tiles.front().card;
  if (!is_one_card && !context_.is_simulated()) return;
  auto description = physical_memory_of(smallest_device_page, on_host_flag);
  ze_physical_mem_handle_t trial = nullptr;
  // Refused by drivers and layers that do not know the flag.
  if (zePhysicalMemCreate(context_.handle(), tiles.front().handle, &description, &trial) !=
      ZE_RESULT_SUCCESS)
    return;
  zePhysicalMemDestroy(context_.handle(), trial);
  void* addresses = nullptr;
  // Any address will do; null is refused by the validation layer of the oldest loader.
  void* const wish = pointer_to<void>(context_.is_simulated() ? no_wish : staging_wish);
  if (zeVirtualMemReserve(context_.handle(), wish, largest_piece.count, &addresses) !=
      ZE_RESULT_SUCCESS)
    return;
  staging_ = {address_of(addresses), address_of(addresses) + largest_piece};
  can_share_host_ = true;
}

std::optional<DeviceMemory::Chunk> DeviceMemory::find(Address where) const noexcept {
  const Lock guard{lock_};
  const auto after = chunks_.upper_bound(where);
  if (after == chunks_.begin()) return std::nullopt;
  const Chunk& chunk = std::prev(after)->second;
  return chunk.interval.contains(where) ? std::optional(chunk) : std::nullopt;
}

std::optional<DeviceMemory::Chunk> DeviceMemory::find(Interval interval,
                                                      Where where) const noexcept {
  const Lock guard{lock_};
  auto at = chunks_.upper_bound(interval.begin);
  if (at != chunks_.begin()) --at;
  for (; at != chunks_.end() && at->first < interval.end; ++at) {
    const Chunk& chunk = at->second;
    if (chunk.interval.overlaps(interval) && chunk.tile.has_value() == (where == Where::on_device))
      return chunk;
  }
  return std::nullopt;
}

std::optional<DeviceMemory::Chunk> DeviceMemory::take(Interval interval, Where where) noexcept {
  const auto found = find(interval, where);
  if (!found) return std::nullopt;
  const Lock guard{lock_};
  chunks_.erase(found->interval.begin);
  return found;
}

void DeviceMemory::put(const Chunk& chunk) noexcept {
  const Lock guard{lock_};
  chunks_.insert_or_assign(chunk.interval.begin, chunk);
}

Status DeviceMemory::map_at(Address where, Bytes size,
                            ze_physical_mem_handle_t memory) const noexcept {
  return status_of(zeVirtualMemMap(context_.handle(), pointer_to<void>(where), size.count, memory,
                                   0, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE),
                   Status::map_failed);
}

Status DeviceMemory::unmap_at(Address where, Bytes size) const noexcept {
  return status_of(zeVirtualMemUnmap(context_.handle(), pointer_to<void>(where), size.count),
                   Status::map_failed);
}

Status DeviceMemory::try_to_destroy(const Chunk& chunk) const noexcept {
  // Some drivers take it for unmapped by now: it is mapped once more first.
  if (chunk.state == Mapping::in_doubt) return Status::map_failed;
  if (chunk.state == Mapping::there)
    ZESVM_TRY(unmap_at(chunk.interval.begin, chunk.interval.size()));
  zePhysicalMemDestroy(context_.handle(), chunk.memory);
  if (!chunk.tile) close_hole(chunk.interval);
  return Status::ok;
}

void DeviceMemory::destroy(const Chunk& chunk) noexcept {
  if (try_to_destroy(chunk) != Status::ok) {
    const Lock guard{lock_};
    stuck_.push_back(chunk);
  }
  // Not before: what is stuck is at the same addresses.
  destroy_stuck(chunk.interval);
}

// Of an interval that the caller has for itself: nobody else maps there meanwhile.
void DeviceMemory::destroy_stuck(Interval interval) noexcept {
  std::vector<Chunk, ArenaAllocator<Chunk>> again;
  {
    const Lock guard{lock_};
    if (stuck_.empty()) return;
    again.swap(stuck_);
  }
  std::erase_if(again, [&](const Chunk& chunk) {
    if (!chunk.interval.overlaps(interval)) return false;
    if (const auto now = find(chunk.interval.begin)) {
      // Another piece took its place on the tile, or waits to: on another one it is still mapped.
      if (now->tile != chunk.tile) return false;
      zePhysicalMemDestroy(context_.handle(), chunk.memory);
      return true;
    }
    // Some drivers take it for unmapped after the attempt that failed, others refuse to map it twice.
    // The CPU's addresses are not touched.
    const Status mapped =
        chunk.tile ? map_at(chunk.interval.begin, chunk.interval.size(), chunk.memory) : Status::ok;
    const bool may_unmap = mapped == Status::ok || mapped == Status::invalid_argument;
    if (!may_unmap) (void)unmap_at(chunk.interval.begin, chunk.interval.size());
    Chunk there = chunk;
    there.state = Mapping::there;
    return may_unmap && try_to_destroy(there) == Status::ok;
  });
  const Lock guard{lock_};
  stuck_.insert(stuck_.end(), again.begin(), again.end());
}

// Some drivers unmap the CPU's addresses with host memory. They lie where the kernel puts nothing that
// does not ask for them, so that nobody else has them by now.
void DeviceMemory::close_hole(Interval interval) noexcept {
  void* const begin = pointer_to<void>(interval.begin);
  if (::msync(begin, interval.size().count, MS_ASYNC) == 0 || errno != ENOMEM) return;
  ::mmap(begin, interval.size().count, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

bool DeviceMemory::is_any_stuck(Interval interval) noexcept {
  destroy_stuck(interval);
  return has_stuck(interval);
}

bool DeviceMemory::has_stuck(Interval interval) const noexcept {
  const Lock guard{lock_};
  return std::any_of(stuck_.begin(), stuck_.end(),
                     [&](const Chunk& chunk) { return chunk.interval.overlaps(interval); });
}

void DeviceMemory::drop(Interval interval) noexcept {
  while (const auto chunk = take(interval, Where::on_device)) destroy(*chunk);
}

bool DeviceMemory::is_shared_there(Interval interval) const noexcept {
  const auto chunk = find(interval.begin);
  return chunk && !chunk->tile && chunk->interval.contains(interval);
}

bool DeviceMemory::drop_shared(Interval interval) noexcept {
  bool dropped = false;
  while (const auto chunk = take(interval, Where::on_host)) {
    destroy(*chunk);
    dropped = true;
  }
  return dropped;
}

std::vector<std::size_t> DeviceMemory::tiles_in(Interval interval) const {
  std::vector<std::size_t> tiles;
  const Lock guard{lock_};
  auto at = chunks_.upper_bound(interval.begin);
  if (at != chunks_.begin()) --at;
  for (; at != chunks_.end() && at->first < interval.end; ++at) {
    const auto& [begin, chunk] = *at;
    if (!chunk.tile || !chunk.interval.overlaps(interval)) continue;
    if (std::find(tiles.begin(), tiles.end(), *chunk.tile) == tiles.end())
      tiles.push_back(*chunk.tile);
  }
  return tiles;
}

std::vector<Interval> DeviceMemory::shared_in(Interval interval) const {
  std::vector<Interval> found;
  const Lock guard{lock_};
  for (const auto& [begin, chunk] : chunks_)
    if (!chunk.tile && chunk.interval.overlaps(interval)) found.push_back(chunk.interval);
  return found;
}

Status DeviceMemory::fill_host_memory(Chunk& chunk) noexcept {
  const Interval from = chunk.interval;
  const HostPages* const pages = host_.find(from.begin);
  if (pages == nullptr || from.size() > staging_.size()) return Status::map_failed;
  const Lock guard{staging_lock_};
  destroy_stuck(staging_);
  const Interval staging{staging_.begin, staging_.begin + from.size()};
  ZESVM_TRY(map_at(staging.begin, staging.size(), chunk.memory));
  std::memcpy(pointer_to<void>(staging.begin), pages->alias(from.begin), from.size().count);
  const Status unmapped = unmap_at(staging.begin, staging.size());
  if (unmapped == Status::ok) {
    close_hole(staging);
    return unmapped;
  }
  const Lock stuck{lock_};
  stuck_.push_back({staging, std::exchange(chunk.memory, nullptr), std::nullopt});
  return unmapped;
}

Status DeviceMemory::share(std::size_t tile, Interval interval) noexcept {
  if (is_shared_there(interval)) return Status::ok;
  if (!can_share_host_) return Status::map_failed;
  HostPages* const pages = host_.find(interval.begin);
  if (pages == nullptr) return Status::map_failed;
  Chunk chunk{interval, nullptr, std::nullopt};
  auto description = physical_memory_of(interval.size(), on_host_flag);
  ZESVM_TRY(status_of(zePhysicalMemCreate(context_.handle(), context_.tiles()[tile].handle,
                                          &description, &chunk.memory),
                      Status::map_failed));
  // Shut while its bytes change places: the CPU waits for the range, which the caller holds.
  Status shared = pages->shut(interval);
  if (shared == Status::ok) shared = fill_host_memory(chunk);
  if (shared == Status::ok) shared = map_at(interval.begin, interval.size(), chunk.memory);
  // Some drivers tell of a mapping that failed with the first copy that needs it, and never again: the
  // bytes of one page go back to where they came from.
  if (shared == Status::ok &&
      engines_[tile]->copy(pages->alias(interval.begin), pointer_to<void>(interval.begin),
                           cpu_page.count) != Status::ok)
    shared = Status::map_failed;
  if (shared != Status::ok) {
    (void)unmap_at(interval.begin, interval.size());
    if (chunk.memory != nullptr) zePhysicalMemDestroy(context_.handle(), chunk.memory);
    (void)pages->open(interval);
    return shared;
  }
  put(chunk);
  return Status::ok;
}

Status DeviceMemory::stop_sharing(Interval interval) noexcept {
  while (const auto chunk = find(interval, Where::on_host)) {
    const HostPages* const pages = host_.find(chunk->interval.begin);
    if (pages == nullptr) return Status::copy_failed;
    // By a device: the CPU cannot read it any more.
    ZESVM_TRY(engines_.front()->copy(pages->alias(chunk->interval.begin),
                                     pointer_to<void>(chunk->interval.begin),
                                     chunk->interval.size().count));
    (void)take(chunk->interval, Where::on_host);
    destroy(*chunk);
  }
  return Status::ok;
}

}  // namespace zesvm::levelzero
