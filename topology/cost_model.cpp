#include "topology/cost_model.hpp"

namespace zesvm::topology {

std::chrono::nanoseconds Passage::time_for(Bytes size) const {
  std::chrono::nanoseconds time = latency;
  for (std::size_t i = 0; i < hop_count; ++i) time += hops[i].bandwidth.time_for(size);
  return time;
}

CostModel::CostModel(const NodeDescription& node)
    : matrix_(node), costs_(node.simulated), host_memory_(node.host.memory_bandwidth) {
  for (const TileId tile : matrix_.tiles())
    page_faults_.push_back(node.devices[tile.device].page_faults);
}

std::size_t CostModel::link_count() const { return tile_count() * (tile_count() + 2); }

std::size_t CostModel::first_of_device(std::size_t tile) const {
  return tile - matrix_.tiles()[tile].tile;
}

std::size_t CostModel::link_between(std::size_t from, std::size_t to) const {
  if (matrix_.tiles()[from].device != matrix_.tiles()[to].device) {
    from = first_of_device(from);
    to = first_of_device(to);
  }
  return from * tile_count() + to;
}

std::size_t CostModel::link_from_host(std::size_t tile) const {
  return tile_count() * tile_count() + 2 * first_of_device(tile);
}

std::size_t CostModel::link_to_host(std::size_t tile) const { return link_from_host(tile) + 1; }

Passage CostModel::through_host(std::size_t from, std::size_t to) const {
  const LinkFigures& out = matrix_.to_host(from).figures;
  const LinkFigures& in = matrix_.to_host(to).figures;
  return {{{{link_to_host(from), out.write}, {link_from_host(to), in.read}}},
          2,
          out.latency + in.latency};
}

Passage CostModel::reading(std::size_t tile, MemoryPlace from) const {
  if (!from.tile) {
    const LinkFigures& figures = matrix_.to_host(tile).figures;
    return {{{{link_from_host(tile), figures.read}, {}}}, 1, figures.latency};
  }
  const Reach& reach = matrix_.between(tile, *from.tile);
  if (*from.tile == tile) return {{{{Hop::own_memory, reach.figures.read}, {}}}, 1, {}};
  if (!reach.is_direct()) return through_host(*from.tile, tile);
  return {{{{link_between(*from.tile, tile), reach.figures.read}, {}}}, 1, reach.figures.latency};
}

Passage CostModel::writing(std::size_t tile, MemoryPlace to) const {
  if (!to.tile) {
    const LinkFigures& figures = matrix_.to_host(tile).figures;
    return {{{{link_to_host(tile), figures.write}, {}}}, 1, figures.latency};
  }
  const Reach& reach = matrix_.between(tile, *to.tile);
  if (*to.tile == tile) return {{{{Hop::own_memory, reach.figures.write}, {}}}, 1, {}};
  if (!reach.is_direct()) return through_host(tile, *to.tile);
  return {{{{link_between(tile, *to.tile), reach.figures.write}, {}}}, 1, reach.figures.latency};
}

Passage CostModel::moving(MemoryPlace from, MemoryPlace to) const {
  if (!from.tile) return to.tile ? reading(*to.tile, from) : Passage{};
  if (to.tile && *to.tile != *from.tile && !matrix_.is_fast(*from.tile, *to.tile))
    return through_host(*from.tile, *to.tile);
  return writing(*from.tile, to);
}

bool CostModel::maps_in_place(std::size_t tile, MemoryPlace place) const {
  return !place.tile || *place.tile == tile || matrix_.is_fast(tile, *place.tile);
}

std::chrono::nanoseconds CostModel::fault_overhead(std::size_t tile) const {
  const auto fault = page_faults_.at(tile) ? costs_.gpu_fault : std::chrono::nanoseconds{};
  return fault + costs_.copy_setup + costs_.map;
}

std::string CostModel::name_of(MemoryPlace place) const {
  if (!place.tile) return "system memory";
  const TileId id = matrix_.tiles().at(*place.tile);
  return "tile " + std::to_string(id.device) + "." + std::to_string(id.tile);
}

}  // namespace zesvm::topology
