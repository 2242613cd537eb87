/// @file execution_stream.hpp
/// Runs what a command queue or an immediate command list was given, in order: on a thread of its
/// own, which exists only while there is work (and a little longer), or on that of a caller who
/// waits for it anyhow.
///
/// Commands of one stream run one after the other, as a hardware queue that stops at a semaphore
/// does: a command that waits for an event holds up what was submitted after it to the same
/// stream, and nothing else. Any number of streams may wait at once.
///
/// X1  tickets are given in the order of submission and completed in that order
/// X2  every submission completes: done, failed, or given up since the target was lost or the
///     stream abandoned; its signals and its fence are then signalled or failed
/// X3  after a command failed, the rest of its submission is skipped; in an in-order stream, also
///     what follows until the failure was reported
/// X4  a failure is reported by the next synchronize(), once, except for a lost target, which is
///     reported always
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "simulator/driver/command.hpp"

namespace zesvm::simulator::driver {

/// What is given to a stream at once.
struct Submission {
  std::vector<std::shared_ptr<const CommandSequence>> sequences;
  /// Signalled when all is done, or failed; may be null.
  std::shared_ptr<EventSlot> fence;
  /// The host's virtual time of the submission; the stream sets it.
  std::uint64_t virtual_begin = 0;
};

/// How the work of a stream went, and in a failure's case what there is to say about it.
struct StreamOutcome {
  Status status = Status::ok;
  std::string message;
};

/// Whether commands of different submissions depend on each other.
enum class StreamOrder : std::uint8_t { independent, in_order };

/// One stream. Always held by a shared pointer: its thread keeps it alive.
class ExecutionStream : public std::enable_shared_from_this<ExecutionStream> {
 public:
  ExecutionStream(std::shared_ptr<CommandTarget> target, StreamOrder order);

  /// Takes work to be done after all that was submitted before; returns its ticket.
  /// @errors   device_lost: nothing was taken; out_of_host_memory: no thread could be started
  /// @locks    takes leaf
  Result<std::uint64_t> submit(Submission submission);
  /// Does work and returns how it and all before it went: on the calling thread when the stream has
  /// nothing else to do, which saves two changes of threads.
  /// @errors   as submit() and synchronize()
  StreamOutcome run_and_wait(const Submission& submission);
  /// Waits until everything submitted so far is complete, and reports the first failure (X4).
  /// @errors   timed_out; what failed
  StreamOutcome synchronize(Deadline deadline);
  /// Gives up waits for events, now and from now on, so that the stream soon has no work. Its
  /// owner is gone.
  void abandon();

  /// Returns whether nothing waits or runs; may be outdated on return.
  bool is_idle_hint() const;

 private:
  using Guard = Mutex<LockOrder::leaf>;

  void work();
  /// Takes the stream for work on the calling thread; returns the failure to start from, or nothing
  /// when the stream has work.
  std::optional<Status> begin_on_caller();
  /// Returns false when the thread may end: no work came for a while.
  bool next(Submission& submission);
  StreamOutcome run(const Submission& submission, Status earlier);
  void run(const Command& command, StreamOutcome& outcome) const;
  Status give_up_status() const;
  /// Runs a submission on this thread and signals its fence.
  StreamOutcome perform(Submission submission, Status earlier);
  void complete(StreamOutcome outcome);

  const std::shared_ptr<CommandTarget> target_;
  const StreamOrder order_;
  // Set once by abandon(); read by waits without a lock, relaxed: they ask again soon.
  std::atomic<bool> is_abandoned_{false};
  mutable Guard lock_;
  Condition changed_;
  std::deque<Submission> pending_ ZESVM_GUARDED_BY(lock_);
  // A caller's thread does the work of this stream now; the stream's own has to wait.
  bool runs_on_caller_ ZESVM_GUARDED_BY(lock_) = false;
  bool has_worker_ ZESVM_GUARDED_BY(lock_) = false;
  std::uint64_t submitted_ ZESVM_GUARDED_BY(lock_) = 0;
  std::uint64_t completed_ ZESVM_GUARDED_BY(lock_) = 0;
  // The virtual time at which the last complete submission ended.
  std::uint64_t virtual_end_ ZESVM_GUARDED_BY(lock_) = 0;
  StreamOutcome failure_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::simulator::driver
