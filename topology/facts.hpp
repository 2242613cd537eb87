/// @file facts.hpp
/// What each source says about a machine, as it says it: plain data, not yet judged.
///
/// The readers of the sources fill these (`hwloc_facts.hpp`, `numa_facts.hpp`, and
/// `levelzero/detection.hpp` for Level Zero and Sysman), `facts_json.hpp` writes and reads them as
/// recordings, and `detection.hpp` makes one description of them. An empty optional means that the
/// source does not say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "topology/node_description.hpp"

namespace zesvm::topology {

/// A PCIe link's generation and lanes.
struct PciSpeed {
  std::uint32_t generation = 0;
  std::uint32_t width = 0;

  friend bool operator==(const PciSpeed&, const PciSpeed&) = default;
};

/// A card, as zeDevice* calls describe it. Figures are per tile.
struct LevelZeroDevice {
  std::string name;
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
  std::optional<PciAddress> pci_address;
  std::optional<PciSpeed> pci_speed;
  std::uint32_t tiles = 1;
  Bytes memory;
  std::optional<Bandwidth> memory_bandwidth;
  bool integrated = false;
  bool page_faults = false;
  bool shared_system = false;
  bool system_atomics = false;
};

/// What the driver says of one tile's access to another's memory.
struct LevelZeroPair {
  TileId from;
  TileId to;
  /// zeDeviceCanAccessPeer.
  std::optional<bool> can_access;
  /// The flags of zeDeviceGetP2PProperties.
  std::optional<bool> p2p_access;
  std::optional<bool> p2p_atomics;
  /// From the bandwidth extension; a driver that leaves it zero does not say.
  std::optional<Bandwidth> bandwidth;
  std::optional<std::chrono::nanoseconds> latency;
  /// Whether data written by one side was read right by the other.
  DataCheck data = DataCheck::not_done;
};

/// An edge of the fabric between tiles or whole cards.
struct FabricEdge {
  LinkEnd first;
  LinkEnd second;
  /// `XeLink` between cards, `MDFI` inside one.
  std::string model;
  std::optional<Bandwidth> bandwidth;
  std::optional<std::chrono::nanoseconds> latency;
};

struct LevelZeroFacts {
  std::vector<LevelZeroDevice> devices;
  std::vector<LevelZeroPair> pairs;
  /// Tiles the driver says are lost (zeDeviceGetStatus).
  std::vector<TileId> lost;
  /// Empty optional: the driver has no fabric functions.
  std::optional<std::vector<FabricEdge>> edges;
};

/// What a fabric port says of itself.
enum class PortState : std::uint8_t { unknown, healthy, degraded, failed, disabled };

/// Returns the state as reports spell it.
std::string_view name_of(PortState state);

/// The three numbers that name a fabric port in a whole system.
struct PortId {
  std::uint32_t fabric = 0;
  std::uint32_t attach = 0;
  std::uint32_t port = 0;

  friend bool operator==(const PortId&, const PortId&) = default;
};

struct SysmanPort {
  PortId id;
  std::uint32_t tile = 0;
  PortState state = PortState::unknown;
  /// The port at the other end, while there is one.
  std::optional<PortId> remote;
  Bandwidth receive;
  Bandwidth send;

  /// Returns whether bytes can cross it, for all it says.
  bool works() const { return state != PortState::failed && state != PortState::disabled; }
};

/// Memory of one tile of a card.
struct SysmanMemory {
  std::uint32_t tile = 0;
  Bytes size;
  Bytes free;
};

/// A card, as Sysman describes it.
struct SysmanDevice {
  PciAddress pci_address;
  /// The link as trained now, and the most it can be.
  std::optional<PciSpeed> current;
  std::optional<PciSpeed> most;
  std::vector<SysmanMemory> memory;
  std::vector<SysmanPort> ports;
};

struct SysmanFacts {
  std::vector<SysmanDevice> devices;
};

/// A GPU in hwloc's PCI tree.
struct HwlocDevice {
  PciAddress pci_address;
  std::string name;
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
  /// The bridges above it, the host bridge first; each named by its place in the tree.
  std::vector<std::string> bridges;
  /// What the link carries each way, as hwloc works it out.
  std::optional<Bandwidth> link;
  std::optional<std::uint32_t> numa_node;
};

/// A bandwidth between two of hwloc's Level Zero objects.
struct HwlocXeLink {
  PciAddress first;
  std::optional<std::uint32_t> first_tile;
  PciAddress second;
  std::optional<std::uint32_t> second_tile;
  Bandwidth bandwidth;
};

/// A NUMA node, under the number the operating system gives it.
struct NumaFact {
  std::uint32_t os_index = 0;
  Bytes memory;
  std::vector<std::uint32_t> cpus;
};

struct HwlocFacts {
  std::vector<HwlocDevice> devices;
  std::vector<NumaFact> numa_nodes;
  /// Distances between NUMA nodes, in their order; empty where firmware does not say.
  std::vector<std::vector<std::uint32_t>> numa_distances;
  std::vector<HwlocXeLink> xe_links;
};

struct LibnumaFacts {
  std::vector<NumaFact> numa_nodes;
  std::vector<std::vector<std::uint32_t>> numa_distances;
};

/// A source that could not be asked, and why.
struct MissingSource {
  Source source = Source::none;
  std::string reason;
};

/// Everything the sources of one machine say.
struct NodeFacts {
  /// The name of the machine, or of the node.
  std::string name;
  std::optional<LevelZeroFacts> level_zero;
  std::optional<SysmanFacts> sysman;
  std::optional<HwlocFacts> hwloc;
  std::optional<LibnumaFacts> libnuma;
  /// What a file says about this node; on a simulated node, the one it is made from.
  std::optional<NodeDescription> file;
  std::vector<MissingSource> missing;
};

}  // namespace zesvm::topology
