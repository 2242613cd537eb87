// The planner of the public API: topology's, with pointers and devices for offsets and indexes.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <ostream>
#include <stdexcept>

#include <zesvm/error.hpp>
#include <zesvm/placement.hpp>
#include <zesvm/runtime.hpp>
#include <zesvm/stream.hpp>

#include "api/text.hpp"
#include "levelzero/context.hpp"
#include "levelzero/placement_node.hpp"
#include "topology/distribution.hpp"
#include "topology/planner.hpp"
#include "topology/range_placement.hpp"

namespace zesvm {

using topology::DistributedPiece;
using topology::Placement;
namespace {

levelzero::PlacementNode node_of(Runtime& runtime) {
  const auto context =
      levelzero::Context::around(static_cast<ze_driver_handle_t>(runtime.native_driver()),
                                 static_cast<ze_context_handle_t>(runtime.native_context()));
  return levelzero::placement_node_of(*context);
}

}  // namespace

/// What a planner works with: the node, and which of its tiles are which devices.
class PlacementPlanner::State {
 public:
  explicit State(Runtime& of)
      : runtime(of), node(node_of(of)), planner(node.description, present_tiles(node)) {
    for (const Device& device : runtime.devices()) {
      names.push_back(device.name());
      if (!node.is_lost[device.index()]) present.push_back(device);
    }
  }
  // The tiles memory can be put on.
  static std::vector<std::size_t> present_tiles(const levelzero::PlacementNode& node) {
    std::vector<std::size_t> tiles;
    for (std::size_t i = 0; i < node.tiles.size(); ++i)
      if (!node.is_lost[i]) tiles.push_back(node.tiles[i]);
    return tiles;
  }

  std::optional<std::size_t> device_of(std::size_t tile) const {
    const auto found = std::find(node.tiles.begin(), node.tiles.end(), tile);
    if (found == node.tiles.end()) return std::nullopt;
    return static_cast<std::size_t>(found - node.tiles.begin());
  }
  const std::vector<Device>& or_all(const std::vector<Device>& devices) const {
    return devices.empty() ? present : devices;
  }
  bool is_on(const PlacedPiece& piece) const {
    const std::size_t bytes = piece.end - piece.begin;
    const auto* begin = reinterpret_cast<const void*>(piece.begin);
    return runtime.address_space()
               .residency(begin, bytes)
               .bytes_on(runtime.devices()[*piece.device]) == bytes;
  }
  PlacementPlan plan_of(const void* pointer, const std::vector<DistributedPiece>& pieces,
                        const std::vector<Device>& devices, const char* reason) const {
    PlacementPlan plan;
    plan.device_names = names;
    const auto base = reinterpret_cast<std::uintptr_t>(pointer);
    for (const DistributedPiece& piece : pieces)
      plan.pieces.push_back({base + piece.begin.count, base + piece.end.count,
                             PlacedPiece::Where::device, devices[piece.tile].index(), 0, reason});
    return plan;
  }

  Runtime& runtime;
  const levelzero::PlacementNode node;
  const topology::Planner planner;
  std::vector<std::string> names;
  // The devices that were not lost when the planner was made.
  std::vector<Device> present;
};

namespace {

/// The unit memory moves in: pieces of a plan do not cut one.
constexpr Bytes unit = 2_MiB;

PlacedPiece::Where where_of(Placement placement) {
  switch (placement.kind) {
    case Placement::Kind::tile: return PlacedPiece::Where::device;
    case Placement::Kind::system: return PlacedPiece::Where::system;
    case Placement::Kind::moving: break;
  }
  return PlacedPiece::Where::anywhere;
}

HintResult result_of(const topology::HostPlacementResult& result) {
  using Outcome = topology::HostPlacementResult::Outcome;
  return {result.outcome == Outcome::applied ? HintOutcome::applied : HintOutcome::ignored,
          result.reason};
}

// The planner's complaints are about what the caller passed.
template <typename Work>
auto checked(Work&& work) {
  try {
    return work();
  } catch (const std::invalid_argument& error) {
    throw Error(ErrorCode::invalid_argument, error.what());
  }
}

std::uint64_t end_of(const MemoryUse& use, std::size_t bytes) {
  return use.end == 0 ? bytes : use.end;
}

}  // namespace

MemoryUse used_by(const Device& device, std::uint64_t read_bytes, std::uint64_t written_bytes,
                  std::uint64_t times) {
  MemoryUse use = used_by_cpu(read_bytes, written_bytes, times);
  use.device = device;
  return use;
}

MemoryUse used_by_cpu(std::uint64_t read_bytes, std::uint64_t written_bytes, std::uint64_t times) {
  MemoryUse use;
  use.read_bytes = read_bytes;
  use.written_bytes = written_bytes;
  use.times = times;
  return use;
}

std::uint64_t PlacementPlan::cost_nanoseconds() const noexcept {
  std::uint64_t sum = 0;
  for (const PlacedPiece& piece : pieces) sum += piece.cost_nanoseconds;
  return sum;
}

std::ostream& operator<<(std::ostream& out, const PlacementPlan& plan) {
  for (const PlacedPiece& piece : plan.pieces) {
    out << address_text(reinterpret_cast<const void*>(piece.begin)) << "  "
        << size_text(piece.end - piece.begin) << "  ";
    if (piece.where == PlacedPiece::Where::device)
      out << *piece.device << " " << plan.device_names.at(*piece.device);
    else
      out << (piece.where == PlacedPiece::Where::system ? "system memory" : "wherever it is used");
    std::array<char, 48> cost{};
    std::snprintf(cost.data(), cost.size(), "  %.1f us virtual time",
                  static_cast<double>(piece.cost_nanoseconds) / 1e3);
    if (piece.cost_nanoseconds != 0) out << cost.data();
    out << "  (" << piece.reason << ")\n";
  }
  return out;
}

PlacementPlanner::PlacementPlanner(Runtime& runtime) : state_(std::make_unique<State>(runtime)) {}
PlacementPlanner::~PlacementPlanner() = default;

PlacementPlan PlacementPlanner::plan(const void* pointer, std::size_t bytes,
                                     const std::vector<MemoryUse>& uses) const {
  std::vector<topology::PartUse> parts;
  for (const MemoryUse& use : uses) {
    topology::PartUse part{{use.begin}, {end_of(use, bytes)}, {}};
    if (use.device) part.use.tile = state_->node.tiles.at(use.device->index());
    part.use.read = {use.read_bytes};
    part.use.written = {use.written_bytes};
    part.use.atomics = use.atomics;
    part.use.times = use.times;
    parts.push_back(part);
  }
  const auto pieces = checked([&] { return state_->planner.plan(Bytes{bytes}, unit, parts); });
  PlacementPlan plan;
  plan.device_names = state_->names;
  const auto base = reinterpret_cast<std::uintptr_t>(pointer);
  for (const topology::PlannedPiece& piece : pieces) {
    PlacedPiece placed;
    placed.begin = base + piece.begin.count;
    placed.end = base + piece.end.count;
    placed.where = where_of(piece.placement);
    if (placed.where == PlacedPiece::Where::device)
      placed.device = state_->device_of(piece.placement.tile);
    placed.cost_nanoseconds = static_cast<std::uint64_t>(piece.cost.count());
    placed.reason = piece.reason;
    plan.pieces.push_back(std::move(placed));
  }
  return plan;
}

PlacementPlan PlacementPlanner::block(const void* pointer, std::size_t bytes,
                                      const std::vector<Device>& devices) const {
  const auto& over = state_->or_all(devices);
  const auto pieces =
      checked([&] { return topology::distribute_block(Bytes{bytes}, over.size(), unit); });
  return state_->plan_of(pointer, pieces, over, "one block for each device");
}

PlacementPlan PlacementPlanner::cyclic(const void* pointer, std::size_t bytes, std::size_t stride,
                                       const std::vector<Device>& devices) const {
  const auto& over = state_->or_all(devices);
  const auto pieces = checked(
      [&] { return topology::distribute_cyclic(Bytes{bytes}, over.size(), Bytes{stride}); });
  return state_->plan_of(pointer, pieces, over, "devices in turn");
}

PlacementPlan PlacementPlanner::first_touch(const void* pointer, std::size_t bytes,
                                            const std::vector<MemoryUse>& touches) const {
  std::vector<topology::FirstTouch> list;
  for (const MemoryUse& touch : touches) {
    if (!touch.device)
      throw Error(ErrorCode::invalid_argument, "distributing by first touch: name a device");
    list.push_back({{touch.begin}, {end_of(touch, bytes)}, touch.device->index()});
  }
  const auto pieces =
      checked([&] { return topology::distribute_first_touch(Bytes{bytes}, list, unit); });
  return state_->plan_of(pointer, pieces, state_->runtime.devices(), "touched first by it");
}

namespace {

/// The advice of one piece.
HintResult advise_piece(Runtime& runtime, const PlacedPiece& piece) {
  AddressSpace& space = runtime.address_space();
  const auto* begin = reinterpret_cast<const void*>(piece.begin);
  const std::size_t bytes = piece.end - piece.begin;
  switch (piece.where) {
    case PlacedPiece::Where::anywhere: return space.advise(begin, bytes, no_preferred_location());
    case PlacedPiece::Where::device:
      return space.advise(begin, bytes, preferred_location(runtime.device(*piece.device)));
    case PlacedPiece::Where::system: break;
  }
  const HintResult advised = space.advise(begin, bytes, prefer_system_memory());
  const HintResult moved = space.prefetch_to_system(begin, bytes);
  return moved.outcome == HintOutcome::ignored ? moved : advised;
}

}  // namespace

std::vector<HintResult> PlacementPlanner::apply(const PlacementPlan& plan) const {
  // A stream for each device, so that they take their memory at the same time.
  std::map<std::size_t, Stream> streams;
  std::vector<HintResult> results;
  for (const PlacedPiece& piece : plan.pieces) {
    const auto* begin = reinterpret_cast<const void*>(piece.begin);
    const std::size_t bytes = piece.end - piece.begin;
    results.push_back(advise_piece(state_->runtime, piece));
    if (!piece.device) continue;
    const auto stream = streams.try_emplace(*piece.device, state_->runtime.device(*piece.device));
    stream.first->second.prefetch(begin, bytes);
  }
  for (auto& [device, stream] : streams) stream.wait();
  if (!state_->runtime.is_simulated()) return results;
  // Only a simulated node tells where memory is.
  for (std::size_t i = 0; i < results.size(); ++i) {
    const PlacedPiece& piece = plan.pieces[i];
    if (!piece.device || state_->is_on(piece)) continue;
    results[i] = {HintOutcome::ignored, "not all of it could be moved to " +
                                            state_->runtime.device(*piece.device).name()};
  }
  return results;
}

HintResult PlacementPlanner::place_host_memory(const void* pointer, std::size_t bytes,
                                               const Device& device) const {
  const AddressSpace& space = state_->runtime.address_space();
  space.check(pointer, bytes, "placing the system memory of");
  const Interval interval{address_of(pointer), address_of(pointer) + Bytes{bytes}};
  return result_of(space.host_memory_->place(interval, device.index()));
}

HintResult PlacementPlanner::bind_thread_near(const Device& device) const {
  return result_of(state_->runtime.address_space().host_memory_->bind_thread(device.index()));
}

}  // namespace zesvm
