#include "topology/host_placement.hpp"

#include <algorithm>

#ifdef ZESVM_WITH_LIBNUMA
#include <cerrno>
#include <cstring>
#include <numa.h>
#include <numaif.h>
#endif

namespace zesvm::topology {
namespace {

using Outcome = HostPlacementResult::Outcome;

#ifdef ZESVM_WITH_LIBNUMA

class Libnuma : public HostNuma {
 public:
  std::vector<std::uint32_t> nodes() override {
    std::vector<std::uint32_t> found;
    if (numa_available() < 0) return found;
    for (int node = 0; node <= numa_max_node(); ++node)
      if (numa_node_size64(node, nullptr) > 0) found.push_back(static_cast<std::uint32_t>(node));
    return found;
  }

  bool prefer(Interval pages, std::uint32_t node, std::string& reason) override {
    bitmask* const mask = numa_allocate_nodemask();
    numa_bitmask_setbit(mask, node);
    // Preferred, not bound: a full node must not make the program fail.
    const long result = ::mbind(pointer_to(pages.begin), pages.size().count, MPOL_PREFERRED,
                                mask->maskp, mask->size + 1, MPOL_MF_MOVE);
    if (result != 0) reason = std::string("mbind: ") + std::strerror(errno);
    numa_free_nodemask(mask);
    return result == 0;
  }

  bool run_on(std::uint32_t node, std::string& reason) override {
    if (numa_run_on_node(static_cast<int>(node)) == 0) return true;
    reason = std::string("numa_run_on_node: ") + std::strerror(errno);
    return false;
  }
};

#else

class Libnuma : public HostNuma {
 public:
  std::vector<std::uint32_t> nodes() override { return {}; }
  bool prefer(Interval, std::uint32_t, std::string&) override { return false; }
  bool run_on(std::uint32_t, std::string&) override { return false; }
};

#endif

}  // namespace

HostNuma& HostNuma::of_this_machine() {
  static Libnuma libnuma;
  return libnuma;
}

std::optional<HostPlacementResult> HostPlacement::excuse(std::optional<std::uint32_t> node) const {
  const auto nodes = numa_.nodes();
  const auto not_needed = [](std::string why) {
    return HostPlacementResult{Outcome::not_needed, std::move(why)};
  };
  if (nodes.empty()) return not_needed("the host's NUMA nodes are not known: no libnuma");
  if (nodes.size() == 1) return not_needed("the host has one NUMA node");
  if (!node) return not_needed("nobody knows which NUMA node the device is attached to");
  if (std::find(nodes.begin(), nodes.end(), *node) == nodes.end())
    return HostPlacementResult{Outcome::refused,
                               "the host has no NUMA node " + std::to_string(*node)};
  return std::nullopt;
}

HostPlacementResult HostPlacement::place(Interval interval,
                                         std::optional<std::uint32_t> node) const {
  if (auto why = excuse(node)) return *why;
  const Interval pages{align_up(interval.begin, cpu_page), align_down(interval.end, cpu_page)};
  if (pages.begin >= pages.end) return {Outcome::not_needed, "no whole page"};
  std::string reason;
  if (!numa_.prefer(pages, *node, reason)) return {Outcome::refused, std::move(reason)};
  return {Outcome::applied, "on NUMA node " + std::to_string(*node)};
}

HostPlacementResult HostPlacement::bind_thread(std::optional<std::uint32_t> node) const {
  if (auto why = excuse(node)) return *why;
  std::string reason;
  if (!numa_.run_on(*node, reason)) return {Outcome::refused, std::move(reason)};
  return {Outcome::applied, "on NUMA node " + std::to_string(*node)};
}

}  // namespace zesvm::topology
