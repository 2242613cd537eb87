/// @file control.hpp
/// What a program that runs on the stand-in can ask of it: failures, marks in the log, what lives.
///
/// Programs link with the library, or look these up with dlsym() where it was preloaded.
#pragma once

#include <cstdint>

extern "C" {

/// How much of the imitated kernel's memory and address spaces is in use, on all cards.
struct XeStandinUse {
  /// Buffers, and the bytes of those in the cards' own memory.
  std::uint64_t buffers;
  std::uint64_t vram_bytes;
  /// Stretches of GPU address spaces that show a buffer.
  std::uint64_t buffer_pieces;
  /// Living queues, and those that were banned for a fault, ever.
  std::uint64_t queues;
  std::uint64_t banned;
};

/// Makes calls of a kind fail with `error`: after `skip` have passed, the next `count`; all, when it is
/// negative. `call` is madvise, prefetch, vm_bind, unmap, bind_wait (a wait for a bind, which then is done
/// late), gem_create, gem_close, gem_mmap_offset, prime_export, prime_import, exec, vm_create,
/// exec_queue_create or exec_queue_destroy. An error of 0 ends the plan. Replaces an earlier plan for the
/// same calls.
void xe_standin_fail(const char* call, int error, long skip, long count);

/// Returns how many calls of a kind were made to fail since the start.
long xe_standin_failed(const char* call);

/// Adds a line {"call":"mark","text":...} to the log.
void xe_standin_mark(const char* text);

/// Returns how many bytes of buffers the address spaces of all cards show in [begin, end).
std::uint64_t xe_standin_bound(std::uint64_t begin, std::uint64_t end);

/// Tells what is in use now.
void xe_standin_use(struct XeStandinUse* use);
}
