/// @file attributes.hpp
/// What was advised for which part of the address space.
///
/// AT1  entries are disjoint, not empty, sorted, and lie inside the address space
/// AT2  no entry holds the default attributes, and no two equal entries touch
/// AT3  each entry with a preferred tile holds one reference to its pagemap (D6)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "base/arena.hpp"
#include "base/interval.hpp"
#include "base/status.hpp"
#include "pagemap/pagemap.hpp"
#include "svm/device_port.hpp"

namespace zesvm::svm {

/// A place where memory can be wanted.
struct Place {
  enum class Kind : std::uint8_t {
    /// The device that faults, or for a prefetch the one that asks.
    faulting_device,
    system,
    /// The VRAM of `device`.
    device,
  };
  Kind kind = Kind::faulting_device;
  DeviceId device;

  friend constexpr bool operator==(const Place&, const Place&) = default;
  static constexpr Place faulting() { return {}; }
  static constexpr Place system() { return {Kind::system, {}}; }
  static constexpr Place on(DeviceId device) { return {Kind::device, device}; }
};

/// Which pages a migration takes along (D1).
enum class MigrationPolicy : std::uint8_t { all_pages, system_pages_only };

/// Where atomic operations on memory must work (D5).
enum class AtomicAccess : std::uint8_t { undefined, device, global, cpu };

/// The caching classes; which of them a device knows is the platform's.
enum class Caching : std::uint8_t { automatic, uncached, write_combined, write_back };

std::string_view name_of(MigrationPolicy policy);
std::string_view name_of(AtomicAccess access);
std::string_view name_of(Caching caching);

/// Everything that can be advised for an interval.
struct Attributes {
  Place preferred;
  MigrationPolicy policy = MigrationPolicy::all_pages;
  AtomicAccess atomic = AtomicAccess::undefined;
  Caching caching = Caching::automatic;

  friend constexpr bool operator==(const Attributes&, const Attributes&) = default;
};

/// One piece of advice: sets what it holds and leaves the rest.
struct Advice {
  struct Location {
    Place place;
    MigrationPolicy policy = MigrationPolicy::all_pages;
  };
  std::optional<Location> preferred;
  std::optional<AtomicAccess> atomic;
  std::optional<Caching> caching;

  static Advice preferred_location(Place place,
                                   MigrationPolicy policy = MigrationPolicy::all_pages) {
    return {Location{place, policy}, {}, {}};
  }
  static Advice atomic_access(AtomicAccess access) { return {{}, access, {}}; }
  static Advice caching_class(Caching caching) { return {{}, {}, caching}; }
  static Advice defaults() { return {Location{}, AtomicAccess::undefined, Caching::automatic}; }

  /// Returns `before` with this advice followed.
  Attributes applied_to(Attributes before) const;
};

/// What came of a hint (D9).
enum class Outcome : std::uint8_t {
  applied,
  /// It was so before.
  already,
  /// Nothing was done; the reason says why.
  ignored,
  /// Something else was done instead, as near to it as possible (D10); the reason says why.
  fallback,
};
inline constexpr std::size_t outcome_count = 4;

/// Why a hint was ignored or fell back.
enum class Reason : std::uint8_t {
  none,
  not_mapped,
  not_migratable,
  too_small,
  out_of_device_memory,
  no_interconnect,
  no_device,
  held_on_host,
  pinned,
  failed,
};

std::string_view name_of(Outcome outcome);
std::string_view name_of(Reason reason);
/// Returns the reason that a failed step gives a hint for not doing what it was asked.
Reason reason_for(Status status);

/// What a hint did.
struct HintResult {
  Outcome outcome = Outcome::applied;
  Reason reason = Reason::none;
  /// Ranges that were changed (moved, unmapped, dropped) for it.
  std::uint64_t ranges_changed = 0;
  /// Bytes that were copied for it.
  Bytes moved;
};

/// The attributes of an interval in which they are all the same.
struct AttributeInterval {
  Interval interval;
  Attributes attributes;
};

/// Attributes by interval. Needs a lock around it; allocates from the arena only.
class AttributeMap {
 public:
  /// Calls of `hold(device)` and `drop(device)` keep preferred tiles' pagemaps referenced.
  class References {
   public:
    virtual ~References() = default;
    virtual void hold(DeviceId device) noexcept = 0;
    virtual void drop(DeviceId device) noexcept = 0;
  };

  AttributeMap(Interval space, References& references) : space_(space), references_(references) {}
  ~AttributeMap() { clear(); }

  /// Returns the attributes at an address, and the largest interval around it that shares them.
  AttributeInterval at(Address where) const;
  /// Returns the part of at() for `where` that lies in `within`.
  AttributeInterval at(Address where, Interval within) const;
  /// Returns whether any attribute was ever set and still is.
  bool is_empty() const { return entries_.empty(); }
  /// Returns whether `advice` would change anything in the interval.
  bool would_change(Interval interval, const Advice& advice) const;
  /// Follows the advice in the whole interval, splitting and merging entries (D3).
  void apply(Interval interval, const Advice& advice);
  /// Makes the interval default again.
  void reset(Interval interval) { apply(interval, Advice::defaults()); }
  void clear();
  /// Replaces a preference for a device that left by the default one.
  void forget(DeviceId device);
  std::size_t entry_count() const { return entries_.size(); }
  /// Aborts when AT1 or AT2 does not hold.
  void check_invariants() const;

 private:
  struct Entry {
    Address end;
    Attributes attributes;
  };
  using Entries = std::map<Address, Entry, std::less<>,
                           ReservedArenaAllocator<std::pair<const Address, Entry>>>;
  void put(Interval interval, const Attributes& attributes);
  void erase(Interval interval);

  const Interval space_;
  References& references_;
  Entries entries_;
};

}  // namespace zesvm::svm
