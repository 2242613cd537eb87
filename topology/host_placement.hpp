/// @file host_placement.hpp
/// Host memory and host threads near a GPU: on the NUMA node it is attached to.
///
/// HP1  on a host with one NUMA node nothing is asked of the system, and the answer says so
/// HP2  nothing is placed on a node the host does not have
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/interval.hpp"

namespace zesvm::topology {

/// What the operating system does about NUMA. A test brings its own.
class HostNuma {
 public:
  virtual ~HostNuma() = default;

  /// Returns the NUMA nodes that have memory, by the numbers the system gives them.
  virtual std::vector<std::uint32_t> nodes() = 0;
  /// Lets pages of the interval be taken from `node` while it has room; pages there are move.
  /// Returns false, and why in `reason`, when the system refuses.
  virtual bool prefer(Interval pages, std::uint32_t node, std::string& reason) = 0;
  /// Lets the calling thread run on the processors of `node` only. Returns as prefer().
  virtual bool run_on(std::uint32_t node, std::string& reason) = 0;

  /// Returns the system's own, over libnuma; one without nodes where it is missing.
  static HostNuma& of_this_machine();
};

/// What became of a wish.
struct HostPlacementResult {
  enum class Outcome : std::uint8_t { applied, not_needed, refused };
  Outcome outcome = Outcome::applied;
  std::string reason;
};

/// Places memory and threads by the NUMA node of a GPU.
class HostPlacement {
 public:
  explicit HostPlacement(HostNuma& numa = HostNuma::of_this_machine()) : numa_(numa) {}

  /// Places the system memory behind `interval`, rounded inwards to pages.
  HostPlacementResult place(Interval interval, std::optional<std::uint32_t> node) const;
  /// Binds the calling thread.
  HostPlacementResult bind_thread(std::optional<std::uint32_t> node) const;

 private:
  /// Returns why there is nothing to do; nothing when there is.
  std::optional<HostPlacementResult> excuse(std::optional<std::uint32_t> node) const;

  HostNuma& numa_;
};

}  // namespace zesvm::topology
