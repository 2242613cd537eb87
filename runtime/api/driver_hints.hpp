/// @file driver_hints.hpp
/// How advice and prefetches reach a driver, and what can be said about what became of them.
///
/// A simulated driver tells. Intel's, on memory of the program, asks the kernel for nothing until the
/// next command and swallows its errors: what went through it is `unconfirmed`. Each card has an
/// address space of its own, which learns of advice by a list of that card only.
#pragma once

#include <cstddef>
#include <vector>

#include <zesvm/address_space.hpp>

#include "base/interval.hpp"
#include "levelzero/tile.hpp"

namespace zesvm {

/// What an interval was, or shall be, advised.
struct PieceOfAdvice {
  Interval interval;
  Advice advice;
};

/// How atomic operations will be used from now on, and how until now.
struct AtomicChange {
  AtomicAccess to;
  AtomicAccess from;
};

/// Sets how atomic operations will be used, on every device or on none.
/// @errors Error: the driver failed
HintResult set_atomics(levelzero::Context& context, const void* pointer, std::size_t bytes,
                       AtomicChange change, Backing backing);

/// Sends advice of any other kind, to every card that can follow it.
/// @errors Error: the driver failed
HintResult append_advice(levelzero::Context& context, const void* pointer, std::size_t bytes,
                         const Advice& advice, Backing backing);

/// Prefetches to a tile. Drivers name no place to the kernel, which goes by the advice: what of it is
/// advised to live `elsewhere` is advised otherwise for as long as it takes.
/// @errors Error: the driver failed
void prefetch_against_advice(levelzero::Context& context, Interval interval,
                             const levelzero::Tile& tile,
                             const std::vector<PieceOfAdvice>& elsewhere);

}  // namespace zesvm
