/// @file memory_cursor.hpp
/// Reaches the bytes behind application addresses where they are, and keeps them there meanwhile.
///
/// MC1  a cursor holds at most one chunk in place, from one at() to the next or to its end
/// MC2  what a span returned by at() covers does not move while the cursor holds it
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/interval.hpp"
#include "base/status.hpp"

namespace zesvm::simulator::node {

class NodeState;
struct NodeMapping;

/// Walks through memory of any kind, chunk by chunk. Used by one thread.
class MemoryCursor {
 public:
  explicit MemoryCursor(NodeState& node) : node_(node) {}
  ~MemoryCursor() { let_go(); }
  MemoryCursor(const MemoryCursor&) = delete;
  MemoryCursor& operator=(const MemoryCursor&) = delete;

  /// Returns where the bytes from `where` on can be touched: at least one, at most `most`.
  ///
  /// @errors   not_mapped: addresses of the node with nothing behind; device_lost: its tile is
  ///           gone; what holding it in place failed with
  /// @locks    needs none
  /// @cost     small inside the chunk held
  [[nodiscard]] Result<std::span<std::byte>> at(Address where, Bytes most);

 private:
  enum class Hold : std::uint8_t { nothing, vram, system };

  Status take(Address where, Bytes most);
  Status take_mapped(Address where, const NodeMapping& mapping);
  /// Returns what is known at an address; keeps it so if it is memory of the program.
  Result<std::optional<NodeMapping>> kept_mapping(Address where);
  Status take_movable(Address where, const NodeMapping& mapping);
  Status hold_in_vram(Interval range);
  /// Returns where the bytes of a range in VRAM are; null when it is not there, or not one range.
  std::byte* pinned_alias(Interval range) const;
  void let_go();

  NodeState& node_;
  Hold hold_ = Hold::nothing;
  // What is held, or known to stay in place, and where it can be touched.
  Interval held_{};
  std::byte* alias_ = nullptr;
  // Of the program's memory, what is kept as it was adopted.
  Interval kept_{};
};

}  // namespace zesvm::simulator::node
