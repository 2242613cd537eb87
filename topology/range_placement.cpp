#include "topology/range_placement.hpp"

#include <iterator>
#include <utility>

namespace zesvm::topology {

RangePlacement::RangePlacement(HostNuma& numa, NodesOfDevices nodes_of_devices)
    : placement_(numa),
      is_needed_(numa.nodes().size() > 1),
      nodes_of_devices_(std::move(nodes_of_devices)) {}

std::optional<std::uint32_t> RangePlacement::node_of(std::size_t device) {
  if (!is_needed_) return std::nullopt;
  const auto in = [device](const auto& nodes) {
    return device < nodes.size() ? nodes[device] : std::nullopt;
  };
  {
    const Lock guard{lock_};
    if (nodes_) return in(*nodes_);
  }
  // Not held while asking, which takes locks of its own: two threads may both ask, once.
  auto nodes = nodes_of_devices_();
  const Lock guard{lock_};
  if (!nodes_) nodes_ = std::move(nodes);
  return in(*nodes_);
}

HostPlacementResult RangePlacement::place(Interval interval, std::size_t device) {
  const auto result = placement_.place(interval, node_of(device));
  if (result.outcome != HostPlacementResult::Outcome::applied) return result;
  const Lock guard{lock_};
  erase(interval);
  placed_.emplace(interval.begin, interval.end);
  return result;
}

void RangePlacement::place_first(Interval interval, std::size_t device) {
  if (!is_needed_) return;
  const auto node = node_of(device);
  if (!node) return;
  std::vector<Interval> parts;
  {
    const Lock guard{lock_};
    parts = unplaced_parts(interval);
    for (const Interval& part : parts) placed_.emplace(part.begin, part.end);
  }
  // A host that refuses is not asked for the same memory again and again.
  for (const Interval& part : parts) static_cast<void>(placement_.place(part, node));
}

HostPlacementResult RangePlacement::bind_thread(std::size_t device) {
  return placement_.bind_thread(node_of(device));
}

void RangePlacement::forget(Interval interval) {
  if (!is_needed_) return;
  const Lock guard{lock_};
  erase(interval);
}

std::vector<Interval> RangePlacement::unplaced_parts(Interval interval) const {
  std::vector<Interval> parts;
  auto next = placed_.upper_bound(interval.begin);
  if (next != placed_.begin() && std::prev(next)->second > interval.begin)
    interval.begin = std::prev(next)->second;
  for (; interval.begin < interval.end; ++next) {
    const bool is_last = next == placed_.end() || next->first >= interval.end;
    const Address end = is_last ? interval.end : next->first;
    if (interval.begin < end) parts.push_back({interval.begin, end});
    if (is_last) break;
    interval.begin = next->second;
  }
  return parts;
}

void RangePlacement::erase(Interval interval) {
  auto next = placed_.upper_bound(interval.begin);
  if (next != placed_.begin() && std::prev(next)->second > interval.begin) --next;
  while (next != placed_.end() && next->first < interval.end) {
    const Interval old{next->first, next->second};
    next = placed_.erase(next);
    if (old.begin < interval.begin) placed_.emplace(old.begin, interval.begin);
    if (interval.end < old.end) placed_.emplace(interval.end, old.end);
  }
}

}  // namespace zesvm::topology
