/// @file own_addresses.hpp
/// Where this process has memory of its own, and will have.
///
/// An application's address in there would be read and written silently, instead of faulting. So the
/// addresses are few, known from the start, and told to the application, which keeps them free.
///
/// O1  what is mapped later, without an address asked for, lies in the intervals told
/// O2  neither the stack nor the heap of the C library grows out of them
#pragma once

#include <span>

#include "base/interval.hpp"

namespace zesvm::simulator::tile::device {

/// Fixes where memory of this process can be. Returns how many of `intervals` were filled.
///
/// Lowers the limit of the stack first: below a stack that may have any size, the kernel makes
/// stack of every address that is touched, down to the next mapping, where a fault is wanted.
std::size_t settle_own_addresses(std::span<Interval> intervals);

}  // namespace zesvm::simulator::tile::device
