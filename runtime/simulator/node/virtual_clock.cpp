#include "simulator/node/virtual_clock.hpp"

#include <algorithm>

namespace zesvm::simulator::node {

using topology::Hop;
using topology::MemoryPlace;
using topology::Passage;

thread_local std::size_t VirtualClock::timeline_ = 0;

VirtualClock::VirtualClock(const topology::NodeDescription& node)
    : model_(node),
      timelines_(std::make_unique<Timeline[]>(model_.tile_count() + 1)),
      links_(std::make_unique<LinkDirection[]>(model_.link_count())) {}

void VirtualClock::Timeline::add(ChargeKind kind, VirtualTime time) noexcept {
  charged[static_cast<std::size_t>(kind)].fetch_add(time.count(), std::memory_order_relaxed);
}

void VirtualClock::Timeline::reach(VirtualTime when) noexcept {
  auto seen = now.load(std::memory_order_relaxed);
  while (seen < when.count() &&
         !now.compare_exchange_weak(seen, when.count(), std::memory_order_relaxed)) {
  }
}

VirtualTime VirtualClock::LinkDirection::occupy(VirtualTime from, VirtualTime length) noexcept {
  const Lock guard{lock};
  std::size_t at = 0;
  for (; at < count && busy[at].begin < from + length; ++at) from = std::max(from, busy[at].end);
  insert(at, {from, from + length});
  return from;
}

void VirtualClock::LinkDirection::insert(std::size_t at, Busy taken) noexcept {
  const bool joins_before = at > 0 && busy[at - 1].end == taken.begin;
  const bool joins_after = at < count && busy[at].begin == taken.end;
  if (joins_before && joins_after) {
    busy[at - 1].end = busy[at].end;
    std::move(busy.begin() + at + 1, busy.begin() + count, busy.begin() + at);
    --count;
  } else if (joins_before) {
    busy[at - 1].end = taken.end;
  } else if (joins_after) {
    busy[at].begin = taken.begin;
  } else {
    if (count == capacity) {
      // The oldest gap is given up: nobody who still waits for it is that far behind.
      busy[1].begin = busy[0].begin;
      std::move(busy.begin() + 1, busy.begin() + count, busy.begin());
      --count;
      if (at == 0) return;
      --at;
    }
    std::move_backward(busy.begin() + at, busy.begin() + count, busy.begin() + count + 1);
    busy[at] = taken;
    ++count;
  }
}

void VirtualClock::charge(ChargeKind kind, VirtualTime time) noexcept {
  Timeline& timeline = current();
  timeline.now.fetch_add(time.count(), std::memory_order_relaxed);
  timeline.add(kind, time);
}

void VirtualClock::charge(ChargeKind kind, const Passage& passage, Bytes size) noexcept {
  Timeline& timeline = current();
  const VirtualTime alone = passage.time_for(size);
  // Taken at once, so that two charges at the same time lie one after the other.
  const VirtualTime begun{timeline.now.fetch_add(alone.count(), std::memory_order_relaxed)};
  VirtualTime at = begun + passage.latency;
  for (std::size_t i = 0; i < passage.hop_count; ++i) {
    const Hop& hop = passage.hops[i];
    const VirtualTime length = hop.bandwidth.time_for(size);
    if (hop.link != Hop::own_memory && length.count() > 0) at = links_[hop.link].occupy(at, length);
    at += length;
  }
  timeline.add(kind, alone);
  const VirtualTime waited = at - begun - alone;
  if (waited.count() == 0) return;
  timeline.now.fetch_add(waited.count(), std::memory_order_relaxed);
  timeline.add(ChargeKind::contention, waited);
}

void VirtualClock::charge_move(MemoryPlace from, MemoryPlace to, Bytes size) noexcept {
  charge(ChargeKind::fault, model_.costs().copy_setup);
  charge(ChargeKind::copy, model_.moving(from, to), size);
}

void VirtualClock::charge_access(std::size_t tile, MemoryPlace place, Bytes read,
                                 Bytes written) noexcept {
  const OnTile on_tile{tile};
  if (read.count > 0) charge(ChargeKind::access, model_.reading(tile, place), read);
  if (written.count > 0) charge(ChargeKind::access, model_.writing(tile, place), written);
  if (place.tile == tile) return;
  Timeline& timeline = timelines_[tile + 1];
  timeline.remote_read.fetch_add(read.count, std::memory_order_relaxed);
  timeline.remote_written.fetch_add(written.count, std::memory_order_relaxed);
}

VirtualTime VirtualClock::tile_now(std::size_t tile) const noexcept {
  return VirtualTime{timelines_[tile + 1].now.load(std::memory_order_relaxed)};
}

VirtualTime VirtualClock::host_now() const noexcept {
  return VirtualTime{timelines_[0].now.load(std::memory_order_relaxed)};
}

void VirtualClock::tile_reaches(std::size_t tile, VirtualTime when) noexcept {
  timelines_[tile + 1].reach(when);
}

void VirtualClock::host_reaches(VirtualTime when) noexcept { timelines_[0].reach(when); }

VirtualTime VirtualClock::elapsed() const noexcept {
  VirtualTime latest = host_now();
  for (std::size_t tile = 0; tile < model_.tile_count(); ++tile)
    latest = std::max(latest, tile_now(tile));
  return latest;
}

VirtualUse VirtualClock::use_of(std::size_t tile) const noexcept {
  const Timeline& timeline = timelines_[tile + 1];
  VirtualUse use;
  use.now = tile_now(tile);
  for (std::size_t i = 0; i < charge_kind_count; ++i)
    use.charged[i] = VirtualTime{timeline.charged[i].load(std::memory_order_relaxed)};
  use.remote_read = {timeline.remote_read.load(std::memory_order_relaxed)};
  use.remote_written = {timeline.remote_written.load(std::memory_order_relaxed)};
  return use;
}

}  // namespace zesvm::simulator::node
