/// @file program_memory.hpp
/// Memory the program got elsewhere (malloc, new, mmap), used by tiles of devices with shared
/// system access.
///
/// When a tile first touches it, the chunk around the address is *adopted*: its private anonymous
/// pages are replaced, in place and with the same content, by pages of a file that tiles can map.
/// Threads that write to it meanwhile wait in the fault handler.
///
/// G1  an adopted piece was one mapping of private anonymous memory, readable and writable
/// G2  no lock below allocations is held, and no heap used, while a piece is frozen
/// G3  stacks are never adopted, heaps of the C library never migrate: whoever serves a fault may
///     be using them
///
/// What the program unmaps or maps anew is noticed before the next launch or fault on a tile that
/// is new to it, not at once. Adopted memory is shared with a forked child instead of copied.
/// Mappings of files, and shared ones, are not taken.
#pragma once

#include <deque>
#include <vector>

#include "base/mutex.hpp"
#include "base/status.hpp"
#include "simulator/node/memory_file.hpp"
#include "simulator/node/process_maps.hpp"

namespace zesvm::simulator::node {

class NodeState;

/// The adopted memory of one node.
class ProgramMemory {
 public:
  explicit ProgramMemory(NodeState& node) : node_(node) {}
  ProgramMemory(const ProgramMemory&) = delete;
  ProgramMemory& operator=(const ProgramMemory&) = delete;

  /// Adopts the chunk around an address. Ok when it was already.
  ///
  /// @errors   not_mapped; permission_denied: memory that is not taken, see above
  /// @locks    takes allocations
  /// @context  fault
  Status adopt(Address where);
  /// Adopts what can be adopted of an interval.
  void adopt_all(Interval interval);
  /// Waits while memory is being adopted or given back. Returns whether the program has access to
  /// the address then, so that it is worth trying again.
  /// @context  fault
  bool wait_until_accessible(Address where);
  /// Forgets what the program unmapped or replaced since.
  void notice_unmapped();
  /// Makes everything plain memory of the program again.
  void release_all();

 private:
  struct Piece {
    Interval interval;
    std::size_t file;
    Bytes offset;
  };
  struct Found {
    ProcessMap map;
    bool is_stack_below = false;
    bool may_migrate = true;
  };

  static Result<Found> look_up(Address where);
  Status take(Interval piece, const Found& found) ZESVM_REQUIRES(lock_);
  Result<Piece> file_space(Interval piece) ZESVM_REQUIRES(lock_);
  Status freeze_and_replace(const Piece& piece) ZESVM_REQUIRES(lock_);
  /// Returns whether the program has the whole piece mapped still.
  bool is_whole(const Piece& piece, const std::vector<ProcessMap>& ours) const
      ZESVM_REQUIRES(lock_);
  std::vector<Interval> what_is_left(const Piece& piece) const ZESVM_REQUIRES(lock_);
  /// Makes what is left of a piece plain memory of the program again.
  void give_back(const Piece& piece) ZESVM_REQUIRES(lock_);
  void restore(const Piece& piece, Interval part) ZESVM_REQUIRES(lock_);

  NodeState& node_;
  Mutex<LockOrder::allocations> lock_;
  // Pieces are put behind each other; files never shrink and are made as they fill.
  std::deque<SharedFile> files_ ZESVM_GUARDED_BY(lock_);
  Bytes used_of_last_ ZESVM_GUARDED_BY(lock_);
  std::vector<Piece> pieces_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::simulator::node
