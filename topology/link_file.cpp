#include "topology/link_file.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace zesvm::topology {
namespace {

using Ends = std::pair<LinkEnd, LinkEnd>;

LinkEnd device_end(std::uint32_t device) { return {LinkEnd::Kind::device, device, 0}; }

LinkEnd read_end(const NodeDescription& node, const YamlMap& map, const YAML::Node& item) {
  const std::string text = text_of(map, item, "between");
  if (text == "host") return {};
  const auto dot = text.find('.');
  const auto device = parse_number(text.substr(0, dot));
  if (!device || *device >= node.devices.size())
    map.fail(item, "end '" + text + "' is no device here; give `host`, a device (0 to " +
                       std::to_string(node.devices.size() - 1) + ") or a tile such as 0.1");
  LinkEnd end = device_end(static_cast<std::uint32_t>(*device));
  if (dot == std::string::npos) return end;
  const auto tile = parse_number(text.substr(dot + 1));
  const std::uint32_t tiles = node.devices[end.device].tiles;
  if (!tile || *tile >= tiles)
    map.fail(item, "end '" + text + "' is no tile; device " + std::to_string(end.device) + " has " +
                       std::to_string(tiles) + ", counted from 0");
  end.kind = LinkEnd::Kind::tile;
  end.tile = static_cast<std::uint32_t>(*tile);
  return end;
}

std::vector<std::uint32_t> read_devices(const NodeDescription& node, const YamlMap& map,
                                        const YAML::Node& value, const char* key) {
  std::vector<std::uint32_t> devices;
  if (value.IsScalar() && value.Scalar() == "all") {
    for (std::uint32_t i = 0; i < node.devices.size(); ++i) devices.push_back(i);
    return devices;
  }
  for (const auto& item : items_of(map, value, key)) {
    const LinkEnd end = read_end(node, map, item);
    if (end.kind != LinkEnd::Kind::device) map.fail(item, "give device numbers here, or `all`");
    devices.push_back(end.device);
  }
  return devices;
}

std::vector<Ends> pairs_between(const NodeDescription& node, const YamlMap& map,
                                const YAML::Node& value) {
  const auto items = items_of(map, value, "between");
  if (items.size() != 2) map.fail(value, "'between' takes two ends, such as [0, 1] or [0.0, 0.1]");
  const LinkEnd first = read_end(node, map, items[0]);
  const LinkEnd second = read_end(node, map, items[1]);
  if (first == second) map.fail(value, "a link joins two different ends");
  if (first.kind != LinkEnd::Kind::host && second.kind != LinkEnd::Kind::host &&
      first.device == second.device && first.kind != second.kind)
    map.fail(value, "one end holds the other; name two tiles");
  return {{first, second}};
}

std::vector<Ends> pairs_within(const NodeDescription& node,
                               const std::vector<std::uint32_t>& devices) {
  std::vector<Ends> pairs;
  for (const std::uint32_t device : devices)
    for (std::uint32_t a = 0; a < node.devices[device].tiles; ++a)
      for (std::uint32_t b = a + 1; b < node.devices[device].tiles; ++b)
        pairs.push_back({{LinkEnd::Kind::tile, device, a}, {LinkEnd::Kind::tile, device, b}});
  return pairs;
}

std::vector<Ends> pairs_among(const std::vector<std::uint32_t>& devices) {
  std::vector<Ends> pairs;
  for (std::size_t a = 0; a < devices.size(); ++a)
    for (std::size_t b = a + 1; b < devices.size(); ++b)
      pairs.push_back({device_end(devices[a]), device_end(devices[b])});
  return pairs;
}

std::vector<Ends> read_pairs(const NodeDescription& node, YamlMap& map) {
  const auto between = map.find("between");
  const auto among = map.find("among");
  const auto within = map.find("within");
  const auto to_host = map.find("to_host");
  if (between.has_value() + among.has_value() + within.has_value() + to_host.has_value() != 1)
    map.fail(map.node(),
             "say what the link joins by exactly one of 'between' (two ends), 'among' "
             "(each two of these devices), 'within' (tiles of these devices), "
             "'to_host' (these devices)");
  if (between) return pairs_between(node, map, *between);
  if (among) return pairs_among(read_devices(node, map, *among, "among"));
  if (within) return pairs_within(node, read_devices(node, map, *within, "within"));
  std::vector<Ends> pairs;
  for (const std::uint32_t device : read_devices(node, map, *to_host, "to_host"))
    pairs.push_back({device_end(device), LinkEnd{}});
  return pairs;
}

Protocol read_protocol(YamlMap& map) {
  const YAML::Node value = map.require("protocol");
  const std::string text = text_of(map, value, "protocol");
  for (const Protocol protocol : {Protocol::none, Protocol::through_host, Protocol::pcie_root,
                                  Protocol::pcie_switch, Protocol::xe_link, Protocol::same_device})
    if (name_of(protocol) == text) return protocol;
  map.fail(value, "protocol '" + text +
                      "' is unknown; give same_device, xe_link, pcie_switch, pcie_root, "
                      "through_host or none");
}

void read_figures(YamlMap& map, LinkFigures& figures) {
  map.read("read_gbps", figures.read);
  map.read("write_gbps", figures.write);
  map.read("latency_ns", figures.latency);
}

Fast read_fast(YamlMap& map) {
  std::string text = "auto";
  map.read("fast", text);
  if (text == "auto") return Fast::by_bandwidth;
  if (text == "yes" || text == "true") return Fast::yes;
  if (text == "no" || text == "false") return Fast::no;
  map.fail(map.node(), "'fast' is '" + text + "'; give auto, yes or no");
}

void check_protocol(const YamlMap& map, const Link& link) {
  const bool inside = link.first.kind != LinkEnd::Kind::host &&
                      link.second.kind != LinkEnd::Kind::host &&
                      link.first.device == link.second.device;
  if (inside != (link.protocol == Protocol::same_device))
    map.fail(map.node(), inside ? "tiles of one device are linked by protocol same_device"
                                : "protocol same_device is for tiles of one device");
  const bool moves = link.protocol != Protocol::none && link.protocol != Protocol::through_host;
  if (moves && (link.forward.read.gb_per_second <= 0 || link.forward.write.gb_per_second <= 0))
    map.fail(map.node(), "give 'read_gbps' and 'write_gbps', both above zero");
}

bool joins_same(const Link& a, const Link& b) {
  return (a.first == b.first && a.second == b.second) ||
         (a.first == b.second && a.second == b.first);
}

}  // namespace

void read_link(NodeDescription& node, const YAML::Node& entry, const std::string& file,
               const std::string& what) {
  YamlMap map(entry, file, what);
  const auto pairs = read_pairs(node, map);
  Link link;
  link.protocol = read_protocol(map);
  read_figures(map, link.forward);
  link.backward = link.forward;
  if (const auto reverse = map.find("reverse")) {
    YamlMap back(*reverse, file, what + ", reverse");
    read_figures(back, link.backward);
    back.finish();
  }
  map.read("atomics", link.atomics);
  link.fast = read_fast(map);
  map.finish();
  for (const auto& [first, second] : pairs) {
    link.first = first;
    link.second = second;
    check_protocol(map, link);
    if (std::any_of(node.links.begin(), node.links.end(),
                    [&](const Link& other) { return joins_same(link, other); }))
      map.fail(entry, "these two ends have a link already; give one link for each pair");
    node.links.push_back(link);
  }
}

}  // namespace zesvm::topology
