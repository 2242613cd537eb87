/// @file waiting_threads.hpp
/// Threads of this process that wait on a word of memory.
///
/// The kernel finds who waits on a futex by the memory behind its address, unless it is private to
/// the process. When that memory is replaced, those who wait would never hear of a wake-up again.
#pragma once

#include "base/interval.hpp"

namespace zesvm::simulator::node {

/// Lets waits on words of an interval begin anew, on the memory that is there now. Call it after
/// replacing memory.
///
/// Threads that run are interrupted too: they may be on their way into such a wait.
/// @context  any, fault
/// @cost     two system calls for each thread of the process
void begin_waits_anew(Interval interval);

/// Calls `visit(thread, head)` with each thread of this process and an address in its descriptor,
/// which the C library puts at the upper end of its stack.
/// @context  any, fault
using VisitThread = void (*)(void* context, int thread, Address descriptor);
void for_each_thread(VisitThread visit, void* context);

}  // namespace zesvm::simulator::node
