/// @file memory_calls.hpp
/// The program's own calls that change what is mapped where, heard of before they happen.
///
/// The C library's munmap, mmap, mremap, mprotect, madvise, brk and shmdt are replaced where they
/// begin, in memory, so that its own use of them (free, realloc, sbrk) is heard of as well; fork
/// through pthread_atfork. Calls made past the C library are not heard of.
///
/// MC1  a listener concerned is told before the call, and after it; the call itself is the
///      kernel's, with its result and errno
/// MC2  a call the library itself makes while it handles one is not told of
/// MC3  who is concerned is asked when nobody can become it any more until the call is over
///      (memory_gate.hpp)
#pragma once

#include <cstdint>
#include <span>

#include "base/interval.hpp"

namespace zesvm::simulator::node {

/// What a call does to the content of an interval.
enum class Change : std::uint8_t {
  /// It is, or may be, still needed.
  keeps,
  /// It is gone afterwards.
  drops,
};

/// Who is on after a fork.
enum class ForkSide : std::uint8_t { parent, child };

/// Told of calls.
class MemoryCallListener {
 public:
  virtual ~MemoryCallListener() = default;
  /// Returns whether it wants to be told of a change in an interval.
  /// @locks    takes innermost ones only
  virtual bool concerns(Interval interval) noexcept = 0;
  /// Called before and after a change of some intervals, by the same thread.
  virtual void before_change(std::span<const Interval> intervals, Change change) noexcept = 0;
  virtual void after_change() noexcept = 0;
  /// Called before a change that concerns it and that it cannot be told of.
  /// @locks    takes none
  virtual void missed_change() noexcept = 0;
  /// Called before a fork, and after it in both processes, by the same thread.
  /// @locks    holds none in between: other threads wait for them with the C library's heap locked
  virtual void before_fork() noexcept = 0;
  virtual void after_fork(ForkSide side) noexcept = 0;
};

/// Makes the calls be heard of, the first time. Returns whether all are: not so where the C library
/// begins its functions in another way than those known here, or the kernel lets nobody change code.
///
/// Built with a thread sanitizer, which keeps the calls to itself, they never are: changes are
/// noticed before the next launch.
bool hear_memory_calls();

/// Tells a listener from now on, one of at most 16. hear_memory_calls() goes before.
void listen_to_memory_calls(MemoryCallListener& listener);
/// Tells it no more. Waits for calls under way.
void stop_listening(MemoryCallListener& listener);

/// Tells nobody of calls that this thread makes while it lives: they are the node's own, made with
/// locks that listeners take. Listeners that would be concerned know at least that they missed one.
class Unheard {
 public:
  Unheard() noexcept;
  ~Unheard();
  Unheard(const Unheard&) = delete;
  Unheard& operator=(const Unheard&) = delete;

 private:
  bool before_;
};

/// Returns whether calls of the C library's `name` are heard of; for tests and reports.
bool is_heard(const char* name);

}  // namespace zesvm::simulator::node
