/// @file node_text.hpp
/// A small node file that is right, for tests to put one mistake into.
#pragma once

#include <string>

namespace zesvm::topology {

inline const std::string right_node = R"(name: sample
host:
  numa_nodes: [{memory: 1 GiB, cpus: 0-1}]
devices:
  - name: card
    pci_address: "0000:01:00.0"
    tiles: 2
    vram: 64 MiB
  - name: card
    pci_address: "0000:02:00.0"
    vram: 64 MiB
links:
  - {to_host: all, protocol: pcie_root, read_gbps: 20, write_gbps: 20}
)";

/// Returns `right_node` with the first `what` replaced.
inline std::string with(const std::string& what, const std::string& replacement) {
  std::string text = right_node;
  return text.replace(text.find(what), what.size(), replacement);
}

}  // namespace zesvm::topology
