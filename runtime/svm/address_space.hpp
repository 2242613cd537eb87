/// @file address_space.hpp
/// The SVM core: the addresses of one application, mirrored to any number of devices.
///
/// The address space is cut into notifiers (512 MiB), which hold ranges: aligned chunks that some
/// device has touched, each wholly in system memory or wholly in one block of one pagemap. A
/// device's fault makes and places the range under it; the CPU's fault brings it back.
///
/// AS1  ranges are disjoint; each lies in one notifier and, when it was made, in one CPU mapping
///      and one interval of equal attributes
/// AS2  a device reaches a range only while the range is in its notifier's table (A10)
/// AS3  a range is in VRAM exactly while its block is lent; the CPU is trapped there then, unless
///      the memory is device memory, which the CPU never sees
/// AS4  bytes move only under the hold of their range, with no device mapped to it
///
/// Not here: that CPU mappings change (invalidation.hpp), where bytes are (memory_mover.hpp), page
/// tables (device_port.hpp), what the CPU has mapped (cpu_view.hpp), locks (base/lock_order.hpp).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/interval.hpp"
#include "base/status.hpp"
#include "pagemap/memory_mover.hpp"
#include "pagemap/owner.hpp"
#include "pagemap/pagemap.hpp"
#include "svm/attributes.hpp"
#include "svm/cpu_view.hpp"
#include "svm/device_port.hpp"
#include "svm/invalidation.hpp"
#include "svm/residency.hpp"
#include "svm/statistics.hpp"
#include "svm/trace.hpp"

namespace zesvm::svm {

/// Whether ranges of unmapped memory are collected by a thread, or only at the next fault.
enum class Collector : std::uint8_t { background, at_faults };

/// How an address space is made.
struct AddressSpaceOptions {
  /// Aligned to the notifier size. By default all of user space, without the first notifier's part
  /// being excluded: what is not mapped faults as such.
  Interval interval{{0}, {std::uint64_t{1} << 47}};
  // 2 MiB: one page-table entry on every supported GPU. 64 KiB: the smallest page some take in
  // VRAM. 4 KiB: the CPU page, always fits, so that a fault can always make progress.
  std::vector<Bytes> chunk_sizes{2_MiB, 64_KiB, 4_KiB};
  Bytes notifier_size = 512_MiB;
  /// How long a block that an atomic brought to VRAM stays there at least (B6).
  std::chrono::nanoseconds time_slice = std::chrono::milliseconds{5};
  Collector collector = Collector::background;
  /// Null: no device reaches another's VRAM. Must outlive the address space.
  const pagemap::Interconnect* interconnect = nullptr;
  /// Null: the clock of the machine. Must outlive the address space.
  Clock* clock = nullptr;
};

/// An interval and how it will be accessed, for prepare().
struct AccessedInterval {
  Interval interval;
  Access access = Access::read;
};

/// What prepare() remembers between launches with the same accesses. Default: nothing.
struct PreparedState {
  std::uint64_t epoch = 0;
  std::uint64_t fingerprint = 0;
};

/// Names pages handed out by user_pages().
struct UserPagesId {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(UserPagesId, UserPagesId) = default;
};

/// A range and where it was when somebody looked.
struct PlaceHint {
  Interval interval;
  /// Null: system memory.
  const pagemap::Pagemap* pagemap = nullptr;
};

/// The mirrored address space of one application.
///
/// All functions may be called from any thread at once, with no lock of order address_space or
/// below held. Those marked fault allocate from the arena only and never throw.
class AddressSpace {
 public:
  /// Makes an address space.
  /// @errors   invalid_argument: chunk sizes not descending powers of two that end with the page
  ///           size, notifier size not a power of two or smaller than the largest chunk, interval
  ///           empty or not aligned to it (A1)
  static Result<std::unique_ptr<AddressSpace>> create(AddressSpaceOptions options, CpuView& cpu,
                                                      pagemap::MemoryMover& mover);
  /// Releases every live range; what is in VRAM is dropped, not copied (call leave() or
  /// migrate_to_system() before to keep it).
  ~AddressSpace();
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  /// Says that the application is going: later invalidations are ignored, faults are refused with
  /// invalid_address; mappings are still released (A1). Stops the collector thread.
  void close();

  // ---- devices -------------------------------------------------------------------------------

  /// Adds a device with the VRAM it has of its own, if any (A13). `port` and `vram` must outlive
  /// the address space.
  /// @errors   invalid_argument: the pagemap belongs to a device that joined before
  Result<DeviceId> join(DevicePort& port, pagemap::Pagemap* vram, DeviceTraits traits);

  /// Removes a device: its pagemap is closed, its blocks go to system memory, its mappings go, and
  /// later faults and migrations to it get no_device (B7).
  /// @errors   no_device; busy: some block is pinned; device_lost, copy_failed: some block could
  ///           not be saved, the others were
  Status leave(DeviceId device);

  /// Removes a device whose memory content is gone: nothing is copied, its ranges read as whatever
  /// system memory last held.
  Status lose(DeviceId device);

  // ---- faults --------------------------------------------------------------------------------

  /// Makes `where` accessible on the device as its attributes want it (A2, C1-C7).
  ///
  /// @errors   not_mapped, invalid_address; permission_denied: a write to read-only memory, an
  ///           atomic where the advice says cpu, or VRAM needed for memory that may not move;
  ///           no_device; out_of_device_memory, copy_failed, map_failed, busy: VRAM was needed and
  ///           could not be had after the attempts of the policy (C3). The access must fail then.
  /// @locks    takes address_space (shared), range, notifier, pagemap
  /// @context  fault
  Status fault(DeviceId device, Address where, Access access) noexcept;

  /// Brings the block that holds `where` back to system memory, so that the CPU can go on (B3).
  /// Waits out the time slice of a GPU atomic (B6). Ok when it was there already.
  ///
  /// @errors   not_mapped: nothing of ours is there, or device memory; permission_denied: a write
  ///           to read-only memory; copy_failed, device_lost: the bytes cannot be had
  /// @context  fault, on a thread that may wait
  Status cpu_fault(Address where, Access access) noexcept;

  /// Removes the ranges of unmapped memory and resets its attributes (A6); moves what survives of
  /// a partly unmapped range to system memory. Returns how many ranges went.
  /// @context  any, fault
  std::size_t collect_unmapped() noexcept;

  /// Faults in, before a launch, what is not valid yet. `state` of the last launch with the same
  /// accesses makes it O(1) when nothing changed since.
  /// @errors   as fault(); what was prepared until then stays so
  Status prepare(DeviceId device, std::span<const AccessedInterval> accesses,
                 PreparedState* state = nullptr) noexcept;

  // ---- hints ---------------------------------------------------------------------------------

  /// Follows advice in a page-aligned interval (D1-D6, D9).
  ///
  /// @param accessor  the device on whose behalf it is given, if any
  /// @errors   invalid_argument, invalid_address: nothing changed (D2); no_interconnect: the
  ///           accessor has no fast one to the preferred place (D1); no_device
  Result<HintResult> advise(Interval interval, const Advice& advice,
                            std::optional<DeviceId> accessor = {});

  /// Returns the attributes inside the interval, piece by piece (D7).
  std::vector<AttributeInterval> attributes(Interval interval) const;

  /// Moves intervals to a place and maps them on `requester`; on the device itself when the place
  /// is a device. What cannot go there falls back along peer, own VRAM, system (B10, D10).
  /// @errors   invalid_argument, invalid_address, no_device
  Result<HintResult> prefetch(std::span<const Interval> intervals, Place place,
                              std::optional<DeviceId> requester = {});

  /// Moves everything in the interval to system memory (B9). Chunks move whole.
  /// @errors   invalid_argument; copy_failed, device_lost: some chunk stayed in VRAM
  Result<HintResult> migrate_to_system(Interval interval,
                                       pagemap::Cause cause = pagemap::Cause::explicit_request);

  /// Declares the content dead: whole chunks inside are freed without a copy, and the interval
  /// reads as zeros until written (B11).
  Result<HintResult> discard(Interval interval);

  // ---- what is mapped ------------------------------------------------------------------------

  /// Returns whether some device has something in the interval mapped (A8).
  bool has_mapping(Interval interval) const;
  /// Stops mirroring an interval: later faults in it get invalid_address.
  /// @errors   busy: some device has it mapped, nothing changed (A8); invalid_argument
  Status remove_mirror(Interval interval);
  /// Mirrors an interval again.
  Status restore_mirror(Interval interval);

  /// Returns where the chunks of an interval are (D8). May be stale on return.
  Residency residency(Interval interval) const;
  /// Returns the range that holds an address, lock-free: its interval, or nothing.
  /// @cost     two dependent loads
  std::optional<Interval> range_at(Address where) const noexcept;
  /// Returns the range that holds an address and the VRAM it is in, if any. May be stale.
  /// @cost     a look-up and a reference
  std::optional<PlaceHint> place_hint(Address where) const noexcept;
  /// Returns whether a device would find the address valid now, lock-free (C5). May be stale.
  bool is_valid_hint(DeviceId device, Address where, Access access) const noexcept;

  // ---- memory that lives on a device ---------------------------------------------------------

  /// Backs an interval that the CPU never maps with VRAM of the device: a plain device allocation.
  /// It can be pushed out to system memory while not pinned, and comes back before use (B4).
  /// @errors   out_of_device_memory, busy, no_device, invalid_argument (unaligned, overlaps a
  ///           range); nothing is reserved then
  Status reserve_device_memory(DeviceId device, Interval interval);
  /// Gives such memory back; every part must have been reserved. Pins end.
  Status release_device_memory(Interval interval);
  /// Keeps every block of an interval where it is, device memory in its VRAM: a launch uses it.
  /// @errors   out_of_device_memory, copy_failed, ...: nothing is pinned
  Status pin(Interval interval);
  /// Ends one pin().
  void unpin(Interval interval);

  /// Moves an interval to system memory and keeps it there (H3). Holds nest and may overlap.
  /// @errors   copy_failed, device_lost: no hold
  Status hold_on_host(Interval interval);
  /// Ends one hold_on_host() of the same interval.
  void release_on_host(Interval interval);

  // ---- user pages ----------------------------------------------------------------------------

  /// Maps an interval without ranges on one device, after moving VRAM in it to system memory (A16).
  /// An invalidation ends the mapping; the device faults then, or the caller asks again.
  /// @errors   not_mapped, permission_denied, map_failed, ...: nothing is mapped
  Result<UserPagesId> user_pages(DeviceId device, Interval interval, Access access);
  /// Returns whether no invalidation ended the mapping.
  bool user_pages_valid(UserPagesId pages) const;
  /// Unmaps user pages. A no-op when they were released before (A15).
  void release_user_pages(UserPagesId pages);

  // ---- statistics ----------------------------------------------------------------------------

  Result<DeviceStatistics> statistics(DeviceId device) const;
  SpaceStatistics statistics() const;
  /// Sends decisions to a hook; `{}` ends it. The hook must stay callable until all calls that
  /// were running have returned.
  void trace(TraceHook hook) noexcept;

  std::size_t range_count() const;
  std::size_t notifier_count() const;
  std::size_t device_count() const;
  /// Returns the ranges in an interval, in order.
  std::vector<Interval> ranges(Interval interval) const;
  /// Returns the bookkeeping memory: notifiers, tables, ranges, pages.
  Bytes bookkeeping() const;
  const AddressSpaceOptions& options() const;
  /// Aborts when AS1, AS2 or AS3, or an invariant of the parts, does not hold. Only while nothing
  /// else runs.
  void check_invariants() const;

 private:
  friend class Invalidation;
  class Core;
  explicit AddressSpace(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace zesvm::svm
