/// @file thread_heaps.hpp
/// The heaps that the C library makes for threads beside the first.
#pragma once

#include "base/interval.hpp"

namespace zesvm::simulator::node {

/// Returns whether an address is in a heap that the C library made for threads.
///
/// Such a heap begins with a description of itself, which names the arena it belongs to, which lies
/// in the first of the arena's heaps. Nothing else is taken for one.
/// @context  any, fault
/// @cost     a few system calls
/// @source   glibc 2.34 to 2.42, malloc/arena.c: heap_info
[[nodiscard]] bool is_in_thread_heap(Address where);

}  // namespace zesvm::simulator::node
