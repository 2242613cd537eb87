/// @file fork_copies.hpp
/// What a child made by fork() finds at the addresses of a node's allocations.
///
/// Allocations are mapped from files, which parent and child would share, and what is in VRAM is
/// mapped nowhere. Before a fork the content of each allocation is copied, from where it is, to
/// private memory; the child has that in its place, and the parent drops it. Memory that the program
/// got elsewhere is given back to it before (program_memory.hpp).
///
/// FC1  the child finds what the parent's memory held when fork() was called, and from then on
///      neither sees what the other writes
/// FC2  nothing of the parent's moves for it, and no work on a device waits for longer than the copy
///      of one chunk
/// FC3  what cannot be copied is inaccessible in the child
/// FC4  the child makes system calls only: locks of other threads may be held for ever there
/// posix_spawn(), system() and vfork() copy nothing.
#pragma once

#include <cstddef>
#include <vector>

#include "base/interval.hpp"
#include "simulator/node/types.hpp"

namespace zesvm::simulator::node {

class NodeState;
struct NodeMapping;

/// The copies of one node, from a fork's beginning to its end.
class ForkCopies {
 public:
  /// Makes copies for every fork from now on.
  explicit ForkCopies(NodeState& node);
  /// Makes none any more. Waits for forks under way.
  ~ForkCopies();
  ForkCopies(const ForkCopies&) = delete;
  ForkCopies& operator=(const ForkCopies&) = delete;

 private:
  friend struct ForkHooks;

  struct Copy {
    Interval interval{};
    PageAccess access = PageAccess::read_write;
    /// Null when it could not be made.
    std::byte* memory = nullptr;
  };

  void make() noexcept;
  void put_in_place() noexcept;
  void drop() noexcept;
  /// Copies the content of an allocation; false when part of it cannot be had.
  bool fill(const Copy& copy, const NodeMapping& mapping);

  NodeState& node_;
  std::vector<Copy> copies_;
};

}  // namespace zesvm::simulator::node
