/// @file backing.hpp
/// The Level Zero mechanism that carries an allocation: who moves its bytes, and how that is steered.
///
/// Intervals given to a backing lie in one footprint of its own. What it does not follow it says
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
  virtual Backing kind() const = 0;

  /// Returns memory for `size` bytes: the interval the driver gave, `size` rounded up to whole chunks.
  /// @errors Error, as AddressSpace::allocate_bytes()
  virtual Interval allocate(Bytes size, Bytes alignment) = 0;
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
};

}  // namespace zesvm::levelzero
