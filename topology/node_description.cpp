#include "topology/node_description.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>

namespace zesvm::topology {

std::string_view name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::none: return "none";
    case Protocol::through_host: return "through_host";
    case Protocol::pcie_root: return "pcie_root";
    case Protocol::pcie_switch: return "pcie_switch";
    case Protocol::xe_link: return "xe_link";
    case Protocol::same_device: return "same_device";
  }
  return "unknown";
}

std::string to_string(const PciAddress& address) {
  char text[40];
  std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", address.domain, address.bus, address.device,
                address.function);
  return text;
}

std::uint32_t HostDescription::numa_distance(std::size_t from, std::size_t to) const {
  if (from < numa_distances.size() && to < numa_distances[from].size())
    return numa_distances[from][to];
  return from == to ? 10 : 20;
}

std::uint32_t HostDescription::os_index_of(std::size_t numa_node) const {
  return numa_nodes.at(numa_node).os_index.value_or(static_cast<std::uint32_t>(numa_node));
}

bool NodeDescription::any_takes_program_pointers() const {
  return std::any_of(devices.begin(), devices.end(),
                     [](const DeviceDescription& device) { return device.shared_system; });
}

bool NodeDescription::all_take_program_pointers() const {
  return std::all_of(devices.begin(), devices.end(),
                     [](const DeviceDescription& device) { return device.shared_system; });
}

std::optional<std::uint32_t> NodeDescription::os_numa_node_of(std::size_t device) const {
  const DeviceDescription& of = devices.at(device);
  if (of.numa_source == Source::none || of.numa_node >= host.numa_nodes.size()) return std::nullopt;
  return host.os_index_of(of.numa_node);
}

std::vector<TileId> NodeDescription::tiles() const {
  std::vector<TileId> all;
  for (std::uint32_t device = 0; device < devices.size(); ++device)
    for (std::uint32_t tile = 0; tile < devices[device].tiles; ++tile)
      all.push_back({device, tile});
  return all;
}

std::size_t NodeDescription::index_of(TileId id) const {
  if (id.device >= devices.size() || id.tile >= devices[id.device].tiles)
    throw std::out_of_range("node '" + name + "' has no tile " + std::to_string(id.device) + "." +
                            std::to_string(id.tile));
  std::size_t index = id.tile;
  for (std::uint32_t device = 0; device < id.device; ++device) index += devices[device].tiles;
  return index;
}

DescriptionError::DescriptionError(std::string file, int line, const std::string& message)
    : std::runtime_error(file + ":" + (line > 0 ? std::to_string(line) + ":" : "") + " " + message),
      file_(std::move(file)),
      line_(line) {}

void set_vram(NodeDescription& node, Bytes vram) {
  if (vram == 0_B || vram % 2_MiB != 0_B)
    throw std::invalid_argument("VRAM of " + std::to_string(vram.count) +
                                " bytes: give a positive multiple of 2 MiB");
  for (auto& device : node.devices) device.vram = vram;
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);

  std::uint64_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{}) return std::nullopt;
  std::string_view unit(stop, static_cast<std::size_t>(text.data() + text.size() - stop));
  while (!unit.empty() && is_space(unit.front())) unit.remove_prefix(1);

  unsigned shift = 0;
  if (unit == "KiB")
    shift = 10;
  else if (unit == "MiB")
    shift = 20;
  else if (unit == "GiB")
    shift = 30;
  else if (unit == "TiB")
    shift = 40;
  else if (!unit.empty() && unit != "B")
    return std::nullopt;
  if (shift != 0 && count >> (64 - shift) != 0) return std::nullopt;
  return Bytes{count << shift};
}

}  // namespace zesvm::topology
