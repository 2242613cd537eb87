#include "topology/detection.hpp"

#include <algorithm>
#include <cstdio>

#include "topology/link_judgement.hpp"

namespace zesvm::topology {
namespace {

template <typename List>
auto at_address(const List& list, const PciAddress& address) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const auto& entry) { return entry.pci_address == address; });
  return found == list.end() ? nullptr : &*found;
}

std::string text_of(const PciSpeed& speed) {
  return "generation " + std::to_string(speed.generation) + " x" + std::to_string(speed.width);
}

void take_numa(HostDescription& host, const std::vector<NumaFact>& nodes,
               const std::vector<std::vector<std::uint32_t>>& distances) {
  for (const NumaFact& node : nodes)
    host.numa_nodes.push_back({node.memory, node.cpus, node.os_index});
  host.numa_distances = distances;
}

void judge_host(const NodeFacts& facts, Detection& result) {
  HostDescription& host = result.node.host;
  if (facts.file) {
    host = facts.file->host;
    return;
  }
  host.name = facts.name;
  if (facts.libnuma)
    take_numa(host, facts.libnuma->numa_nodes, facts.libnuma->numa_distances);
  else if (facts.hwloc)
    take_numa(host, facts.hwloc->numa_nodes, facts.hwloc->numa_distances);
  else
    result.unknown.push_back("NUMA nodes of the host: neither libnuma nor hwloc could be asked");
  if (facts.libnuma && facts.hwloc &&
      facts.libnuma->numa_nodes.size() != facts.hwloc->numa_nodes.size())
    result.contradictions.push_back(
        "libnuma has " + std::to_string(facts.libnuma->numa_nodes.size()) + " NUMA nodes, hwloc " +
        std::to_string(facts.hwloc->numa_nodes.size()) +
        "; taken: libnuma, which memory is placed with");
}

// The kernel's number of a NUMA node is not its place in the list.
std::optional<std::uint32_t> place_of_numa(const NodeFacts& facts, std::uint32_t os_index) {
  const auto& nodes = facts.libnuma ? facts.libnuma->numa_nodes : facts.hwloc->numa_nodes;
  for (std::uint32_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].os_index == os_index) return i;
  return std::nullopt;
}

void judge_numa(const NodeFacts& facts, Detection& result, DeviceDescription& device,
                const std::string& name) {
  const HwlocDevice* seen =
      facts.hwloc ? at_address(facts.hwloc->devices, device.pci_address) : nullptr;
  const bool is_only = result.node.host.numa_nodes.size() == 1;
  device.numa_node = 0;
  device.numa_source = is_only ? Source::derived : Source::none;
  if (seen != nullptr && seen->numa_node)
    if (const auto place = place_of_numa(facts, *seen->numa_node)) {
      device.numa_node = *place;
      device.numa_source = Source::hwloc;
      return;
    }
  if (!is_only) result.unknown.push_back("NUMA node of " + name);
}

// A link in power saving trains down to generation 1; what it was made for says more then.
void judge_pci(const NodeFacts& facts, Detection& result, DeviceDescription& device,
               const LevelZeroDevice* seen, const std::string& name) {
  device.pci_generation = device.pci_width = 0;
  device.pci_source = Source::none;
  const auto take = [&](const PciSpeed& speed, Source source) {
    device.pci_generation = speed.generation;
    device.pci_width = speed.width;
    device.pci_source = source;
  };
  const SysmanDevice* managed =
      facts.sysman ? at_address(facts.sysman->devices, device.pci_address) : nullptr;
  const std::optional<PciSpeed> claimed = seen != nullptr ? seen->pci_speed : std::nullopt;
  const auto most = managed != nullptr && managed->most ? managed->most : claimed;
  if (managed != nullptr && managed->current && managed->current->generation > 1) {
    take(*managed->current, Source::sysman);
  } else if (most) {
    take(*most, managed != nullptr && managed->most ? Source::sysman : Source::level_zero);
  }
  if (most && device.pci_source != Source::none &&
      (device.pci_generation < most->generation || device.pci_width < most->width))
    result.contradictions.push_back(
        "PCIe link of " + name + " runs at " + text_of({device.pci_generation, device.pci_width}) +
        ", but the card can do " + text_of(*most) + "; taken: what it runs at (sysman)");
}

DeviceDescription described(const LevelZeroDevice& seen) {
  DeviceDescription device;
  device.name = seen.name;
  device.vendor_id = seen.vendor_id;
  device.device_id = seen.device_id;
  device.pci_address = seen.pci_address.value_or(PciAddress{});
  device.tiles = std::max(seen.tiles, 1u);
  device.vram = seen.memory;
  device.memory_bandwidth = seen.memory_bandwidth.value_or(Bandwidth{});
  device.integrated = seen.integrated;
  device.page_faults = seen.page_faults;
  device.shared_system = seen.shared_system;
  device.system_atomics = seen.system_atomics;
  return device;
}

std::string card_name(const Detection& result) {
  return "card " + std::to_string(result.node.devices.size());
}

// What the file says of a card that Level Zero shows as well; tiles and memory stay as shown, since
// a mask may hide some.
bool take_from_file(const NodeFacts& facts, Detection& result, DeviceDescription& device,
                    const LevelZeroDevice& seen) {
  if (!facts.file || !seen.pci_address) return false;
  const DeviceDescription* known = at_address(facts.file->devices, *seen.pci_address);
  if (known == nullptr) return false;
  if (known->tiles != seen.tiles)
    result.contradictions.push_back(card_name(result) + " has " + std::to_string(known->tiles) +
                                    " tiles in the node file, Level Zero shows " +
                                    std::to_string(seen.tiles) + "; taken: level zero");
  device = *known;
  device.tiles = seen.tiles;
  device.vram = seen.memory;
  return true;
}

void add_level_zero_devices(const NodeFacts& facts, Detection& result) {
  for (const LevelZeroDevice& seen : facts.level_zero->devices) {
    const std::string name = card_name(result);
    DeviceDescription device = described(seen);
    if (!take_from_file(facts, result, device, seen)) {
      if (!seen.pci_address)
        result.unknown.push_back("PCI address of " + name +
                                 ": Sysman and hwloc cannot be matched to it");
      judge_pci(facts, result, device, &seen, name);
      judge_numa(facts, result, device, name);
    }
    result.node.devices.push_back(std::move(device));
  }
}

void add_hwloc_devices(const NodeFacts& facts, Detection& result) {
  for (const HwlocDevice& seen : facts.hwloc->devices) {
    const std::string name = card_name(result);
    DeviceDescription device;
    device.name = seen.name;
    device.vendor_id = seen.vendor_id;
    device.device_id = seen.device_id;
    device.pci_address = seen.pci_address;
    judge_pci(facts, result, device, nullptr, name);
    judge_numa(facts, result, device, name);
    result.node.devices.push_back(std::move(device));
    result.unknown.push_back("tiles, memory and peer access of " + name + " (" +
                             to_string(seen.pci_address) + "): Level Zero could not be asked");
  }
}

void judge_free_memory(const NodeFacts& facts, Detection& result) {
  for (const TileId tile : result.node.tiles()) {
    auto& free = result.free_memory.emplace_back();
    if (!facts.sysman) continue;
    const SysmanDevice* managed =
        at_address(facts.sysman->devices, result.node.devices[tile.device].pci_address);
    if (managed == nullptr) continue;
    for (const SysmanMemory& memory : managed->memory)
      if (memory.tile == tile.tile) free = memory.free;
  }
}

void judge_lost(const NodeFacts& facts, Detection& result) {
  if (!facts.level_zero) return;
  const auto tiles = result.node.tiles();
  for (const TileId tile : facts.level_zero->lost) {
    const auto found = std::find(tiles.begin(), tiles.end(), tile);
    if (found != tiles.end())
      result.lost.push_back(static_cast<std::size_t>(found - tiles.begin()));
  }
}

}  // namespace

Detection detect(const NodeFacts& facts) {
  Detection result;
  result.missing = facts.missing;
  result.node.name = facts.name;
  judge_host(facts, result);
  if (facts.file) {
    result.node.name = facts.file->name;
    result.node.description = facts.file->description;
    result.node.sources = facts.file->sources;
    result.node.path = facts.file->path;
    result.node.simulated = facts.file->simulated;
  }
  if (facts.level_zero)
    add_level_zero_devices(facts, result);
  else if (facts.file)
    result.node.devices = facts.file->devices;
  else if (facts.hwloc)
    add_hwloc_devices(facts, result);
  LinkJudgement links(facts, result);
  links.add_host_links();
  links.add_tile_links();
  judge_free_memory(facts, result);
  judge_lost(facts, result);
  return result;
}

PciPath path_between(const HwlocDevice& a, const HwlocDevice& b) {
  std::size_t shared = 0;
  while (shared < a.bridges.size() && shared < b.bridges.size() &&
         a.bridges[shared] == b.bridges[shared])
    ++shared;
  if (a.bridges.empty() || b.bridges.empty()) return PciPath::unknown;
  if (shared > 1) {
    // One switch shows as the port above, which both share, and a port below it for each.
    const bool is_one = a.bridges.size() <= shared + 1 && b.bridges.size() <= shared + 1;
    return is_one ? PciPath::one_bridge : PciPath::bridges;
  }
  if (shared == 1) return PciPath::host_bridge;
  if (!a.numa_node || !b.numa_node) return PciPath::unknown;
  return *a.numa_node == *b.numa_node ? PciPath::numa_node : PciPath::system;
}

}  // namespace zesvm::topology
