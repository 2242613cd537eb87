/// @file allocations.hpp
/// The living allocations of one address space, what was advised for them, and what is pinned.
///
/// M1  allocations are disjoint and not empty
/// M2  a note says what was last passed on for all of its interval; notes of one subject do not overlap
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <zesvm/address_space.hpp>

#include "base/interval.hpp"
#include "base/mutex.hpp"

namespace zesvm {

/// What was advised for an interval.
struct AdviceNote {
  /// What it is about: one note of a subject replaces another.
  enum class Subject { location, atomic, reading };

  Interval interval;
  Subject subject = Subject::location;
  /// The advice in a form that compares equal exactly when it says the same.
  std::string content;
  /// The advice itself.
  std::optional<Advice> advice;
};

/// A table of allocations. Safe to use from any thread.
class AddressSpace::Allocations {
 public:
  /// An allocation, and up to where the driver gave memory for it.
  struct Living {
    Interval interval;
    Address footprint_end;
    Backing backing = Backing::shared;
    /// The program's own memory, which it frees itself.
    bool is_adopted = false;
    /// Shared memory: where what the driver gave begins, at the interval or before it.
    Address memory{};
  };

  /// Gives the memory of an allocation back to whoever carried it. @errors Error: it lives on
  static void give_back(levelzero::Context& context, const Living& living);

  /// Adds one. It must not overlap another.
  void add(Living living);
  /// Removes the allocation that begins at `begin` and its notes. Returns it, if there was one.
  std::optional<Living> remove(Address begin);
  /// Returns the interval, up to the end of the driver's memory where it ends with its allocation.
  Interval with_rest_of_chunk(Interval interval) const;
  /// Removes and returns all of them.
  std::vector<Living> take_all();
  /// Returns the allocation that covers `where`.
  std::optional<Interval> covering(Address where) const;
  /// Returns the allocation that covers `where`, with all that is known of it.
  std::optional<Living> at(Address where) const;
  /// Returns what carries the allocation that covers `where`.
  std::optional<Backing> backing_at(Address where) const;
  /// Returns whether an interval overlaps an allocation.
  bool overlaps(Interval interval) const;
  /// Returns the bytes of all of them.
  Bytes total() const;

  /// Returns whether this is what was said last for all of the interval.
  bool is_noted(const AdviceNote& note) const;
  /// Returns what was last said about an interval that is noted, in pieces of ascending address.
  std::vector<AdviceNote> notes_in(Interval interval, AdviceNote::Subject subject) const;
  /// Returns what was last said about where all of an interval should live, where that is one thing.
  std::optional<Advice> location_of(Interval interval) const;
  /// Notes what was passed on, in place of what was said of the same subject before.
  void note(AdviceNote note);
  /// Returns what was last said about atomic operations on all of an interval, where that is one thing.
  std::optional<AtomicAccess> atomics_of(Interval interval) const;

  /// Keeps an interval in system memory once more.
  void pin(Interval interval);
  /// Returns whether a pin() of exactly this interval has not ended.
  bool is_pinned(Interval interval) const;
  /// Ends one pin() of exactly this interval. Returns what of it no other pin keeps, in order.
  std::vector<Interval> unpin(Interval interval);
  /// Returns the parts of an interval with no page that a pin keeps, in order.
  std::vector<Interval> unpinned_parts(Interval interval) const;

 private:
  // Programs allocate on many threads; nothing is called under it.
  mutable Mutex<LockOrder::leaf> lock_;
  const Living* find(Address where) const ZESVM_REQUIRES(lock_);
  const AdviceNote* find_note(Interval interval, AdviceNote::Subject subject) const
      ZESVM_REQUIRES(lock_);
  bool is_said(const AdviceNote& note) const ZESVM_REQUIRES(lock_);
  std::map<Address, Living> living_ ZESVM_GUARDED_BY(lock_);
  std::vector<AdviceNote> notes_ ZESVM_GUARDED_BY(lock_);
  std::vector<Interval> pins_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm
