/// @file fault_state.hpp
/// One fault on its way: what holds at its address, and what its tries came to.
#pragma once

#include "base/interval.hpp"
#include "svm/attributes.hpp"
#include "svm/device.hpp"
#include "svm/fault_policy.hpp"
#include "svm/trace.hpp"

namespace zesvm::svm {

/// What holds at an address.
struct Rules {
  Attributes attributes;
  /// Where they are the same.
  Interval interval;
  /// Moves with every change of attributes or mirrors.
  std::uint64_t version = 0;
  bool is_mirrored = true;
};

/// What one try of a fault came to.
struct Step {
  enum class Kind : std::uint8_t { done, again };
  Kind kind = Kind::again;
  Status status = Status::ok;

  static Step done(Status status) { return {Kind::done, status}; }
  static Step again() { return {}; }
};

/// One fault on its way.
struct FaultState {
  Device& device;
  Address where;
  Access access;
  pagemap::Cause cause;
  /// Set by prefetch: what it wants, in place of the policy.
  const Wanted* override_wanted = nullptr;
  unsigned migrations_tried = 0;
  unsigned waits_for_room = 0;
  bool is_counted = false;
  Bytes bytes_moved{};
  Interval range{};
  /// Why the wanted place was not had.
  Status fell_back = Status::ok;
  Rule rule = Rule::none;
  /// For the trace.
  Clock::Instant begun{};

  void note_moved(Bytes size) { bytes_moved += size; }
};

}  // namespace zesvm::svm
