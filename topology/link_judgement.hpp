/// @file link_judgement.hpp
/// The links of a machine, judged pair by pair from what the sources say. Part of detection.cpp.
#pragma once

#include <memory>
#include <optional>

#include "topology/detection.hpp"
#include "topology/link_matrix.hpp"

namespace zesvm::topology {

/// Adds the links between tiles and to the host to `detection.node`, whose devices are there.
class LinkJudgement {
 public:
  LinkJudgement(const NodeFacts& facts, Detection& detection);

  /// Judges every device's way to the host.
  void add_host_links();
  /// Judges every pair of tiles.
  void add_tile_links();

 private:
  // What is known of the fabric between two tiles of different cards.
  struct FabricFacts {
    const FabricEdge* edge = nullptr;
    const HwlocXeLink* hwloc = nullptr;
    std::vector<const SysmanPort*> ports;
    bool has_working_port = false;
    std::optional<Source> source() const;
  };
  struct Access {
    bool is_known = false;
    bool is_given = false;
    std::string reason;
  };

  Link judge(TileId a, TileId b);
  void judge_protocol(Link& link, const FabricFacts& fabric);
  void judge_access(Link& link);
  void judge_figures(Link& link, const FabricFacts& fabric);
  void judge_bandwidth(Link& link, const FabricFacts& fabric);
  void judge_latency(Link& link, const FabricFacts& fabric);
  void judge_atomics(Link& link);
  void compare_bandwidths(const Link& link, const FabricFacts& fabric);

  Access access(TileId from, TileId to);
  FabricFacts fabric_between(TileId a, TileId b);
  std::vector<const SysmanPort*> ports_between(TileId a, TileId b) const;
  const LevelZeroPair* pair(TileId from, TileId to) const;
  const HwlocDevice* in_hwloc(std::uint32_t device) const;
  const SysmanDevice* in_sysman(std::uint32_t device) const;
  std::optional<TileId> in_file(TileId tile) const;
  const Reach* file_reach(TileId from, TileId to) const;
  const Reach* file_host_reach(std::uint32_t device) const;
  void contradict(const std::string& text) { detection_.contradictions.push_back(text); }
  std::string pair_name(const Link& link) const;

  const NodeFacts& facts_;
  Detection& detection_;
  NodeDescription& node_;
  std::unique_ptr<LinkMatrix> file_;
};

}  // namespace zesvm::topology
