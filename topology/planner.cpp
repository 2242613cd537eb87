#include "topology/planner.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace zesvm::topology {
namespace {

using std::chrono::nanoseconds;

/// The unit memory moves in.
constexpr Bytes chunk = 2_MiB;
/// What crosses a link, each way, for one atomic operation.
constexpr Bytes atomic_size{64};

std::int64_t chunks_in(Bytes size) {
  return static_cast<std::int64_t>((size.count + chunk.count - 1) / chunk.count);
}

nanoseconds times(nanoseconds once, std::uint64_t count) {
  return once * static_cast<std::int64_t>(count);
}

MemoryPlace place_of(Placement placement) {
  return placement.kind == Placement::Kind::tile ? MemoryPlace::on(placement.tile)
                                                 : MemoryPlace::system();
}

MemoryPlace home_of(const Use& use) {
  return use.tile ? MemoryPlace::on(*use.tile) : MemoryPlace::system();
}

/// Returns how much of `size` bytes moves when only what is used does: whole chunks.
Bytes moved_by(const Use& use, Bytes size) {
  if (use.atomics > 0) return size;
  const Bytes touched = std::max(use.read, use.written);
  return std::min(size, Bytes{static_cast<std::uint64_t>(chunks_in(touched)) * chunk.count});
}

std::string time_text(nanoseconds time) {
  char text[40];
  const auto count = static_cast<double>(time.count());
  if (count < 1e6)
    std::snprintf(text, sizeof text, "%.1f us", count / 1e3);
  else
    std::snprintf(text, sizeof text, "%.2f ms", count / 1e6);
  return text;
}

// The share of a part's use that falls into a unit.
Use share_of(const PartUse& part, Bytes begin, Bytes end) {
  const Bytes from = std::max(begin, part.begin);
  const Bytes to = std::min(end, part.end);
  const double share =
      static_cast<double>((to - from).count) / static_cast<double>((part.end - part.begin).count);
  const auto cut = [share](std::uint64_t amount) {
    return static_cast<std::uint64_t>(static_cast<double>(amount) * share + 0.5);
  };
  Use use = part.use;
  use.read = {cut(use.read.count)};
  use.written = {cut(use.written.count)};
  use.atomics = cut(use.atomics);
  return use;
}

}  // namespace

Planner::Planner(const NodeDescription& node) : model_(node) {
  for (std::size_t tile = 0; tile < model_.tile_count(); ++tile) tiles_.push_back(tile);
}

Planner::Planner(const NodeDescription& node, std::vector<std::size_t> tiles)
    : model_(node), tiles_(std::move(tiles)) {}

nanoseconds Planner::in_place(const Use& use, MemoryPlace place) const {
  const Bytes read = use.read + atomic_size * use.atomics;
  const Bytes written = use.written + atomic_size * use.atomics;
  if (!use.tile) return model_.cpu_time(read + written);
  nanoseconds time{};
  if (read.count > 0) time += model_.reading(*use.tile, place).time_for(read);
  if (written.count > 0) time += model_.writing(*use.tile, place).time_for(written);
  return time;
}

bool Planner::is_usable_in_place(const Use& use, MemoryPlace place) const {
  if (home_of(use) == place) return true;
  // An atomic fault takes memory to the tile's own VRAM, whatever was advised.
  return use.tile && use.atomics == 0 && model_.maps_in_place(*use.tile, place);
}

nanoseconds Planner::moved(MemoryPlace from, MemoryPlace to, Bytes size) const {
  if (from == to || size.count == 0) return {};
  const Passage passage = model_.moving(from, to);
  const auto fault = to.tile ? model_.fault_overhead(*to.tile)
                             : model_.costs().cpu_fault + model_.costs().copy_setup;
  // Changes of page tables on the side that loses it.
  const auto overhead = fault + model_.costs().map + model_.costs().flush + passage.latency;
  return chunks_in(size) * overhead + (passage.time_for(size) - passage.latency);
}

nanoseconds Planner::while_moving(Bytes size, std::span<const Use> uses) const {
  nanoseconds sum{};
  const Use* before = nullptr;
  std::size_t movers = 0;
  for (const Use& use : uses) movers += use.times > 0;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const Use& use = uses[i];
    if (use.times == 0) continue;
    // The one before it, going round.
    for (std::size_t back = 1; back <= uses.size(); ++back) {
      before = &uses[(i + uses.size() - back) % uses.size()];
      if (before->times > 0) break;
    }
    const nanoseconds move = moved(home_of(*before), home_of(use), moved_by(use, size));
    const nanoseconds first = moved(MemoryPlace::system(), home_of(use), moved_by(use, size));
    sum += times(in_place(use, home_of(use)), use.times);
    // Alone, or always at one's own: it comes once. Else with each turn.
    sum += movers == 1 || home_of(*before) == home_of(use) ? first : times(move, use.times);
  }
  return sum;
}

nanoseconds Planner::cost_of(Placement placement, Bytes size, std::span<const Use> uses) const {
  if (placement.kind == Placement::Kind::moving) return while_moving(size, uses);
  const MemoryPlace place = place_of(placement);
  nanoseconds sum = moved(MemoryPlace::system(), place, size);
  for (const Use& use : uses) {
    if (is_usable_in_place(use, place)) {
      sum += times(in_place(use, place), use.times);
      continue;
    }
    const Bytes moves = moved_by(use, size);
    const nanoseconds there_and_back =
        moved(place, home_of(use), moves) + moved(home_of(use), place, moves);
    sum += times(in_place(use, home_of(use)) + there_and_back, use.times);
  }
  return sum;
}

Choice Planner::choose(Bytes size, std::span<const Use> uses) const {
  for (const Use& use : uses)
    if (use.tile && *use.tile >= model_.tile_count())
      throw std::invalid_argument("planning for tile " + std::to_string(*use.tile) +
                                  ": there are " + std::to_string(model_.tile_count()) +
                                  " tiles, counted from 0");
  const bool is_used =
      std::any_of(uses.begin(), uses.end(), [](const Use& use) { return use.times > 0; });
  if (!is_used) return {Placement::moving(), {}, "nobody uses it", {{Placement::moving(), {}}}};
  Choice choice;
  // In the order in which equals are preferred (PL2).
  const auto add = [&](Placement placement) {
    choice.ranking.push_back({placement, cost_of(placement, size, uses)});
  };
  const auto uses_it = [&](std::size_t tile) {
    return std::any_of(uses.begin(), uses.end(),
                       [&](const Use& use) { return use.tile == tile && use.times > 0; });
  };
  for (const std::size_t tile : tiles_)
    if (uses_it(tile)) add(Placement::on(tile));
  for (const std::size_t tile : tiles_)
    if (!uses_it(tile)) add(Placement::on(tile));
  add(Placement::system());
  add(Placement::moving());
  std::stable_sort(choice.ranking.begin(), choice.ranking.end(),
                   [](const PlacementCost& a, const PlacementCost& b) { return a.cost < b.cost; });
  choice.placement = choice.ranking.front().placement;
  choice.cost = choice.ranking.front().cost;
  choice.reason = reason_for(choice, uses);
  return choice;
}

std::string Planner::reason_for(const Choice& choice, std::span<const Use> uses) const {
  const PlacementCost& next = choice.ranking[1];
  std::string text = name_of(choice.placement) + " costs " + time_text(choice.cost) + "; next, " +
                     name_of(next.placement) + ", " + time_text(next.cost);
  if (choice.placement.kind == Placement::Kind::moving) return text;
  const MemoryPlace place = place_of(choice.placement);
  std::size_t others = 0, in_place_users = 0;
  for (const Use& use : uses) {
    if (use.times == 0 || home_of(use) == place) continue;
    ++others;
    in_place_users += is_usable_in_place(use, place);
  }
  if (others == 0) return text + "; nobody else uses it";
  return text + "; " + std::to_string(in_place_users) + " of " + std::to_string(others) +
         " other users reach it in place";
}

std::vector<PlannedPiece> Planner::plan(Bytes size, Bytes unit,
                                        std::span<const PartUse> uses) const {
  if (unit.count == 0) throw std::invalid_argument("planning in units of 0 bytes");
  for (const PartUse& part : uses)
    if (part.begin >= part.end || part.end > size)
      throw std::invalid_argument("planning for a part that is empty or ends beyond the memory");
  std::vector<PlannedPiece> pieces;
  for (Bytes at; at < size; at += unit) {
    const Bytes end = std::min(size, at + unit);
    std::vector<Use> share;
    for (const PartUse& part : uses)
      if (part.begin < end && at < part.end) share.push_back(share_of(part, at, end));
    Choice choice = choose(end - at, share);
    if (!pieces.empty() && pieces.back().placement == choice.placement) {
      pieces.back().end = end;
      pieces.back().cost += choice.cost;
    } else {
      pieces.push_back({at, end, choice.placement, choice.cost, std::move(choice.reason)});
    }
  }
  return pieces;
}

std::string Planner::name_of(Placement placement) const {
  if (placement.kind == Placement::Kind::moving) return "wherever it is used";
  return model_.name_of(place_of(placement));
}

}  // namespace zesvm::topology
