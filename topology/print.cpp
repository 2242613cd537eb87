#include "topology/print.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace zesvm::topology {
namespace {

std::string label(TileId tile) {
  return std::to_string(tile.device) + "." + std::to_string(tile.tile);
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string rates(const LinkFigures& figures) {
  char text[64];
  std::snprintf(text, sizeof text, "%.4g/%.4g", figures.read.gb_per_second,
                figures.write.gb_per_second);
  return text;
}

using Cell = std::string (*)(const NodeDescription&, const LinkMatrix&, std::size_t, std::size_t);

std::string table(const NodeDescription& node, const LinkMatrix& matrix, std::size_t width,
                  Cell cell, Cell host_cell) {
  std::string text = padded("", 8);
  for (const TileId tile : matrix.tiles()) text += padded(label(tile), width);
  text += "host\n";
  for (std::size_t from = 0; from < matrix.size(); ++from) {
    text += padded(label(matrix.tiles()[from]), 8);
    for (std::size_t to = 0; to < matrix.size(); ++to)
      text += padded(cell(node, matrix, from, to), width);
    text += host_cell(node, matrix, from, 0) + "\n";
  }
  return text;
}

nlohmann::json json_of(const Reach& reach) {
  return {{"protocol", std::string(name_of(reach.protocol))},
          {"read_gbps", reach.figures.read.gb_per_second},
          {"write_gbps", reach.figures.write.gb_per_second},
          {"latency_ns", reach.figures.latency.count()},
          {"atomics", reach.atomics},
          {"fast", reach.is_fast}};
}

nlohmann::json json_of(const DeviceDescription& device) {
  return {{"name", device.name},
          {"family", device.family},
          {"pci_address", to_string(device.pci_address)},
          {"numa_node", device.numa_node},
          {"tiles", device.tiles},
          {"vram_bytes_per_tile", device.vram.count},
          {"memory_type", device.memory_type},
          {"memory_bandwidth_gbps", device.memory_bandwidth.gb_per_second},
          {"page_faults", device.page_faults},
          {"system_atomics", device.system_atomics},
          {"shared_system", device.shared_system},
          {"smallest_migratable_bytes", device.smallest_migratable.count}};
}

constexpr const char* legend =
    "X     the tile itself\n"
    "TL    tiles of one device\n"
    "XL    Xe Link between devices\n"
    "PIX   PCIe, below one switch\n"
    "PXB   PCIe, across the root, with peer access\n"
    "PHB   through system memory, same NUMA node\n"
    "SYS   through system memory, between NUMA nodes\n"
    "-     not at all\n"
    "*     counts as a fast interconnect\n";

}  // namespace

std::string_view letters_for(const NodeDescription& node, const LinkMatrix& matrix,
                             std::size_t from, std::size_t to) {
  if (from == to) return "X";
  const auto numa = [&](std::size_t tile) {
    return node.devices[matrix.tiles()[tile].device].numa_node;
  };
  switch (matrix.between(from, to).protocol) {
    case Protocol::none: return "-";
    case Protocol::same_device: return "TL";
    case Protocol::xe_link: return "XL";
    case Protocol::pcie_switch: return "PIX";
    case Protocol::pcie_root: return "PXB";
    case Protocol::through_host: return numa(from) == numa(to) ? "PHB" : "SYS";
  }
  return "?";
}

std::string matrix_text(const NodeDescription& node, const LinkMatrix& matrix) {
  std::string text = "Links (row reaches column)\n";
  text += table(
      node, matrix, 8,
      [](const NodeDescription& n, const LinkMatrix& m, std::size_t a, std::size_t b) {
        return std::string(letters_for(n, m, a, b)) + (a != b && m.is_fast(a, b) ? "*" : "");
      },
      [](const NodeDescription&, const LinkMatrix& m, std::size_t a, std::size_t) {
        return std::string(m.to_host(a).is_direct() ? "PCIe" : "-");
      });
  text += "\nBandwidth, GB/s, read/write\n";
  text += table(
      node, matrix, 14,
      [](const NodeDescription&, const LinkMatrix& m, std::size_t a, std::size_t b) {
        return rates(m.between(a, b).figures);
      },
      [](const NodeDescription&, const LinkMatrix& m, std::size_t a, std::size_t) {
        return rates(m.to_host(a).figures);
      });
  text += "\nOwners\n";
  for (const auto& owner : matrix.owners()) {
    text += " ";
    for (const std::size_t tile : owner) text += " " + label(matrix.tiles()[tile]);
    text += "\n";
  }
  return text + "\nLegend\n" + legend;
}

std::string topology_json(const NodeDescription& node, const LinkMatrix& matrix) {
  nlohmann::json json{{"name", node.name}, {"description", node.description}};
  json["sources"] = node.sources;
  json["devices"] = nlohmann::json::array();
  for (const auto& device : node.devices) json["devices"].push_back(json_of(device));
  json["links"] = nlohmann::json::array();
  for (std::size_t from = 0; from < matrix.size(); ++from) {
    auto host = json_of(matrix.to_host(from));
    host["from"] = label(matrix.tiles()[from]);
    host["to"] = "host";
    json["links"].push_back(host);
    for (std::size_t to = 0; to < matrix.size(); ++to) {
      if (from == to) continue;
      auto link = json_of(matrix.between(from, to));
      link["from"] = label(matrix.tiles()[from]);
      link["to"] = label(matrix.tiles()[to]);
      link["letters"] = std::string(letters_for(node, matrix, from, to));
      json["links"].push_back(link);
    }
  }
  json["owners"] = nlohmann::json::array();
  for (const auto& owner : matrix.owners()) {
    nlohmann::json tiles = nlohmann::json::array();
    for (const std::size_t tile : owner) tiles.push_back(label(matrix.tiles()[tile]));
    json["owners"].push_back(tiles);
  }
  return json.dump(2);
}

}  // namespace zesvm::topology
