/// @file allocation_table.hpp
/// Which allocations a node has.
///
/// AL1  footprints are disjoint; each holds its allocation's interval
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "simulator/node/memory_file.hpp"
#include "simulator/node/types.hpp"

namespace zesvm::simulator::node {

/// An allocation and what the node has to know to end it.
struct AllocationRecord {
  Allocation allocation;
  /// All addresses that are its own: the interval, rounded outwards.
  Interval footprint{};
  /// The file of an import.
  std::shared_ptr<SharedFile> imported{};
  /// Exported device memory: lives in system memory from then on.
  bool is_exported = false;
};

/// The allocations of a node, by address.
class AllocationTable {
 public:
  /// Adds a record and gives it an id.
  /// @locks    takes allocations
  std::uint64_t add(AllocationRecord record);
  /// Takes the record out whose allocation begins at `base` and is not a reservation.
  std::optional<AllocationRecord> take(Address base);
  /// Takes a reservation out.
  std::optional<AllocationRecord> take_reservation(Interval interval);
  /// Returns the record whose allocation covers `where`.
  std::optional<AllocationRecord> find(Address where) const;
  std::optional<AllocationRecord> find_id(std::uint64_t id) const;
  /// Notes that an allocation is exported. Returns false when it is gone, or was exported before.
  bool mark_exported(Address base);
  /// Returns all allocations of the kinds asked for.
  std::vector<AllocationRecord> all_of(const IndirectAccess& kinds) const;

 private:
  using Records = std::map<Address, AllocationRecord>;
  std::optional<AllocationRecord> extract(Records::iterator it) ZESVM_REQUIRES(lock_);

  mutable Mutex<LockOrder::allocations> lock_;
  Records records_ ZESVM_GUARDED_BY(lock_);
  std::map<std::uint64_t, Address> by_id_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::simulator::node
