/// @file guard_pages.hpp
/// Guard pages inside mappings: pages that fault when touched, without a mapping of their own. Newer
/// C libraries (glibc 2.42 on Linux 6.13) put them below the stacks of threads, which therefore
/// merge with whatever is mapped beside them.
///
/// Linux tells where they are from 6.15 on.
#pragma once

#include "base/interval.hpp"

namespace zesvm::simulator::node {

/// What lies between the guard pages next to an address.
struct BetweenGuards {
  /// Empty when the address is in a guard page itself.
  Interval interval{};
  /// Whether it begins at a guard page.
  bool is_behind_guard = false;
};

/// Looks for guard pages on both sides of `where`.
///
/// @param mapping  what is mapped there; the result lies inside it
/// @param below    how far to look below `where`, and
/// @param above    above it
/// @context  any, fault
/// @cost     a system call for each MiB
BetweenGuards between_guards(Interval mapping, Address where, Bytes below, Bytes above);

}  // namespace zesvm::simulator::node
