/// @file backing.hpp
/// The Level Zero mechanism that carries an allocation: who moves its bytes, and how that is steered.
///
/// Memory that nobody here carries is the driver's own (api/driver_hints.hpp). Intervals given to a
/// backing lie in one footprint of its own. What it does not follow it says
/// (HintOutcome::ignored): a driver's success that means nothing is not passed on.
#pragma once

#include <vector>

#include <zesvm/address_space.hpp>
#include <zesvm/backing.hpp>

#include "base/interval.hpp"
#include "levelzero/tile.hpp"

namespace zesvm::levelzero {

/// What an allocation is carried by. Safe to use from any thread.
class MemoryBacking {
 public:
  virtual ~MemoryBacking() = default;

  /// Gives memory back. @errors Error: it lives on
  virtual void free(Interval footprint) = 0;

  /// Follows advice. @errors Error
  virtual HintResult advise(Interval interval, const Advice& advice) = 0;
  /// Moves memory to a tile; returns when it is there. @errors Error
  virtual HintResult prefetch(const Tile& tile, Interval interval) = 0;
  /// Moves memory to system memory; returns when it is there. @errors Error
  virtual HintResult prefetch_to_system(Interval interval) = 0;
  /// Moves memory to system memory and keeps it there until release_on_host(). @errors Error
  virtual HintResult hold_on_host(Interval interval) = 0;
  /// Ends one hold of the same interval. @errors Error
  virtual void release_on_host(Interval interval) = 0;
  /// Declares the content dead. @errors Error
  virtual HintResult discard(Interval interval) = 0;
  /// Returns where the bytes are, in pieces of ascending address without holes. @errors Error
  virtual std::vector<ResidentPiece> residency(Interval interval) = 0;
  /// Returns whether its bytes move at all. What never does is left where the program placed it.
  virtual bool ever_moves() const { return true; }
};

}  // namespace zesvm::levelzero
