/// @file thread_stacks.hpp
/// Where the C library keeps stacks of threads: those that run, and those it keeps for the next ones.
///
/// It maps stacks as such (MAP_STACK), which is heard of (memory_calls.hpp). Stacks from before that are
/// known by the descriptor of their thread, at their upper end; it stays when the thread has ended.
#pragma once

#include "base/interval.hpp"

namespace zesvm::simulator::node {

/// Notes a mapping made to be a stack.
/// @locks    takes an innermost one
void note_stack(Interval mapping) noexcept;
/// Forgets what was noted of an interval that is unmapped or mapped anew.
void forget_stacks(Interval interval) noexcept;
/// Notes and forgets nothing from now on: a child made by fork() adopts nothing, and other threads may
/// have been noting.
void end_noting_stacks() noexcept;

/// Returns the part around `where`, one of its addresses, of an interval without the stacks that were
/// noted; empty when it is in one.
/// @context  any, fault
[[nodiscard]] Interval without_stacks(Interval interval, Address where) noexcept;

/// Returns the upper end of the stack that begins at the begin of an interval; the begin when none does
/// that ends in it.
/// @context  any, fault
/// @cost     a system call for each page that exists
[[nodiscard]] Address end_of_stack_at_begin(Interval interval) noexcept;

}  // namespace zesvm::simulator::node
