#include "topology/link_judgement.hpp"

#include <algorithm>

namespace zesvm::topology {
namespace {

std::string name_of_tile(TileId tile) {
  return std::to_string(tile.device) + "." + std::to_string(tile.tile);
}

LinkEnd end_of(TileId tile) { return {LinkEnd::Kind::tile, tile.device, tile.tile}; }

bool joins(const FabricEdge& edge, TileId a, TileId b) {
  return (edge.first.covers(a) && edge.second.covers(b)) ||
         (edge.first.covers(b) && edge.second.covers(a));
}

bool is_at(const NodeDescription& node, TileId tile, const PciAddress& address,
           const std::optional<std::uint32_t>& its_tile) {
  return node.devices[tile.device].pci_address == address &&
         its_tile.value_or(tile.tile) == tile.tile;
}

}  // namespace

std::optional<Source> LinkJudgement::FabricFacts::source() const {
  // A port that says it failed knows better than a list of what was built in.
  if (!ports.empty() && !has_working_port) return std::nullopt;
  if (edge != nullptr) return Source::fabric;
  if (!ports.empty()) return Source::sysman;
  if (hwloc != nullptr) return Source::hwloc;
  return std::nullopt;
}

LinkJudgement::LinkJudgement(const NodeFacts& facts, Detection& detection)
    : facts_(facts), detection_(detection), node_(detection.node) {
  if (facts.file) file_ = std::make_unique<LinkMatrix>(*facts.file);
}

std::string LinkJudgement::pair_name(const Link& link) const {
  return name_of_tile({link.first.device, link.first.tile}) + " and " +
         name_of_tile({link.second.device, link.second.tile});
}

const LevelZeroPair* LinkJudgement::pair(TileId from, TileId to) const {
  if (!facts_.level_zero) return nullptr;
  for (const LevelZeroPair& pair : facts_.level_zero->pairs)
    if (pair.from == from && pair.to == to) return &pair;
  return nullptr;
}

const HwlocDevice* LinkJudgement::in_hwloc(std::uint32_t device) const {
  if (!facts_.hwloc) return nullptr;
  for (const HwlocDevice& seen : facts_.hwloc->devices)
    if (seen.pci_address == node_.devices[device].pci_address) return &seen;
  return nullptr;
}

const SysmanDevice* LinkJudgement::in_sysman(std::uint32_t device) const {
  if (!facts_.sysman) return nullptr;
  for (const SysmanDevice& seen : facts_.sysman->devices)
    if (seen.pci_address == node_.devices[device].pci_address) return &seen;
  return nullptr;
}

std::optional<TileId> LinkJudgement::in_file(TileId tile) const {
  if (!facts_.file) return std::nullopt;
  const auto& devices = facts_.file->devices;
  for (std::uint32_t i = 0; i < devices.size(); ++i)
    if (devices[i].pci_address == node_.devices[tile.device].pci_address &&
        tile.tile < devices[i].tiles)
      return TileId{i, tile.tile};
  return std::nullopt;
}

const Reach* LinkJudgement::file_reach(TileId from, TileId to) const {
  const auto a = in_file(from), b = in_file(to);
  if (!a || !b) return nullptr;
  return &file_->between(facts_.file->index_of(*a), facts_.file->index_of(*b));
}

const Reach* LinkJudgement::file_host_reach(std::uint32_t device) const {
  const auto tile = in_file({device, 0});
  return tile ? &file_->to_host(facts_.file->index_of(*tile)) : nullptr;
}

void LinkJudgement::add_host_links() {
  for (std::uint32_t device = 0; device < node_.devices.size(); ++device) {
    const DeviceDescription& card = node_.devices[device];
    Link link;
    link.first = {LinkEnd::Kind::device, device, 0};
    link.protocol = card.integrated ? Protocol::same_device : Protocol::pcie_root;
    link.sources = {Source::level_zero, Source::none, Source::none, Source::level_zero};
    link.atomics = card.system_atomics;
    if (!facts_.level_zero) link.sources.protocol = link.sources.atomics = Source::assumed;
    if (const Reach* reach = file_host_reach(device)) {
      link.protocol = reach->protocol;
      link.forward = link.backward = reach->figures;
      link.sources = reach->sources;
    } else {
      Bandwidth bandwidth = pcie_bandwidth(card.pci_generation, card.pci_width);
      link.sources.bandwidth = card.pci_source;
      const HwlocDevice* seen = in_hwloc(device);
      if (bandwidth.gb_per_second <= 0 && seen != nullptr && seen->link) {
        bandwidth = *seen->link;
        link.sources.bandwidth = Source::hwloc;
      }
      link.forward = link.backward = {bandwidth, bandwidth, {}};
      if (bandwidth.gb_per_second <= 0)
        detection_.unknown.push_back("bandwidth between card " + std::to_string(device) +
                                     " and the host");
    }
    node_.links.push_back(link);
  }
}

void LinkJudgement::add_tile_links() {
  const auto tiles = node_.tiles();
  for (std::size_t a = 0; a < tiles.size(); ++a)
    for (std::size_t b = a + 1; b < tiles.size(); ++b)
      node_.links.push_back(judge(tiles[a], tiles[b]));
}

Link LinkJudgement::judge(TileId a, TileId b) {
  Link link;
  link.first = end_of(a);
  link.second = end_of(b);
  link.sources = {Source::none, Source::none, Source::none, Source::none};
  const FabricFacts fabric = fabric_between(a, b);
  judge_protocol(link, fabric);
  judge_access(link);
  if (link.protocol != Protocol::through_host) judge_figures(link, fabric);
  return link;
}

LinkJudgement::FabricFacts LinkJudgement::fabric_between(TileId a, TileId b) {
  FabricFacts found;
  if (facts_.level_zero && facts_.level_zero->edges)
    for (const FabricEdge& edge : *facts_.level_zero->edges) {
      // An edge between tiles is more than one between their cards.
      const bool is_better = found.edge == nullptr || edge.first.kind == LinkEnd::Kind::tile;
      if (joins(edge, a, b) && is_better) found.edge = &edge;
    }
  if (facts_.hwloc)
    for (const HwlocXeLink& xe : facts_.hwloc->xe_links) {
      const bool ahead =
          is_at(node_, a, xe.first, xe.first_tile) && is_at(node_, b, xe.second, xe.second_tile);
      const bool back =
          is_at(node_, b, xe.first, xe.first_tile) && is_at(node_, a, xe.second, xe.second_tile);
      if (ahead || back) found.hwloc = &xe;
    }
  found.ports = ports_between(a, b);
  found.has_working_port = std::any_of(found.ports.begin(), found.ports.end(),
                                       [](const SysmanPort* port) { return port->works(); });
  return found;
}

std::vector<const SysmanPort*> LinkJudgement::ports_between(TileId a, TileId b) const {
  std::vector<const SysmanPort*> ports;
  const SysmanDevice* here = in_sysman(a.device);
  const SysmanDevice* there = in_sysman(b.device);
  if (here == nullptr || there == nullptr) return ports;
  for (const SysmanPort& port : here->ports) {
    if (port.tile != a.tile || !port.remote) continue;
    for (const SysmanPort& other : there->ports)
      if (other.tile == b.tile && other.id == *port.remote) ports.push_back(&port);
  }
  return ports;
}

void LinkJudgement::judge_protocol(Link& link, const FabricFacts& fabric) {
  const TileId a{link.first.device, link.first.tile}, b{link.second.device, link.second.tile};
  const HwlocDevice* first = in_hwloc(a.device);
  const HwlocDevice* second = in_hwloc(b.device);
  if (first != nullptr && second != nullptr) link.path = path_between(*first, *second);
  const bool is_below_switch = link.path == PciPath::one_bridge || link.path == PciPath::bridges;
  const auto take = [&](Protocol protocol, Source source) {
    link.protocol = protocol;
    link.sources.protocol = source;
  };
  const Reach* file = file_reach(a, b);
  const auto fabric_source = fabric.source();
  if (a.device == b.device) {
    take(Protocol::same_device, facts_.level_zero ? Source::level_zero : Source::node_file);
  } else if (file != nullptr && file->is_direct()) {
    take(file->protocol, Source::node_file);
    if ((file->protocol == Protocol::xe_link) != fabric_source.has_value() && facts_.level_zero &&
        facts_.level_zero->edges)
      contradict("between " + pair_name(link) + " the node file says " +
                 std::string(name_of(file->protocol)) + ", the driver's fabric " +
                 (fabric_source ? "an Xe Link" : "no working Xe Link") + "; taken: node file");
  } else if (fabric_source) {
    // Tiles that a flat hierarchy shows as cards, where no PCI address tells that they are one.
    const bool is_tile_link = fabric.edge != nullptr && fabric.edge->model == "MDFI";
    take(is_tile_link ? Protocol::same_device : Protocol::xe_link, *fabric_source);
  } else if (link.path != PciPath::unknown) {
    take(is_below_switch ? Protocol::pcie_switch : Protocol::pcie_root, Source::hwloc);
  } else {
    take(Protocol::pcie_root, Source::assumed);
  }
  if (fabric.edge != nullptr && !fabric_source && (file == nullptr || !file->is_direct()))
    contradict("between " + pair_name(link) +
               " the driver lists an Xe Link, but every port of it " + "is " +
               std::string(name_of(fabric.ports.front()->state)) + "; taken: sysman");
}

LinkJudgement::Access LinkJudgement::access(TileId from, TileId to) {
  const LevelZeroPair* said = pair(from, to);
  if (said == nullptr || (!said->can_access && !said->p2p_access)) {
    const Reach* file = file_reach(from, to);
    if (said == nullptr && facts_.file && !facts_.level_zero && file != nullptr)
      return {true, file->is_direct(), file->reason};
    return {false, false, ""};
  }
  if (said->can_access && said->p2p_access && *said->can_access != *said->p2p_access)
    contradict("zeDeviceCanAccessPeer says " + std::string(*said->can_access ? "yes" : "no") +
               " from " + name_of_tile(from) + " to " + name_of_tile(to) +
               ", zeDeviceGetP2PProperties " + (*said->p2p_access ? "yes" : "no") + "; taken: no");
  const bool is_given = said->can_access.value_or(true) && said->p2p_access.value_or(true);
  return {true, is_given, is_given ? "" : "the driver reports no peer access"};
}

void LinkJudgement::judge_access(Link& link) {
  const TileId a{link.first.device, link.first.tile}, b{link.second.device, link.second.tile};
  const Access ahead = access(a, b), back = access(b, a);
  const LevelZeroPair* said = pair(a, b);
  const LevelZeroPair* said_back = pair(b, a);
  if (said != nullptr) link.forward_data = said->data;
  if (said_back != nullptr) link.backward_data = said_back->data;
  // Tiles of one card reach each other unless somebody says they do not.
  if (a.device == b.device && !ahead.is_known && !back.is_known) return;
  if (ahead.is_given && back.is_given) return;
  const Protocol wired = link.protocol;
  link.protocol = Protocol::through_host;
  if (!ahead.is_known || !back.is_known) {
    link.reason = "nobody says whether peers have access: Level Zero could not be asked";
    link.sources.protocol = Source::none;
    detection_.unknown.push_back("peer access between " + pair_name(link));
    return;
  }
  if (ahead.is_given != back.is_given)
    link.reason = "only " + name_of_tile(ahead.is_given ? a : b) + " has access, not the other way";
  else
    link.reason = ahead.reason;
  if (wired == Protocol::xe_link)
    link.reason += ", though an Xe Link joins them";
  else if (link.path != PciPath::unknown)
    link.reason += " (PCIe path: " + std::string(letters_of(link.path)) + ")";
}

}  // namespace zesvm::topology
