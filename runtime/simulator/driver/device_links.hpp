/// @file device_links.hpp
/// The link between two devices, as the node description has it.
#pragma once

#include "simulator/driver/handles.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

/// What one device sees of another.
struct DeviceLink {
  topology::Protocol protocol = topology::Protocol::none;
  /// Reading and writing the other's memory.
  topology::LinkFigures figures;
  bool atomics = false;
};

/// Returns how `from` reaches the memory of `to`; `none` when the description has no link. Of links
/// that cover the pair, the one with the most specific ends counts.
DeviceLink link_between(const Device& from, const Device& to);

}  // namespace zesvm::simulator::driver
