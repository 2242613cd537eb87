/// @file fake_numa.hpp
/// A system that keeps what it was asked to place, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "topology/host_placement.hpp"

namespace zesvm::topology {

/// A host of two NUMA nodes, unless the test says otherwise.
class FakeNuma : public HostNuma {
 public:
  std::vector<std::uint32_t> nodes() override { return present; }
  bool prefer(Interval pages, std::uint32_t node, std::string& reason) override {
    placed.emplace_back(pages, node);
    reason = refusal;
    return refusal.empty();
  }
  bool run_on(std::uint32_t node, std::string& reason) override {
    bound.push_back(node);
    reason = refusal;
    return refusal.empty();
  }
  std::vector<std::uint32_t> present{0, 1};
  std::vector<std::pair<Interval, std::uint32_t>> placed;
  std::vector<std::uint32_t> bound;
  std::string refusal;
};

}  // namespace zesvm::topology
