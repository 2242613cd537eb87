#include "topology/link_matrix.hpp"

#include <algorithm>
#include <cstdio>

namespace zesvm::topology {
namespace {

// The most specific link between two ends, and which way it is used.
struct Found {
  const Link* link = nullptr;
  bool is_forward = true;
  int tiles_named = -1;

  explicit operator bool() const { return link != nullptr; }
  const LinkFigures& figures() const { return is_forward ? link->forward : link->backward; }
  DataCheck data() const { return is_forward ? link->forward_data : link->backward_data; }
  bool has_failed() const {
    return link->forward_data == DataCheck::failed || link->backward_data == DataCheck::failed;
  }
};

int tiles_named(const Link& link) {
  return (link.first.kind == LinkEnd::Kind::tile) + (link.second.kind == LinkEnd::Kind::tile);
}

template <typename IsFrom, typename IsTo>
Found find_link(const NodeDescription& node, IsFrom is_from, IsTo is_to) {
  Found found;
  for (const Link& link : node.links) {
    const bool ahead = is_from(link.first) && is_to(link.second);
    const bool back = is_from(link.second) && is_to(link.first);
    if ((!ahead && !back) || tiles_named(link) <= found.tiles_named) continue;
    found = {&link, ahead, tiles_named(link)};
  }
  return found;
}

Found find_link(const NodeDescription& node, TileId from, TileId to) {
  return find_link(
      node, [&](const LinkEnd& end) { return end.covers(from); },
      [&](const LinkEnd& end) { return end.covers(to); });
}

Reach reach_by(const Found& found) {
  Reach reach{.protocol = found.link->protocol,
              .figures = found.figures(),
              .atomics = found.link->atomics,
              .path = found.link->path,
              .sources = found.link->sources,
              .data = found.data(),
              .reason = found.link->reason};
  if (reach.figures.read.gb_per_second <= 0) reach.sources.bandwidth = Source::none;
  if (reach.figures.latency.count() <= 0) reach.sources.latency = Source::none;
  return reach;
}

Reach host_reach(const NodeDescription& node, TileId from) {
  const Found found = find_link(
      node, [&](const LinkEnd& end) { return end.covers(from); },
      [](const LinkEnd& end) { return end.kind == LinkEnd::Kind::host; });
  const DeviceDescription& device = node.devices[from.device];
  Reach reach;
  if (found) {
    reach = reach_by(found);
  } else {
    const Bandwidth own = pcie_bandwidth(device.pci_generation, device.pci_width);
    reach = {.protocol = Protocol::pcie_root,
             .figures = {own, own, std::chrono::nanoseconds(1000)},
             .sources = {Source::assumed, Source::derived, Source::assumed, Source::assumed}};
  }
  if (device.system_atomics && !reach.atomics) {
    reach.atomics = true;
    reach.sources.atomics = device.pci_source;
  }
  return reach;
}

Reach own_memory(const DeviceDescription& device, Source source) {
  const LinkFigures figures{device.memory_bandwidth, device.memory_bandwidth,
                            device.memory_latency};
  Reach reach{.protocol = Protocol::same_device,
              .figures = figures,
              .atomics = true,
              .is_fast = true,
              .sources = {source, source, source, source}};
  if (device.memory_bandwidth.gb_per_second <= 0) reach.sources.bandwidth = Source::none;
  if (device.memory_latency.count() <= 0) reach.sources.latency = Source::none;
  return reach;
}

// Bytes cross both links one after the other.
double in_two_steps(Bandwidth first, Bandwidth second) {
  if (first.gb_per_second <= 0 || second.gb_per_second <= 0) return 0;
  return 1 / (1 / first.gb_per_second + 1 / second.gb_per_second);
}

// Where nobody looked at the PCI tree: what the protocol and the NUMA nodes imply.
PciPath implied_path(const NodeDescription& node, const Reach& reach, TileId from, TileId to) {
  if (reach.path != PciPath::unknown || from.device == to.device) return reach.path;
  if (reach.protocol == Protocol::pcie_switch) return PciPath::one_bridge;
  const DeviceDescription& a = node.devices[from.device];
  const DeviceDescription& b = node.devices[to.device];
  if (a.numa_source == Source::none || b.numa_source == Source::none) return PciPath::unknown;
  if (a.numa_node != b.numa_node) return PciPath::system;
  // A node file would name a switch; that others name none means nothing.
  const bool is_told = a.numa_source == Source::node_file && b.numa_source == Source::node_file;
  return is_told ? PciPath::host_bridge : PciPath::unknown;
}

std::string too_slow(const char* what, Bandwidth direct, Bandwidth alternative) {
  char text[128];
  std::snprintf(text, sizeof text, "%s %.4g GB/s, but %.4g GB/s through the host", what,
                direct.gb_per_second, alternative.gb_per_second);
  return text;
}

}  // namespace

LinkMatrix::LinkMatrix(const NodeDescription& node) : tiles_(node.tiles()), host_(node.host) {
  for (const TileId tile : tiles_) {
    to_host_.push_back(host_reach(node, tile));
    const DeviceDescription& device = node.devices[tile.device];
    numa_node_of_.push_back(device.numa_source == Source::none
                                ? std::nullopt
                                : std::optional<std::uint32_t>(device.numa_node));
  }
  for (const TileId from : tiles_)
    for (const TileId to : tiles_) {
      between_.push_back(reach_of(node, from, to));
      between_.back().path = implied_path(node, between_.back(), from, to);
    }
  for (std::size_t from = 0; from < size(); ++from)
    for (std::size_t to = 0; to < size(); ++to) {
      const Found found = find_link(node, tiles_[from], tiles_[to]);
      judge_speed(from, to, found ? found.link->fast : Fast::by_bandwidth);
    }
}

Reach LinkMatrix::reach_of(const NodeDescription& node, TileId from, TileId to) const {
  if (from == to) return own_memory(node.devices[from.device], Source::node_file);
  const std::size_t a = node.index_of(from), b = node.index_of(to);
  const Found found = find_link(node, from, to);
  if (!found) {
    if (from.device == to.device) return own_memory(node.devices[from.device], Source::assumed);
    Reach reach = reach_through_host(a, b);
    reach.reason = "no link joins them";
    return reach;
  }
  Reach reach = reach_by(found);
  if (reach.protocol != Protocol::through_host && !found.has_failed()) return reach;
  Reach detour = reach_through_host(a, b);
  detour.path = implied_path(node, reach, from, to);
  if (reach.sources.protocol == Source::none) detour.sources.protocol = Source::none;
  detour.data = reach.data;
  detour.reason = !reach.reason.empty() ? reach.reason : "no peer access";
  if (found.has_failed())
    detour.reason = "the driver reports peer access, but data was read back wrong";
  return detour;
}

Reach LinkMatrix::reach_through_host(std::size_t from, std::size_t to) const {
  const std::chrono::nanoseconds latency =
      to_host_[from].figures.latency + to_host_[to].figures.latency;
  Reach reach{.protocol = Protocol::through_host,
              .figures = {through_host(to, from), through_host(from, to), latency},
              .sources = {Source::derived, Source::derived, Source::derived, Source::derived}};
  if (reach.figures.read.gb_per_second <= 0) reach.sources.bandwidth = Source::none;
  if (latency.count() <= 0) reach.sources.latency = Source::none;
  return reach;
}

void LinkMatrix::judge_speed(std::size_t from, std::size_t to, Fast said) {
  Reach& reach = between_[from * size() + to];
  reach.is_fast = reach.protocol == Protocol::same_device;
  if (reach.is_fast || !reach.is_direct()) return;
  if (said == Fast::no) {
    reach.reason = "said not to be fast by the node file";
    return;
  }
  std::string slow;
  if (said == Fast::by_bandwidth) {
    slow = why_slow(from, to);
    if (slow.empty()) slow = why_slow(to, from);
  }
  reach.is_fast = slow.empty();
  reach.reason = slow;
}

std::string LinkMatrix::why_slow(std::size_t from, std::size_t to) const {
  const LinkFigures& figures = between_[from * size() + to].figures;
  const Bandwidth read = through_host(to, from), write = through_host(from, to);
  if (figures.read.gb_per_second <= 0 || figures.write.gb_per_second <= 0)
    return "its bandwidth is unknown";
  if (read.gb_per_second <= 0 || write.gb_per_second <= 0)
    return "the bandwidth through the host, to compare with, is unknown";
  if (figures.read < read) return too_slow("reads", figures.read, read);
  if (figures.write < write) return too_slow("writes", figures.write, write);
  return "";
}

Reach LinkMatrix::to_numa(std::size_t from, std::size_t numa_node) const {
  Reach reach = to_host(from);
  const auto near = numa_node_of_.at(from);
  if (!near) {
    reach.figures.latency = {};
    reach.sources.latency = Source::none;
    return reach;
  }
  const std::uint32_t far = host_.numa_distance(*near, numa_node);
  reach.path = far <= 10 ? PciPath::host_bridge : PciPath::system;
  if (far <= 10 || host_.memory_latency.count() <= 0) return reach;
  // Distances are latencies relative to the node's own memory, which is 10.
  reach.figures.latency += host_.memory_latency * (far - 10) / 10;
  reach.sources.latency = Source::derived;
  return reach;
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

std::vector<std::vector<std::size_t>> LinkMatrix::owners() const { return owners_without({}); }

std::vector<std::vector<std::size_t>> LinkMatrix::owners_without(
    std::span<const std::size_t> gone) const {
  std::vector<std::size_t> present;
  for (std::size_t tile = 0; tile < size(); ++tile)
    if (std::find(gone.begin(), gone.end(), tile) == gone.end()) present.push_back(tile);
  auto cliques = owner_cliques(present.size(), [&](std::size_t a, std::size_t b) {
    return is_fast(present[a], present[b]);
  });
  for (auto& clique : cliques)
    for (std::size_t& member : clique) member = present[member];
  return cliques;
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
