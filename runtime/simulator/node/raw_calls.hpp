/// @file raw_calls.hpp
/// Memory calls on the program's memory as system calls: the C library's functions lead to
/// memory_calls.hpp, which takes what they do for the program's doing.
#pragma once

#include <cstddef>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/interval.hpp"

namespace zesvm::simulator::node {

/// mprotect() on an interval; returns whether it worked.
inline bool protect_raw(Interval interval, int protection) {
  return ::syscall(SYS_mprotect, interval.begin.value, interval.size().count, protection) == 0;
}

/// Maps part of a file, or nothing (-1), over an interval; returns whether it worked.
inline bool map_raw(Interval interval, int protection, int flags, int file, Bytes offset) {
  return ::syscall(SYS_mmap, interval.begin.value, interval.size().count, protection,
                   flags | MAP_FIXED, file, offset.count) != -1;
}

}  // namespace zesvm::simulator::node
