#include <nlohmann/json.hpp>

#include "topology/report.hpp"

namespace zesvm::topology {
namespace {

using nlohmann::json;

// Null for what nobody knows: zero would look like a figure.
json known(double value) { return value > 0 ? json(value) : json(nullptr); }
json text(std::string_view value) { return std::string(value); }

json access_json(const Reach& reach) {
  if (!reach.is_known()) return nullptr;
  return {{"read", reach.is_direct()},
          {"write", reach.is_direct()},
          {"atomics", reach.is_direct() && reach.atomics}};
}

json json_of(const Reach& reach) {
  return {{"protocol", text(name_of(reach.protocol))},
          {"pcie_path", text(letters_of(reach.path))},
          {"read_gbps", known(reach.figures.read.gb_per_second)},
          {"write_gbps", known(reach.figures.write.gb_per_second)},
          {"latency_ns", known(static_cast<double>(reach.figures.latency.count()))},
          {"peer_access", access_json(reach)},
          {"fast", reach.is_fast},
          {"data", text(name_of(reach.data))},
          {"reason", reach.reason},
          {"sources",
           {{"protocol", text(name_of(reach.sources.protocol))},
            {"bandwidth", text(name_of(reach.sources.bandwidth))},
            {"latency", text(name_of(reach.sources.latency))},
            {"atomics", text(name_of(reach.sources.atomics))}}}};
}

json json_of(const NodeDescription& node, std::size_t index) {
  const DeviceDescription& device = node.devices[index];
  const auto numa_node = node.os_numa_node_of(index);
  return {{"name", device.name},
          {"family", device.family},
          {"pci_address", to_string(device.pci_address)},
          {"pci_generation", device.pci_generation},
          {"pci_width", device.pci_width},
          {"pci_source", text(name_of(device.pci_source))},
          {"numa_node", numa_node ? json(*numa_node) : json(nullptr)},
          {"numa_source", text(name_of(device.numa_source))},
          {"integrated", device.integrated},
          {"tiles", device.tiles},
          {"vram_bytes_per_tile", device.vram.count},
          {"memory_type", device.memory_type},
          {"memory_bandwidth_gbps", known(device.memory_bandwidth.gb_per_second)},
          {"page_faults", device.page_faults},
          {"system_atomics", device.system_atomics},
          {"shared_system", device.shared_system},
          {"smallest_migratable_bytes", device.smallest_migratable.count}};
}

json host_json(const HostDescription& host) {
  json nodes = json::array();
  for (const NumaNode& numa : host.numa_nodes)
    nodes.push_back({{"os_index", host.os_index_of(nodes.size())},
                     {"memory_bytes", numa.memory.count},
                     {"cpus", numa.cpus}});
  return {{"name", host.name},
          {"memory_bandwidth_gbps", known(host.memory_bandwidth.gb_per_second)},
          {"numa_nodes", nodes},
          {"numa_distances", host.numa_distances}};
}

json links_json(const NodeDescription& node, const LinkMatrix& matrix) {
  json links = json::array();
  const auto add = [&](json link, std::size_t from, const std::string& to) {
    link["from"] = label_of(matrix.tiles()[from]);
    link["to"] = to;
    links.push_back(std::move(link));
  };
  for (std::size_t from = 0; from < matrix.size(); ++from) {
    add(json_of(matrix.to_host(from)), from, "host");
    for (std::size_t i = 0; i < node.host.numa_nodes.size(); ++i)
      add(json_of(matrix.to_numa(from, i)), from,
          "numa" + std::to_string(node.host.os_index_of(i)));
    for (std::size_t to = 0; to < matrix.size(); ++to) {
      if (from == to) continue;
      json link = json_of(matrix.between(from, to));
      link["letters"] = text(letters_for(matrix, from, to));
      add(std::move(link), from, label_of(matrix.tiles()[to]));
    }
  }
  return links;
}

}  // namespace

std::string json_report(const Detection& detection) {
  const NodeDescription& node = detection.node;
  const LinkMatrix matrix(node);
  json report{{"name", node.name},
              {"description", node.description},
              {"sources", node.sources},
              {"file", node.path},
              {"host", host_json(node.host)},
              {"devices", json::array()},
              {"links", links_json(node, matrix)},
              {"owners", json::array()},
              {"lost", json::array()},
              {"free_bytes", json::object()},
              {"missing_sources", json::array()},
              {"contradictions", detection.contradictions},
              {"unknown", detection.unknown}};
  for (std::size_t i = 0; i < node.devices.size(); ++i)
    report["devices"].push_back(json_of(node, i));
  for (const std::size_t tile : detection.lost)
    report["lost"].push_back(label_of(matrix.tiles()[tile]));
  for (const auto& owner : matrix.owners_without(detection.lost)) {
    json tiles = json::array();
    for (const std::size_t tile : owner) tiles.push_back(label_of(matrix.tiles()[tile]));
    report["owners"].push_back(tiles);
  }
  for (std::size_t i = 0; i < detection.free_memory.size(); ++i)
    if (detection.free_memory[i])
      report["free_bytes"][label_of(matrix.tiles()[i])] = detection.free_memory[i]->count;
  for (const MissingSource& missing : detection.missing)
    report["missing_sources"].push_back(
        {{"source", text(name_of(missing.source))}, {"reason", missing.reason}});
  // Names come from drivers and firmware, in whatever encoding.
  return report.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace zesvm::topology
