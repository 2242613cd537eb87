/// @file program_memory.hpp
/// Memory the program got elsewhere (malloc, new, mmap, its variables), used by tiles of devices
/// with shared system access.
///
/// When a tile first touches it, the piece around the address is *adopted*: its private pages are
/// replaced, in place and with the same content, by pages of a file that tiles can map. Threads that
/// write to it meanwhile wait in the fault handler. Mappings of files and shared ones are mapped as
/// they are. Before the program changes a mapping, or forks, what it concerns is *given back*: it is
/// plain memory of the program again, content and all, and no tile has it mapped.
///
/// G1  pieces are disjoint; an adopted piece was private memory of one mapping, readable and writable
/// G2  while a piece is frozen, nothing is written but stacks of threads and the arena
/// G3  what threads run on is never adopted; heaps of the C library and variables never migrate:
///     whoever serves a fault may be using them
/// G4  no fault of a tile is served while a piece is given back, nor until the change that follows
///     is done
/// G5  from the look at what is mapped to its replacement, on either way, no mapping of the program
///     changes (memory_gate.hpp); nothing is taken from the program's heap meanwhile
/// G6  nothing is adopted from before a fork until after it
/// G7  nothing of the program's heap is taken or given back under a lock that giving memory back takes:
///     a call that is heard of may come from its allocator, which is locked then
/// G8  what a copy reaches through its file stays adopted until the copy lets go of it
/// Changes made past the C library are noticed before the next launch only.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <sys/mman.h>
#include <vector>

#include "base/arena.hpp"
#include "base/mutex.hpp"
#include "base/status.hpp"
#include "simulator/node/memory_calls.hpp"
#include "simulator/node/memory_file.hpp"
#include "simulator/node/memory_gate.hpp"
#include "simulator/node/process_maps.hpp"
#include "simulator/node/program_mapping.hpp"
#include "svm/device_port.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::node {

class NodeState;
struct Tile;

/// Returns a node whose devices take pointers of the program only if its memory calls are heard of;
/// says on stderr when they are not.
[[nodiscard]] topology::NodeDescription with_what_can_be_heard(topology::NodeDescription node);

/// The adopted memory of one node.
class ProgramMemory : public MemoryCallListener {
 public:
  explicit ProgramMemory(NodeState& node);
  ~ProgramMemory() override;
  ProgramMemory(const ProgramMemory&) = delete;
  ProgramMemory& operator=(const ProgramMemory&) = delete;

  /// Serves a fault of a tile on memory of the program, adopting it first.
  ///
  /// @errors   not_mapped; permission_denied: memory that is not taken (program_mapping.hpp); those
  ///           of svm::AddressSpace::fault()
  /// @locks    takes allocations
  /// @context  fault
  Status fault(Tile& tile, Address where, svm::Access access);
  /// Serves a fault of a tile that takes no pointers of the program on what is imported.
  /// @errors   not_mapped: it is not; those of fault()
  /// @context  fault
  Status fault_on_import(Tile& tile, Address where, svm::Access access);
  /// Adopts what can be adopted of an interval, and keeps it so while `body` runs.
  template <typename Body>
  auto with_adopted(Interval interval, Body body) {
    // What cannot be adopted is found out again by the fault on it, and reported there.
    static_cast<void>(adopt_all(interval));
    const SharedLock held{lock_};
    return body();
  }
  /// Lets devices that take no pointers of the program use an interval of whole pages, in system
  /// memory, in launches that are given a pointer into it.
  ///
  /// @errors   unsupported: the program's memory calls cannot be heard of; not_mapped,
  ///           permission_denied: part of it cannot be adopted. Nothing is imported then.
  Status import(Interval interval);
  /// Ends that for an interval that was imported.
  void end_import(Interval interval);
  /// Returns the imported interval around an address.
  std::optional<Interval> import_at(Address where);
  /// Keeps what is adopted of an interval adopted until let_go() of the same one: for who reaches its
  /// bytes through its file. What is being given back is not kept: look what is known of it after. (G8)
  ///
  /// @errors   out_of_host_memory
  /// @locks    takes an innermost one; until let_go(), nothing may be waited for that takes allocations,
  ///           and this thread changes no mapping of the program: it would wait for itself
  Status keep_adopted(Interval interval);
  void let_go(Interval interval);
  /// Waits while memory is being adopted or given back. Returns whether the program has access to
  /// the address then, so that it is worth trying again.
  /// @context  fault
  bool wait_until_accessible(Address where);
  /// Forgets what the program unmapped or replaced since, without our being told.
  void notice_unmapped();
  /// Makes everything plain memory of the program again.
  void release_all();

  // MemoryCallListener
  bool concerns(Interval interval) noexcept override;
  void before_change(std::span<const Interval> intervals, Change change) noexcept override;
  void after_change() noexcept override;
  void missed_change() noexcept override;
  void before_fork() noexcept override;
  void after_fork(ForkSide side) noexcept override;

 private:
  /// Adopted at once: the largest chunk that moves.
  static constexpr Bytes chunk_size = 2_MiB;

  struct Piece {
    Interval interval{};
    SharedFile* file = nullptr;
    Bytes offset;
    Use use = Use::replaced;
    /// What the program may do with it.
    int protection = PROT_READ | PROT_WRITE;
  };
  /// Where in a file the pages of a chunk of addresses go, so that adjacent pieces are one mapping.
  struct Space {
    SharedFile* file = nullptr;
    Bytes offset;
  };
  template <typename Value>
  using Map =
      std::map<Address, Value, std::less<>, ArenaAllocator<std::pair<const Address, Value>>>;
  template <typename Value>
  using List = std::vector<Value, ArenaAllocator<Value>>;
  enum class Fate : std::uint8_t { kept, dropped };

  /// Adopts what is around an address, unless it changes meanwhile.
  Status adopt(Address where);
  /// Returns the status of the first part that could not be adopted.
  Status adopt_all(Interval interval);
  Status take(Address where) ZESVM_REQUIRES(lock_);
  Status map_file(Address where, const ProgramMapping& mapping) ZESVM_REQUIRES(lock_);
  /// Returns whether a chunk can be taken with nothing made for it first.
  bool is_ready_for(Interval chunk) const ZESVM_REQUIRES(lock_);
  /// Makes what is_ready_for() asks for: a file with room, a watch.
  Status get_ready_for(Interval chunk) ZESVM_REQUIRES(lock_);
  /// Returns the place of a chunk that can be taken.
  Space file_space(Address chunk) ZESVM_REQUIRES(lock_);
  /// Replaces what is adopted with an address, and lets calls know of it, while mappings stay.
  Result<Piece> take_private(Address where, const ProgramMapping& mapping) ZESVM_REQUIRES(lock_);
  /// Returns the part of what is usable that is adopted with an address.
  Interval piece_around(Address where, Use use, Interval usable) const ZESVM_REQUIRES(lock_);
  Status replace(const Piece& piece, const ProcessMap& map);
  /// Lets calls of the program know of a piece.
  void note_in_index(Interval interval);
  void add(const Piece& piece) ZESVM_REQUIRES(lock_);
  /// Lets the node know what lies behind a piece.
  void note_in_node(const Piece& piece);
  void watch(Interval interval) ZESVM_REQUIRES(lock_);
  /// Returns the parts that are still mapped as they were adopted.
  List<Interval> what_is_left(const Piece& piece, const List<ProcessMap>& maps) const;
  /// Looks what they are now, while mappings stay.
  List<Interval> look_for_what_is_left(const Piece& piece) const;
  static bool is_whole(const Piece& piece, const List<Interval>& left) {
    return left.size() == 1 && left.front() == piece.interval;
  }
  /// Moves what is in VRAM to system memory; false when some of it is still there.
  bool brought_home(Interval interval) ZESVM_REQUIRES(lock_);
  bool is_kept_adopted(Interval interval);
  /// Gives a piece back; false when its content cannot be had now.
  bool give_back(const Piece& piece, Fate fate) ZESVM_REQUIRES(lock_);
  void give_back_all(Interval interval, Change change) ZESVM_REQUIRES(lock_);
  /// Makes what is left of a piece plain memory again.
  void restore_all(const Piece& piece) ZESVM_REQUIRES(lock_);
  List<Address> changed_pieces() const ZESVM_REQUIRES(lock_);
  void restore(const Piece& piece, Interval part);
  void remove(Address begin) ZESVM_REQUIRES(lock_);

  NodeState& node_;
  // Shared while a fault on adopted memory is served. (G4)
  SharedMutex<LockOrder::allocations> lock_;
  std::deque<SharedFile> files_ ZESVM_GUARDED_BY(lock_);
  Bytes used_of_last_ ZESVM_GUARDED_BY(lock_);
  Map<Space> spaces_ ZESVM_GUARDED_BY(lock_);
  Map<Address> watched_ ZESVM_GUARDED_BY(lock_);
  Map<Piece> pieces_ ZESVM_GUARDED_BY(lock_);
  List<Interval> imports_ ZESVM_GUARDED_BY(lock_);
  bool is_listening_ ZESVM_GUARDED_BY(lock_) = false;
  // Innermost: a call of the program may come while anything is held. Written under lock_, too.
  std::mutex index_lock_;
  Map<Address> index_;
  // What keep_adopted() was called for; under index_lock_.
  List<Interval> kept_adopted_;
  std::atomic<bool> has_missed_{false};
  // Forks under way. (G6) Counted up under lock_.
  std::atomic<int> forks_{0};
};

}  // namespace zesvm::simulator::node
