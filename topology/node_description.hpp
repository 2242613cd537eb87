/// @file node_description.hpp
/// What one machine has: its host, its GPU devices with their tiles, and the links between them.
///
/// A description comes from a YAML file: a preset by name, or any file by path. It is plain data;
/// `link_matrix.hpp` works out from it who reaches whom, and how fast. `detection.hpp` makes one of
/// the running machine, where each fact of a link carries its source.
///
/// T1  every device has at least one tile; in a file, every tile has VRAM of a positive multiple of
///     2 MiB
/// T2  PCI addresses are unique
/// T3  a link joins two different ends that exist, and no two links join the same pair of ends
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/sizes.hpp"
#include "topology/fact_source.hpp"

namespace zesvm::topology {

/// A rate of bytes, in units of 10^9 bytes per second, as data sheets give it.
struct Bandwidth {
  double gb_per_second = 0;

  friend constexpr auto operator<=>(Bandwidth, Bandwidth) = default;

  /// Returns how long `size` bytes take at this rate; zero when the rate is zero (unknown).
  std::chrono::nanoseconds time_for(Bytes size) const {
    if (gb_per_second <= 0) return {};
    return std::chrono::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(size.count) / gb_per_second));
  }
};

/// How one end of a link reaches memory at the other end.
enum class Protocol : std::uint8_t {
  /// Not at all.
  none,
  /// Only by copying through system memory.
  through_host,
  /// Over PCIe, crossing the root complex; to the host this is the device's own PCIe link.
  pcie_root,
  /// Over PCIe, below one common switch.
  pcie_switch,
  /// Over the fabric between cards.
  xe_link,
  /// Inside one device, between its tiles or in the tile itself.
  same_device,
};

/// Returns the protocol's name as node files spell it.
std::string_view name_of(Protocol protocol);

/// One tile of the node.
struct TileId {
  std::uint32_t device = 0;
  /// The tile's index within its device.
  std::uint32_t tile = 0;

  friend constexpr auto operator<=>(const TileId&, const TileId&) = default;
};

/// One end of a link: the host, a whole device (every one of its tiles), or one tile.
struct LinkEnd {
  enum class Kind : std::uint8_t { host, device, tile };

  Kind kind = Kind::host;
  std::uint32_t device = 0;
  std::uint32_t tile = 0;

  friend constexpr auto operator<=>(const LinkEnd&, const LinkEnd&) = default;

  /// Returns whether the end stands for `id`, itself or with its whole device.
  constexpr bool covers(TileId id) const {
    return kind != Kind::host && device == id.device && (kind == Kind::device || tile == id.tile);
  }
};

/// What an end reaches of the memory at the other end.
struct LinkFigures {
  /// Rate at which this end reads the other's memory.
  Bandwidth read;
  /// Rate at which this end writes the other's memory.
  Bandwidth write;
  /// Time until the first byte of a read arrives.
  std::chrono::nanoseconds latency{};

  friend bool operator==(const LinkFigures&, const LinkFigures&) = default;
};

/// Whether a link counts as fast: worked out from its figures, or said by the file.
enum class Fast : std::uint8_t { by_bandwidth, yes, no };

/// A connection between two ends.
struct Link {
  LinkEnd first;
  LinkEnd second;
  Protocol protocol = Protocol::none;
  /// What `first` sees of `second`.
  LinkFigures forward;
  /// What `second` sees of `first`. Equal to `forward` unless the file says otherwise.
  LinkFigures backward;
  /// Whether atomic operations work across it.
  bool atomics = false;
  Fast fast = Fast::by_bandwidth;
  /// What lies between two devices on PCIe; unknown: worked out from protocol and NUMA nodes.
  PciPath path = PciPath::unknown;
  LinkSources sources;
  /// Whether data crossed right, as `first` uses memory of `second`, and the other way.
  DataCheck forward_data = DataCheck::not_done;
  DataCheck backward_data = DataCheck::not_done;
  /// Why memory at the other end cannot be used in place; empty where it can, or nobody says.
  std::string reason{};
};

/// A place on the PCI bus.
struct PciAddress {
  std::uint32_t domain = 0;
  std::uint32_t bus = 0;
  std::uint32_t device = 0;
  std::uint32_t function = 0;

  friend constexpr auto operator<=>(const PciAddress&, const PciAddress&) = default;
};

/// Returns the address as `0000:03:00.0`.
std::string to_string(const PciAddress& address);

/// Execution units of one tile.
struct EuLayout {
  std::uint32_t slices = 1;
  std::uint32_t subslices_per_slice = 1;
  std::uint32_t eus_per_subslice = 1;
  std::uint32_t threads_per_eu = 1;
  /// Lanes of the hardware's vector unit.
  std::uint32_t physical_simd_width = 16;
  /// Sub-group sizes a kernel can be compiled for, ascending.
  std::vector<std::uint32_t> subgroup_sizes{16, 32};

  /// Returns the execution units of one tile.
  std::uint32_t eus() const { return slices * subslices_per_slice * eus_per_subslice; }
};

/// One cache of a tile.
struct Cache {
  std::uint32_t level = 1;
  Bytes size;
};

/// One GPU. Figures are per tile unless they say otherwise.
struct DeviceDescription {
  std::string name;
  /// Short name of its generation: `pvc`, `bmg`, `dg2`.
  std::string family;
  std::uint32_t vendor_id = 0x8086;
  std::uint32_t device_id = 0;
  std::uint32_t revision = 0;
  PciAddress pci_address;
  std::uint32_t pci_generation = 4;
  std::uint32_t pci_width = 8;
  /// Index of the host NUMA node it is attached to.
  std::uint32_t numa_node = 0;
  /// Where generation and width of its PCIe link are from, and its NUMA node.
  Source pci_source = Source::node_file;
  Source numa_source = Source::node_file;
  bool integrated = false;

  std::uint32_t tiles = 1;
  Bytes vram;
  std::string memory_type;
  Bandwidth memory_bandwidth;
  std::chrono::nanoseconds memory_latency{};
  std::uint32_t memory_bus_bits = 0;
  std::uint32_t memory_clock_mhz = 0;
  std::uint32_t core_clock_mhz = 0;
  EuLayout eu;
  std::vector<Cache> caches;
  /// Local memory a work-group can use.
  Bytes local_memory;
  std::uint32_t max_group_size = 1024;
  std::uint32_t compute_engines = 1;
  std::uint32_t copy_engines = 1;

  /// Whether a kernel that touches unmapped memory can be resumed.
  bool page_faults = true;
  /// Whether atomic operations on system memory work.
  bool system_atomics = false;
  /// Whether any pointer of the program may be used, not only allocations of the driver.
  bool shared_system = false;
  /// Whether its memory keeps and reports ECC errors.
  bool ecc = false;
  /// Ranges below this size do not move to its VRAM: 4 KiB or 64 KiB.
  Bytes smallest_migratable = 4_KiB;
  /// One tick of the device's clock.
  double timer_resolution_ns = 52.0833;
  /// Significant bits of a timestamp.
  std::uint32_t timestamp_bits = 32;
  /// Sixteen bytes, unique in the node; made from ids and PCI address unless the file gives them.
  std::vector<std::uint8_t> uuid;

  /// Returns the VRAM of all tiles.
  Bytes total_vram() const { return vram * tiles; }
};

/// One NUMA node of the host.
struct NumaNode {
  Bytes memory;
  /// Logical CPUs, ascending.
  std::vector<std::uint32_t> cpus;
  /// The number the operating system gives it; nothing: its place in the list.
  std::optional<std::uint32_t> os_index{};
};

/// The processors and the memory of the host.
struct HostDescription {
  std::string name;
  std::vector<NumaNode> numa_nodes;
  /// Distance of each node (row) to each (column), 10 for itself, as firmware tells it; may be empty.
  std::vector<std::vector<std::uint32_t>> numa_distances;
  Bandwidth memory_bandwidth;
  std::chrono::nanoseconds memory_latency{};

  /// Returns the distance from node to node; 10 and 20 where nobody says.
  std::uint32_t numa_distance(std::size_t from, std::size_t to) const;
  /// Returns the operating system's number of the node at a place in the list.
  std::uint32_t os_index_of(std::size_t numa_node) const;
};

/// What operations cost on the virtual clock, beside the time their bytes take on a link.
struct SimulatedCosts {
  /// From a GPU fault to its service, and from there to the resumed thread.
  std::chrono::nanoseconds gpu_fault{20'000};
  std::chrono::nanoseconds cpu_fault{5'000};
  /// Setting up one copy.
  std::chrono::nanoseconds copy_setup{2'000};
  /// Changing page tables for one range, and flushing translations once.
  std::chrono::nanoseconds map{1'000};
  std::chrono::nanoseconds flush{2'000};
  std::chrono::nanoseconds kernel_launch{5'000};
};

/// A whole machine.
struct NodeDescription {
  std::string name;
  std::string description;
  /// Where the figures are from; one entry for each source.
  std::vector<std::string> sources;
  HostDescription host;
  std::vector<DeviceDescription> devices;
  std::vector<Link> links;
  SimulatedCosts simulated;
  /// The file it was read from; empty when it was not.
  std::string path;

  /// Returns the tiles of all devices, devices in order, each with its tiles in order.
  std::vector<TileId> tiles() const;
  /// Returns the position of `id` in tiles(). @errors std::out_of_range when there is no such tile.
  std::size_t index_of(TileId id) const;
  /// Returns the operating system's number of the NUMA node a device is attached to; nothing where
  /// nobody says.
  std::optional<std::uint32_t> os_numa_node_of(std::size_t device) const;
  /// Returns whether any device uses memory of the program as it is.
  bool any_takes_program_pointers() const;
  /// Returns whether every device does.
  bool all_take_program_pointers() const;
};

/// A node file that cannot be used. `what()` starts with `file:line:` and says what to do.
class DescriptionError : public std::runtime_error {
 public:
  DescriptionError(std::string file, int line, const std::string& message);

  const std::string& file() const { return file_; }
  /// Returns the line, from 1; 0 when no line is to blame.
  int line() const { return line_; }

 private:
  std::string file_;
  int line_;
};

/// Reads the preset called `name_or_path`, or the file at that path.
///
/// A name without `/` and without `.yaml` is looked up in the directories of `ZESVM_NODES_PATH`
/// (separated by `:`), then among the presets installed with the library. `ZESVM_NODE_VRAM`, such
/// as `256MiB`, replaces the VRAM of every tile.
/// @errors DescriptionError: no such preset (the message lists those there are), unreadable,
///         malformed, an unknown key, a value out of bounds.
NodeDescription load_node(const std::string& name_or_path);

/// Reads a description from text; `file` names it in errors. The environment is not consulted.
/// @errors DescriptionError, as load_node().
NodeDescription parse_node(const std::string& text, const std::string& file = "<text>");

/// Replaces the VRAM of every tile.
/// @errors std::invalid_argument when `vram` breaks T1; the description is unchanged then.
void set_vram(NodeDescription& node, Bytes vram);

/// Reads an amount of memory: `256 MiB`, `12GiB`, `4096`; binary units (KiB, MiB, GiB, TiB, B) only.
/// Returns nothing for anything else, also for amounts beyond 64 bits.
std::optional<Bytes> parse_bytes(std::string_view text);

/// Returns the directories presets are looked up in, first match wins.
std::vector<std::string> preset_directories();

/// Returns the names of all presets that load_node() finds, sorted.
std::vector<std::string> preset_names();

}  // namespace zesvm::topology
