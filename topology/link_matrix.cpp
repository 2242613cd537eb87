#include "topology/link_matrix.hpp"

#include <algorithm>

namespace zesvm::topology {
namespace {

bool joins(const LinkEnd& end, const LinkEnd& other) { return end == other; }

// Returns the most specific link from `from` to `to`, and whether it is used backwards.
struct Found {
  const Link* link = nullptr;
  const LinkFigures* figures = nullptr;
  int tiles_named = -1;
};

int tiles_named(const Link& link) {
  return (link.first.kind == LinkEnd::Kind::tile) + (link.second.kind == LinkEnd::Kind::tile);
}

template <typename From, typename To>
Found find_link(const NodeDescription& node, From is_from, To is_to) {
  Found found;
  for (const Link& link : node.links) {
    const bool ahead = is_from(link.first) && is_to(link.second);
    const bool back = is_from(link.second) && is_to(link.first);
    if ((!ahead && !back) || tiles_named(link) <= found.tiles_named) continue;
    found = {&link, ahead ? &link.forward : &link.backward, tiles_named(link)};
  }
  return found;
}

Reach reach_by(const Found& found) {
  return {found.link->protocol, *found.figures, found.link->atomics, false};
}

Reach host_reach(const NodeDescription& node, TileId from) {
  const Found found = find_link(
      node, [&](const LinkEnd& end) { return end.covers(from); },
      [](const LinkEnd& end) { return joins(end, LinkEnd{}); });
  const DeviceDescription& device = node.devices[from.device];
  Reach reach;
  if (found.link != nullptr) {
    reach = reach_by(found);
  } else {
    const Bandwidth own = pcie_bandwidth(device.pci_generation, device.pci_width);
    reach = {Protocol::pcie_root, {own, own, std::chrono::nanoseconds(1000)}, false, false};
  }
  reach.atomics = reach.atomics || device.system_atomics;
  return reach;
}

Reach own_memory(const DeviceDescription& device) {
  const LinkFigures figures{device.memory_bandwidth, device.memory_bandwidth,
                            device.memory_latency};
  return {Protocol::same_device, figures, true, true};
}

// Bytes cross both links one after the other.
double in_two_steps(Bandwidth first, Bandwidth second) {
  if (first.gb_per_second <= 0 || second.gb_per_second <= 0) return 0;
  return 1 / (1 / first.gb_per_second + 1 / second.gb_per_second);
}

}  // namespace

LinkMatrix::LinkMatrix(const NodeDescription& node) : tiles_(node.tiles()) {
  for (const TileId tile : tiles_) to_host_.push_back(host_reach(node, tile));
  for (const TileId from : tiles_)
    for (const TileId to : tiles_) between_.push_back(reach_of(node, from, to));

  std::vector<bool> fast(between_.size());
  const auto beats_host = [&](std::size_t from, std::size_t to) {
    const LinkFigures& figures = between(from, to).figures;
    return figures.read >= through_host(to, from) && figures.write >= through_host(from, to);
  };
  for (std::size_t from = 0; from < size(); ++from) {
    for (std::size_t to = 0; to < size(); ++to) {
      Reach& reach = between_[from * size() + to];
      if (reach.protocol == Protocol::same_device)
        reach.is_fast = true;
      else if (!reach.is_direct())
        reach.is_fast = false;
      else
        reach.is_fast = reach.is_fast || (beats_host(from, to) && beats_host(to, from));
    }
  }
  for (std::size_t from = 0; from < size(); ++from)
    for (std::size_t to = 0; to < size(); ++to)
      if (const Found found = find_link(
              node, [&](const LinkEnd& end) { return end.covers(tiles_[from]); },
              [&](const LinkEnd& end) { return end.covers(tiles_[to]); });
          found.link != nullptr && found.link->fast == Fast::no && from != to &&
          tiles_[from].device != tiles_[to].device)
        between_[from * size() + to].is_fast = false;
}

Reach LinkMatrix::reach_of(const NodeDescription& node, TileId from, TileId to) const {
  if (from == to) return own_memory(node.devices[from.device]);
  const Found found = find_link(
      node, [&](const LinkEnd& end) { return end.covers(from); },
      [&](const LinkEnd& end) { return end.covers(to); });
  if (found.link != nullptr) {
    Reach reach = reach_by(found);
    reach.is_fast = found.link->fast == Fast::yes;
    if (reach.protocol != Protocol::through_host) return reach;
  } else if (from.device == to.device) {
    return own_memory(node.devices[from.device]);
  }
  const std::size_t a = node.index_of(from), b = node.index_of(to);
  LinkFigures figures{through_host(b, a), through_host(a, b),
                      to_host_[a].figures.latency + to_host_[b].figures.latency};
  return {Protocol::through_host, figures, false, false};
}

const Reach& LinkMatrix::between(std::size_t from, std::size_t to) const {
  if (from >= size() || to >= size()) throw std::out_of_range("LinkMatrix: no such tile");
  return between_[from * size() + to];
}

bool LinkMatrix::is_fast(std::size_t a, std::size_t b) const {
  return between(a, b).is_fast && between(b, a).is_fast;
}

Bandwidth LinkMatrix::through_host(std::size_t source, std::size_t target) const {
  return {in_two_steps(to_host(source).figures.write, to_host(target).figures.read)};
}

std::vector<std::vector<std::size_t>> LinkMatrix::owners() const {
  return owner_cliques(size(), [this](std::size_t a, std::size_t b) { return is_fast(a, b); });
}

std::vector<std::vector<std::size_t>> owner_cliques(
    std::size_t count, const std::function<bool(std::size_t, std::size_t)>& related) {
  std::vector<std::vector<std::size_t>> cliques;
  for (std::size_t member = 0; member < count; ++member) {
    const auto fits = [&](const std::vector<std::size_t>& clique) {
      return std::all_of(clique.begin(), clique.end(),
                         [&](std::size_t other) { return related(member, other); });
    };
    const auto clique = std::find_if(cliques.begin(), cliques.end(), fits);
    if (clique != cliques.end())
      clique->push_back(member);
    else
      cliques.push_back({member});
  }
  return cliques;
}

Bandwidth pcie_bandwidth(std::uint32_t generation, std::uint32_t width) {
  // GB/s of one lane: transfers per second less the line coding; from generation 6 on, FLIT mode.
  constexpr double lane[] = {0, 0.25, 0.5, 0.985, 1.969, 3.938, 7.563, 15.125};
  constexpr std::uint32_t latest = 7;
  // Packet headers take about a tenth.
  return {lane[std::min(generation, latest)] * width * 0.9};
}

}  // namespace zesvm::topology
