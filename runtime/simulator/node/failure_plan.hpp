/// @file failure_plan.hpp
/// Breaking on purpose: `ZESVM_FAIL=copy:3,map:10,lost:2` makes the third copy between memories
/// fail, the tenth mapping on a tile, and takes the tile of the second launch away. `host` stands for
/// a kernel that refuses: no more memory, or mappings, for this process. `peer:1/1` lets every access
/// to a peer over PCIe read ones, as hosts do that claim peer access and have none.
///
/// Each entry is `what:n`, or `what:n/every` to fail from the n-th on in steps of `every`.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace zesvm::simulator::node {

/// What can be made to fail.
enum class Failure : std::uint8_t {
  copy,
  map,
  vram,
  lost,
  /// The host's kernel refuses a mapping, a protection or a file.
  host,
  /// A read of a peer's memory over PCIe delivers ones, and reports success.
  peer
};

/// Counts occasions and says which of them are to fail.
class FailurePlan {
 public:
  /// Reads the plan of the environment. Returns what is wrong with it, as add().
  static std::string from_environment(FailurePlan& plan);

  /// Adds the entries of a text. Returns what is wrong with it; empty when nothing is. Nothing is
  /// added then.
  std::string add(std::string_view text);
  /// Makes the `first`-th occasion from now fail, and each `every`-th after it when not 0.
  void fail(Failure what, std::uint64_t first, std::uint64_t every = 0);

  /// Notes an occasion. Returns whether it is to fail.
  ///
  /// @context  any, fault
  /// @cost     one relaxed load where nothing is planned
  bool strikes(Failure what) noexcept;
  /// Returns how many occasions were made to fail.
  std::uint64_t struck() const noexcept { return struck_.load(std::memory_order_relaxed); }

  /// Returns whether some occasion is planned to fail. Notes none.
  /// @context  any, fault
  bool plans(Failure what) const noexcept;

 private:
  struct Plan {
    // 0: nothing is planned.
    std::atomic<std::uint64_t> first{0};
    std::atomic<std::uint64_t> every{0};
    std::atomic<std::uint64_t> seen{0};
  };
  std::array<Plan, 6> plans_;
  std::atomic<std::uint64_t> struck_{0};
};

}  // namespace zesvm::simulator::node
