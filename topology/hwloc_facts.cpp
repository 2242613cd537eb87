#include "topology/hwloc_facts.hpp"

#ifdef ZESVM_WITH_HWLOC

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <hwloc.h>
#include <memory>

namespace zesvm::topology {
namespace {

constexpr std::uint32_t intel = 0x8086;
constexpr std::uint32_t display_class = 0x03;

struct TopologyEnd {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, TopologyEnd>;
using PciAttributes = hwloc_obj_attr_u::hwloc_pcidev_attr_s;

PciAddress address_of(const PciAttributes& pci) { return {pci.domain, pci.bus, pci.dev, pci.func}; }

// Discrete cards have a switch of their own: the ports above the GPU that belong to the card.
bool is_on_card(const PciAttributes& pci) {
  constexpr std::uint16_t ports[] = {0x4fa0, 0x4fa1, 0x4fa4, 0xe2f0, 0xe2f1, 0xe2ff};
  return pci.vendor_id == intel &&
         std::find(std::begin(ports), std::end(ports), pci.device_id) != std::end(ports);
}

std::string name_of_bridge(const hwloc_obj* bridge) {
  if (bridge->attr->bridge.upstream_type == HWLOC_OBJ_BRIDGE_HOST) {
    // The objects of one topology are told apart by their number.
    return "host bridge " + std::to_string(bridge->logical_index);
  }
  return to_string(address_of(bridge->attr->bridge.upstream.pci));
}

// The GPU behind a card's own switch always claims the slowest link there is; the card's upstream
// port tells the real one.
void read_path(const hwloc_obj* gpu, HwlocDevice& device) {
  double speed = is_on_card(gpu->attr->pcidev) ? 0 : gpu->attr->pcidev.linkspeed;
  for (const hwloc_obj* above = gpu->parent; above != nullptr; above = above->parent) {
    if (above->type != HWLOC_OBJ_BRIDGE) continue;
    const bool is_host = above->attr->bridge.upstream_type == HWLOC_OBJ_BRIDGE_HOST;
    if (!is_host && is_on_card(above->attr->bridge.upstream.pci)) {
      speed = std::max<double>(speed, above->attr->bridge.upstream.pci.linkspeed);
      continue;
    }
    device.bridges.insert(device.bridges.begin(), name_of_bridge(above));
  }
  if (speed > 0) device.link = Bandwidth{speed};
}

std::optional<std::uint32_t> numa_of(hwloc_topology* topology, hwloc_obj* device) {
  const hwloc_obj* local = hwloc_get_non_io_ancestor_obj(topology, device);
  if (local == nullptr || local->nodeset == nullptr) return std::nullopt;
  const int first = hwloc_bitmap_first(local->nodeset);
  // Below the whole machine means: nobody knows which of its nodes is near.
  const bool is_one = hwloc_bitmap_weight(local->nodeset) == 1 || local->parent != nullptr;
  return first >= 0 && is_one ? std::optional(static_cast<std::uint32_t>(first)) : std::nullopt;
}

HwlocDevice read_device(hwloc_topology* topology, hwloc_obj* gpu) {
  HwlocDevice device;
  device.pci_address = address_of(gpu->attr->pcidev);
  device.vendor_id = gpu->attr->pcidev.vendor_id;
  device.device_id = gpu->attr->pcidev.device_id;
  char fallback[40];
  std::snprintf(fallback, sizeof fallback, "Intel GPU 8086:%04x", device.device_id);
  const char* known = hwloc_obj_get_info_by_name(gpu, "PCIDevice");
  device.name = known != nullptr ? known : fallback;
  read_path(gpu, device);
  device.numa_node = numa_of(topology, gpu);
  return device;
}

NumaFact read_numa(const hwloc_obj* node) {
  NumaFact fact;
  fact.os_index = node->os_index;
  fact.memory = Bytes{node->attr->numanode.local_memory};
  for (int cpu = hwloc_bitmap_first(node->cpuset); cpu >= 0;
       cpu = hwloc_bitmap_next(node->cpuset, cpu))
    fact.cpus.push_back(static_cast<std::uint32_t>(cpu));
  return fact;
}

template <typename Use>
void for_distances(hwloc_topology* topology, const char* name, Use use) {
  unsigned count = 1;
  hwloc_distances_s* distances = nullptr;
  if (hwloc_distances_get_by_name(topology, name, &count, &distances, 0) != 0 || count == 0) return;
  use(*distances);
  hwloc_distances_release(topology, distances);
}

void read_numa_distances(hwloc_topology* topology, HwlocFacts& facts) {
  unsigned count = 1;
  hwloc_distances_s* found = nullptr;
  if (hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &count, &found,
                                  HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) != 0 ||
      count == 0)
    return;
  const std::size_t nodes = found->nbobjs;
  if (nodes == facts.numa_nodes.size()) {
    facts.numa_distances.assign(nodes, std::vector<std::uint32_t>(nodes));
    for (std::size_t from = 0; from < nodes; ++from)
      for (std::size_t to = 0; to < nodes; ++to)
        facts.numa_distances[found->objs[from]->logical_index][found->objs[to]->logical_index] =
            static_cast<std::uint32_t>(found->values[from * nodes + to]);
  }
  hwloc_distances_release(topology, found);
}

// A Level Zero object is an OS device below its card's PCI device, or, for a tile, below that of
// its card.
struct ZeObject {
  std::optional<PciAddress> card;
  std::optional<std::uint32_t> tile;
};

ZeObject ze_object(const hwloc_obj* object) {
  ZeObject found;
  if (const char* tile =
          hwloc_obj_get_info_by_name(const_cast<hwloc_obj*>(object), "LevelZeroSubdeviceID"))
    found.tile = static_cast<std::uint32_t>(std::strtoul(tile, nullptr, 10));
  for (const hwloc_obj* above = object->parent; above != nullptr; above = above->parent)
    if (above->type == HWLOC_OBJ_PCI_DEVICE) {
      found.card = address_of(above->attr->pcidev);
      break;
    }
  return found;
}

void read_xe_links(hwloc_topology* topology, HwlocFacts& facts) {
  for_distances(topology, "XeLinkBandwidth", [&](const hwloc_distances_s& matrix) {
    for (unsigned a = 0; a < matrix.nbobjs; ++a)
      for (unsigned b = a + 1; b < matrix.nbobjs; ++b) {
        const std::uint64_t megabytes = matrix.values[a * matrix.nbobjs + b];
        const ZeObject first = ze_object(matrix.objs[a]), second = ze_object(matrix.objs[b]);
        if (megabytes == 0 || !first.card || !second.card || first.card == second.card) continue;
        facts.xe_links.push_back({*first.card, first.tile, *second.card, second.tile,
                                  Bandwidth{static_cast<double>(megabytes) / 1000}});
      }
  });
}

HwlocFacts read_loaded(hwloc_topology* topology) {
  HwlocFacts facts;
  for (hwloc_obj* device = nullptr; (device = hwloc_get_next_pcidev(topology, device)) != nullptr;)
    if (device->attr->pcidev.vendor_id == intel &&
        device->attr->pcidev.class_id >> 8 == display_class)
      facts.devices.push_back(read_device(topology, device));
  for (hwloc_obj* node = nullptr;
       (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;)
    facts.numa_nodes.push_back(read_numa(node));
  read_numa_distances(topology, facts);
  read_xe_links(topology, facts);
  return facts;
}

HwlocAnswer read(const char* xml) {
  hwloc_topology_t made = nullptr;
  if (hwloc_topology_init(&made) != 0) return MissingSource{Source::hwloc, "hwloc cannot start"};
  const Topology topology(made);
  if (xml != nullptr && hwloc_topology_set_xml(made, xml) != 0)
    return MissingSource{Source::hwloc, std::string(xml) + " is no file that hwloc reads"};
  // These start the runtimes of other vendors, or one that would be a user of this library.
  for (const char* component : {"opencl", "cuda", "nvml", "rsmi", "gl"})
    hwloc_topology_set_components(made, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, component);
  hwloc_topology_set_io_types_filter(made, HWLOC_TYPE_FILTER_KEEP_ALL);
  if (hwloc_topology_load(made) != 0)
    return MissingSource{Source::hwloc, xml != nullptr
                                            ? std::string(xml) + " is no topology that hwloc reads"
                                            : "hwloc cannot read this machine"};
  return read_loaded(made);
}

}  // namespace

HwlocAnswer read_hwloc() { return read(nullptr); }
HwlocAnswer read_hwloc_xml(const std::string& file) { return read(file.c_str()); }

}  // namespace zesvm::topology

#else

namespace zesvm::topology {

HwlocAnswer read_hwloc() { return MissingSource{Source::hwloc, "built without hwloc"}; }
HwlocAnswer read_hwloc_xml(const std::string&) { return read_hwloc(); }

}  // namespace zesvm::topology

#endif
