/// @file fact_source.hpp
/// Where facts about links are from, and what is known about access to a peer's memory.
#pragma once

#include <cstdint>
#include <string_view>

namespace zesvm::topology {

/// Where a fact is from. Which source wins when two disagree: docs/topology.md.
enum class Source : std::uint8_t {
  /// No source has it: the fact is unknown.
  none,
  /// No source has it; a stated rule stands in.
  assumed,
  /// Worked out from other facts of the result.
  derived,
  node_file,
  libnuma,
  hwloc,
  sysman,
  /// Level Zero's fabric vertices and edges.
  fabric,
  /// Level Zero's devices and peer-to-peer properties.
  level_zero,
  /// Data that was written on one side and read on the other.
  data_check,
};

/// Returns the source as reports spell it.
std::string_view name_of(Source source);

/// Where each fact of one link is from.
struct LinkSources {
  Source protocol = Source::node_file;
  Source bandwidth = Source::node_file;
  Source latency = Source::node_file;
  Source atomics = Source::node_file;

  friend bool operator==(const LinkSources&, const LinkSources&) = default;
};

/// Whether data crossed a link right (F5).
enum class DataCheck : std::uint8_t { not_done, verified, failed };

/// Returns the outcome as reports spell it.
std::string_view name_of(DataCheck check);

/// What lies on the PCIe path between two devices, as `nvidia-smi topo` tells it apart.
enum class PciPath : std::uint8_t {
  unknown,
  /// At most one PCIe bridge (PIX).
  one_bridge,
  /// Several bridges, but no host bridge (PXB).
  bridges,
  /// A host bridge (PHB).
  host_bridge,
  /// Several host bridges of one NUMA node (NODE).
  numa_node,
  /// The interconnect between NUMA nodes (SYS).
  system,
};

/// Returns the letters `nvidia-smi topo -m` uses; `?` for unknown.
std::string_view letters_of(PciPath path);

}  // namespace zesvm::topology
