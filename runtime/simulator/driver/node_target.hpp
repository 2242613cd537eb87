/// @file node_target.hpp
/// A tile of the simulated node as what commands run on.
#pragma once

#include <memory>

#include "simulator/driver/command_target.hpp"
#include "simulator/node/node.hpp"

namespace zesvm::simulator::driver {

/// Runs commands on one tile.
class NodeTarget : public CommandTarget {
 public:
  NodeTarget(node::Node& node, node::TileId tile) : node_(node), tile_(tile) {}

  node::Outcome launch(const node::Launch& launch) override;
  Status copy(Address destination, Address source, Bytes size) override;
  Status fill(Address destination, std::span<const std::byte> pattern, Bytes size) override;
  Status copy_region(const node::Region& destination, const node::Region& source,
                     const std::array<std::uint64_t, 3>& extent) override;
  Status prefetch(Interval interval) override;
  /// Follows what the core has a word for; the rest is ignored, as the specification allows.
  Status advise(Interval interval, TileAdvice advice) override;
  bool is_lost() const override;
  std::uint64_t virtual_now() const override;
  std::uint64_t virtual_host_now() const override;
  void virtual_reaches(std::uint64_t when) override;
  void virtual_host_reaches(std::uint64_t when) override;

 private:
  node::Node& node_;
  const node::TileId tile_;
};

}  // namespace zesvm::simulator::driver
