// How bytes of paged memory come to tiles, and go from there.
#include "levelzero/context.hpp"
#include "levelzero/device_memory.hpp"
#include "levelzero/host_memory.hpp"
#include "levelzero/physical_memory.hpp"
#include "pagemap/pagemap.hpp"

namespace zesvm::levelzero {

Status DeviceMemory::give_memory(Chunk& chunk) const noexcept {
  auto description = physical_memory_of(chunk.interval.size(), 0);
  ZESVM_TRY(status_of(zePhysicalMemCreate(context_.handle(), context_.tiles()[*chunk.tile].handle,
                                          &description, &chunk.memory),
                      Status::out_of_device_memory));
  const Status mapped = map_at(chunk.interval.begin, chunk.interval.size(), chunk.memory);
  if (mapped == Status::ok) return mapped;
  // Some drivers note a mapping that failed, and look at what is gone with the next copy.
  (void)unmap_at(chunk.interval.begin, chunk.interval.size());
  zePhysicalMemDestroy(context_.handle(), chunk.memory);
  return mapped;
}

Status DeviceMemory::make(Interval interval, std::size_t tile) noexcept {
  drop(interval);
  destroy_stuck(interval);
  Chunk chunk{interval, nullptr, tile};
  ZESVM_TRY(give_memory(chunk));
  put(chunk);
  return Status::ok;
}

Status DeviceMemory::map(std::size_t tile, Interval interval,
                         const svm::Mapping& mapping) noexcept {
  using pagemap::Protocol;
  if (mapping.protocol == Protocol::system) return share(tile, interval);
  if (mapping.protocol == Protocol::none) return Status::map_failed;
  // A peer that may use it in place reaches what is mapped for its own tile.
  const std::size_t home = mapping.extent.pagemap->index();
  if (const auto chunk = find(interval.begin)) {
    if (chunk->tile == home && chunk->interval == interval) return map_again(*chunk);
    // Never made anew over bytes that are somewhere else.
    if (chunk->tile && chunk->tile != home) return Status::map_failed;
  }
  // DM2: nobody wrote it yet, so that nothing was copied.
  ZESVM_TRY(make(interval, home));
  const Status cleared =
      engines_[home]->clear(pointer_to<void>(interval.begin), interval.size().count);
  if (cleared != Status::ok) drop(interval);
  return cleared;
}

Status DeviceMemory::copy_to_vram(Interval from, pagemap::Extent to) noexcept {
  const std::size_t tile = to.pagemap->index();
  const HostPages* const pages = host_.find(from.begin);
  if (pages == nullptr) return Status::copy_failed;
  ZESVM_TRY(make(from, tile));
  const Status copied = engines_[tile]->copy(pointer_to<void>(from.begin), pages->alias(from.begin),
                                             from.size().count);
  if (copied != Status::ok) drop(from);
  return copied;
}

Status DeviceMemory::copy_to_system(pagemap::Extent, Interval to) noexcept {
  const HostPages* const pages = host_.find(to.begin);
  if (pages == nullptr) return Status::copy_failed;
  const auto chunk = find(to.begin);
  // DM2: never mapped, never written.
  if (!chunk) return Status::ok;
  if (!chunk->tile) return Status::copy_failed;
  ZESVM_TRY(map_again(*chunk));
  return engines_[*chunk->tile]->copy(pages->alias(to.begin), pointer_to<void>(to.begin),
                                      to.size().count);
}

// The chunk is made, and cleared, when the range is mapped.
Status DeviceMemory::clear(pagemap::Extent) noexcept { return Status::ok; }

Status DeviceMemory::copy_between(Interval interval, pagemap::Extent, pagemap::Extent to) noexcept {
  const auto chunk = find(interval, Where::on_device);
  // DM2: never mapped, never written.
  if (!chunk) return Status::ok;
  if (chunk->interval != interval || interval.size() > buffers_.size())
    return Status::no_interconnect;
  ZESVM_TRY(map_again(*chunk));
  const std::size_t target = to.pagemap->index();
  const StagingBuffer buffer{buffers_, target};
  if (buffer.memory() == nullptr) return Status::no_interconnect;
  const Status crossed = engines_[*chunk->tile]->copy(
      buffer.memory(), pointer_to<void>(interval.begin), interval.size().count);
  if (crossed == Status::device_lost) return crossed;
  // Through system memory it may work.
  if (crossed != Status::ok) return Status::no_interconnect;
  return replace(*chunk, target, buffer.memory());
}

Status DeviceMemory::replace(const Chunk& chunk, std::size_t tile, const void* bytes) noexcept {
  Chunk left = chunk;
  Chunk arrived{chunk.interval, nullptr, tile};
  Status moved = unmap_at(chunk.interval.begin, chunk.interval.size());
  left.state = moved == Status::ok ? Mapping::gone : Mapping::in_doubt;
  put(left);
  if (moved == Status::ok) moved = give_memory(arrived);
  if (moved == Status::ok) {
    moved = engines_[tile]->copy(pointer_to<void>(arrived.interval.begin), bytes,
                                 arrived.interval.size().count);
    if (moved != Status::ok) destroy(arrived);
  }
  if (moved != Status::ok) {
    (void)map_again(left);
    return moved;
  }
  put(arrived);
  zePhysicalMemDestroy(context_.handle(), chunk.memory);
  return Status::ok;
}

Status DeviceMemory::map_again(const Chunk& chunk) noexcept {
  if (chunk.state == Mapping::there) return Status::ok;
  const Interval interval = chunk.interval;
  Chunk now = chunk;
  Status mapped = map_at(interval.begin, interval.size(), chunk.memory);
  // What it failed to unmap is mapped already. Unless something else is.
  if (mapped == Status::invalid_argument && !has_stuck(interval)) mapped = Status::ok;
  if (mapped == Status::ok)
    now.state = Mapping::there;
  else if (unmap_at(interval.begin, interval.size()) != Status::ok)
    now.state = Mapping::in_doubt;
  put(now);
  return mapped;
}

}  // namespace zesvm::levelzero
