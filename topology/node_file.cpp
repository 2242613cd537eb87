#include <algorithm>
#include <map>
#include <set>

#include "topology/link_file.hpp"
#include "topology/node_description.hpp"
#include "topology/yaml_reader.hpp"

namespace zesvm::topology {
namespace {

// Bounds catch wrong units and slips of the hand; they are far from what any machine has.
constexpr Bounds vram_bounds{2ull << 20, 1ull << 44};
constexpr Bounds tile_bounds{1, 64};
constexpr Bounds count_bounds{1, 4096};
constexpr Bounds memory_bounds{1ull << 20, 1ull << 52};

PciAddress read_pci(YamlMap& map, const YAML::Node& value) {
  const std::string text = text_of(map, value, "pci_address");
  PciAddress pci;
  int used = 0;
  const bool is_shaped =
      text.size() <= 16 && std::sscanf(text.c_str(), "%4x:%2x:%2x.%1x%n", &pci.domain, &pci.bus,
                                       &pci.device, &pci.function, &used) == 4;
  if (!is_shaped || static_cast<std::size_t>(used) != text.size() || pci.device > 31 ||
      pci.function > 7)
    map.fail(value, "'pci_address' is '" + text +
                        "'; give domain:bus:device.function such as "
                        "\"0000:03:00.0\"");
  return pci;
}

void read_eu(YamlMap& device, EuLayout& eu) {
  const auto found = device.find("eu");
  if (!found) return;
  YamlMap map(*found, device.file(), device.what() + ", eu");
  map.read("slices", eu.slices, count_bounds);
  map.read("subslices_per_slice", eu.subslices_per_slice, count_bounds);
  map.read("eus_per_subslice", eu.eus_per_subslice, count_bounds);
  map.read("threads_per_eu", eu.threads_per_eu, count_bounds);
  map.read("physical_simd_width", eu.physical_simd_width, {1, 1024});
  if (const auto sizes = map.find("subgroup_sizes")) {
    eu.subgroup_sizes.clear();
    for (const auto& item : items_of(map, *sizes, "subgroup_sizes")) {
      const auto size = parse_number(text_of(map, item, "subgroup_sizes"));
      if (!size || *size == 0 || *size > 1024)
        map.fail(item, "give sub-group sizes such as [16, 32]");
      eu.subgroup_sizes.push_back(static_cast<std::uint32_t>(*size));
    }
    if (eu.subgroup_sizes.empty()) map.fail(*sizes, "give at least one sub-group size");
    std::sort(eu.subgroup_sizes.begin(), eu.subgroup_sizes.end());
  }
  map.finish();
}

void read_caches(YamlMap& device, std::vector<Cache>& caches) {
  const auto found = device.find("caches");
  if (!found) return;
  caches.clear();
  for (const auto& item : items_of(device, *found, "caches")) {
    YamlMap map(item, device.file(), device.what() + ", caches");
    Cache cache;
    map.read("level", cache.level, {1, 9});
    map.read("size", cache.size, {1, 1ull << 40});
    map.finish();
    caches.push_back(cache);
  }
}

void read_uuid(YamlMap& map, std::vector<std::uint8_t>& uuid) {
  const auto found = map.find("uuid");
  if (!found) return;
  std::string digits = text_of(map, *found, "uuid");
  std::erase(digits, '-');
  if (digits.size() != 32 || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos)
    map.fail(*found, "'uuid' must be 32 hexadecimal digits; hyphens are allowed");
  uuid.clear();
  for (std::size_t i = 0; i < 32; i += 2)
    uuid.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
}

void read_memory(YamlMap& map, DeviceDescription& device) {
  if (const auto vram = map.find("vram")) {
    map.read("vram", device.vram, vram_bounds);
    if (device.vram % 2_MiB != 0_B)
      map.fail(*vram, "'vram' must be a multiple of 2 MiB, the largest page");
  }
  map.read("memory_type", device.memory_type);
  map.read("memory_bandwidth_gbps", device.memory_bandwidth);
  map.read("memory_latency_ns", device.memory_latency);
  map.read("memory_bus_bits", device.memory_bus_bits, {1, 65536});
  map.read("memory_clock_mhz", device.memory_clock_mhz, {1, 1'000'000});
  map.read("ecc", device.ecc);
  map.read("local_memory", device.local_memory, {0, 1ull << 32});
  if (const auto smallest = map.find("smallest_migratable")) {
    map.read("smallest_migratable", device.smallest_migratable, {1, ~0ull});
    if (device.smallest_migratable != 4_KiB && device.smallest_migratable != 64_KiB)
      map.fail(*smallest, "'smallest_migratable' must be 4 KiB or 64 KiB");
  }
}

void read_abilities(YamlMap& map, DeviceDescription& device) {
  map.read("integrated", device.integrated);
  map.read("page_faults", device.page_faults);
  map.read("system_atomics", device.system_atomics);
  map.read("shared_system", device.shared_system);
  if (device.shared_system && !device.page_faults)
    map.fail(map.node(),
             "'shared_system' needs 'page_faults: true': any pointer can only be used "
             "by a device that can fault on it");
}

// Reads all keys but those that say which device it is, over what `device` holds already.
void read_device_keys(YamlMap& map, DeviceDescription& device) {
  map.read("name", device.name);
  map.read("family", device.family);
  map.read("vendor_id", device.vendor_id, {0, 0xffff});
  map.read("device_id", device.device_id, {0, 0xffff});
  map.read("revision", device.revision, {0, 0xff});
  map.read("pci_generation", device.pci_generation, {1, 9});
  map.read("pci_width", device.pci_width, {1, 64});
  map.read("numa_node", device.numa_node, {0, 65535});
  map.read("tiles", device.tiles, tile_bounds);
  read_memory(map, device);
  map.read("core_clock_mhz", device.core_clock_mhz, {1, 1'000'000});
  read_eu(map, device.eu);
  read_caches(map, device.caches);
  map.read("max_group_size", device.max_group_size, {1, 1u << 20});
  map.read("compute_engines", device.compute_engines, {1, 1024});
  map.read("copy_engines", device.copy_engines, {0, 1024});
  read_abilities(map, device);
  map.read("timer_resolution_ns", device.timer_resolution_ns, 0.001, 1e9);
  map.read("timestamp_bits", device.timestamp_bits, {16, 64});
}

using Types = std::map<std::string, DeviceDescription>;

Types read_types(YamlMap& root) {
  Types types;
  const auto found = root.find("device_types");
  if (!found) return types;
  YamlMap names(*found, root.file(), "device_types");
  for (const auto& entry : names.node()) {
    YamlMap map(entry.second, root.file(), "device type '" + entry.first.Scalar() + "'");
    DeviceDescription device;
    read_device_keys(map, device);
    map.finish();
    types.emplace(entry.first.Scalar(), std::move(device));
  }
  return types;
}

// Ids and PCI address, in the order Intel's driver puts them, make devices of one node distinct.
std::vector<std::uint8_t> made_uuid(const DeviceDescription& device) {
  std::vector<std::uint8_t> uuid(16, 0);
  const auto put = [&](std::size_t at, std::uint32_t value) {
    uuid[at] = static_cast<std::uint8_t>(value & 0xff);
    uuid[at + 1] = static_cast<std::uint8_t>(value >> 8 & 0xff);
  };
  put(0, device.vendor_id);
  put(2, device.device_id);
  put(4, device.revision);
  put(6, device.pci_address.domain);
  uuid[8] = static_cast<std::uint8_t>(device.pci_address.bus);
  uuid[9] = static_cast<std::uint8_t>(device.pci_address.device);
  uuid[10] = static_cast<std::uint8_t>(device.pci_address.function);
  return uuid;
}

DeviceDescription read_device(const Types& types, const YAML::Node& entry, const std::string& file,
                              const std::string& what) {
  YamlMap map(entry, file, what);
  DeviceDescription device;
  if (const auto type = map.find("type")) {
    const auto known = types.find(text_of(map, *type, "type"));
    if (known == types.end())
      map.fail(*type, "type '" + type->Scalar() + "' is not in 'device_types'; add it there");
    device = known->second;
  }
  device.pci_address = read_pci(map, map.require("pci_address"));
  read_device_keys(map, device);
  read_uuid(map, device.uuid);
  map.finish();
  if (device.name.empty()) map.fail(entry, "key 'name' is missing; add it here or to the type");
  if (device.vram == 0_B)
    map.fail(entry, "key 'vram' is missing; add it here or to the type, such as `vram: 12 GiB`");
  if (device.uuid.empty()) device.uuid = made_uuid(device);
  return device;
}

std::vector<std::uint32_t> read_cpus(YamlMap& map, const YAML::Node& value) {
  const std::string text = text_of(map, value, "cpus");
  std::set<std::uint32_t> cpus;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string part = text.substr(from, comma - from);
    const std::size_t dash = part.find('-');
    const auto first = parse_number(part.substr(0, dash));
    const auto last = dash == part.npos ? first : parse_number(part.substr(dash + 1));
    if (!first || !last || *first > *last || *last > 65535)
      map.fail(value, "'cpus' is '" + text + "'; give numbers and spans such as \"0-51,104-155\"");
    for (auto cpu = *first; cpu <= *last; ++cpu) cpus.insert(static_cast<std::uint32_t>(cpu));
    from = comma + 1;
  }
  return {cpus.begin(), cpus.end()};
}

void read_numa_distances(YamlMap& map, HostDescription& host) {
  const auto found = map.find("numa_distances");
  if (!found) return;
  const std::size_t nodes = host.numa_nodes.size();
  for (const auto& row : items_of(map, *found, "numa_distances")) {
    auto& distances = host.numa_distances.emplace_back();
    for (const auto& item : items_of(map, row, "numa_distances")) {
      const auto distance = parse_number(text_of(map, item, "numa_distances"));
      if (!distance || *distance < 10 || *distance > 255)
        map.fail(item, "give distances from 10, a node's own, to 255");
      distances.push_back(static_cast<std::uint32_t>(*distance));
    }
    if (distances.size() != nodes) map.fail(row, "give one distance for each NUMA node");
  }
  if (host.numa_distances.size() != nodes) map.fail(*found, "give one row for each NUMA node");
}

void read_host(YamlMap& root, HostDescription& host) {
  YamlMap map(root.require("host"), root.file(), "host");
  map.read("name", host.name);
  map.read("memory_bandwidth_gbps", host.memory_bandwidth);
  map.read("memory_latency_ns", host.memory_latency);
  const YAML::Node list = map.require("numa_nodes");
  for (const auto& item : items_of(map, list, "numa_nodes")) {
    YamlMap one(item, root.file(), "NUMA node " + std::to_string(host.numa_nodes.size()));
    NumaNode numa;
    one.require("memory");
    one.read("memory", numa.memory, memory_bounds);
    numa.cpus = read_cpus(one, one.require("cpus"));
    one.finish();
    host.numa_nodes.push_back(std::move(numa));
  }
  if (host.numa_nodes.empty()) map.fail(list, "give at least one NUMA node");
  read_numa_distances(map, host);
  map.finish();
}

void read_devices(YamlMap& root, NodeDescription& node) {
  const Types types = read_types(root);
  const YAML::Node list = root.require("devices");
  for (const auto& item : items_of(root, list, "devices")) {
    const std::string what = "device " + std::to_string(node.devices.size());
    DeviceDescription device = read_device(types, item, root.file(), what);
    const auto clashes = [&](const DeviceDescription& other) {
      return other.pci_address == device.pci_address || other.uuid == device.uuid;
    };
    if (std::any_of(node.devices.begin(), node.devices.end(), clashes))
      root.fail(item, what + " has the PCI address or uuid of an earlier device; make it unique");
    if (device.numa_node >= node.host.numa_nodes.size())
      root.fail(item, what + " is at NUMA node " + std::to_string(device.numa_node) +
                          ", which the host does not have");
    node.devices.push_back(std::move(device));
  }
  if (node.devices.empty()) root.fail(list, "give at least one device");
}

void read_costs(YamlMap& root, SimulatedCosts& costs) {
  const auto found = root.find("simulated");
  if (!found) return;
  YamlMap map(*found, root.file(), "simulated");
  map.read("gpu_fault_ns", costs.gpu_fault);
  map.read("cpu_fault_ns", costs.cpu_fault);
  map.read("copy_setup_ns", costs.copy_setup);
  map.read("map_ns", costs.map);
  map.read("flush_ns", costs.flush);
  map.read("kernel_launch_ns", costs.kernel_launch);
  map.finish();
}

NodeDescription read_node(const YAML::Node& document, const std::string& file) {
  YamlMap root(document, file, "node");
  NodeDescription node;
  root.require("name");
  root.read("name", node.name);
  root.read("description", node.description);
  root.read("sources", node.sources);
  read_host(root, node.host);
  read_devices(root, node);
  if (const auto links = root.find("links")) {
    std::size_t index = 0;
    for (const auto& entry : items_of(root, *links, "links"))
      read_link(node, entry, file, "link " + std::to_string(index++));
  }
  read_costs(root, node.simulated);
  root.finish();
  return node;
}

}  // namespace

NodeDescription parse_node(const std::string& text, const std::string& file) {
  try {
    return read_node(YAML::Load(text), file);
  } catch (const YAML::Exception& error) {
    throw DescriptionError(file, error.mark.line < 0 ? 0 : error.mark.line + 1,
                           "is not well-formed YAML: " + error.msg + "; correct this line");
  }
}

}  // namespace zesvm::topology
