#include "simulator/driver/execution_stream.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <pthread.h>
#include <system_error>
#include <thread>

namespace zesvm::simulator::driver {

namespace {

// How long a thread stays without work: longer than the pauses inside a program's phase, short
// enough that a program with hundreds of queues keeps few threads.
constexpr std::chrono::milliseconds idle_time{500};
// Who synchronizes asks this often whether the target was lost behind the stream's back.
constexpr std::chrono::milliseconds lost_check_interval{100};

std::uint64_t nanoseconds_of(std::chrono::steady_clock::time_point when) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count());
}

// There is nobody an exception could reach: it becomes the outcome of its command.
node::Outcome execute(Action& action, CommandTarget& target) {
  try {
    return action.execute(target);
  } catch (const std::exception& error) {
    node::Outcome outcome;
    outcome.status = Status::out_of_host_memory;
    outcome.message = error.what();
    return outcome;
  }
}

/// Blocks every signal of the program on this thread while it lives, so that a thread started
/// meanwhile runs none of the program's handlers; faults stay deliverable.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) {
      ::sigdelset(&all, fault);
    }
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

ExecutionStream::ExecutionStream(std::shared_ptr<CommandTarget> target, StreamOrder order)
    : target_(std::move(target)), order_(order) {}

Result<std::uint64_t> ExecutionStream::submit(Submission submission) {
  if (target_->is_lost()) return Status::device_lost;
  submission.virtual_begin = target_->virtual_host_now();
  Lock guard{lock_};
  if (!has_worker_) {
    const SignalsBlocked no_handlers;
    try {
      std::thread{[self = shared_from_this()] { self->work(); }}.detach();
    } catch (const std::system_error&) {
      return Status::out_of_host_memory;
    }
    has_worker_ = true;
  }
  pending_.push_back(std::move(submission));
  changed_.notify_all();
  return ++submitted_;
}

StreamOutcome ExecutionStream::synchronize(Deadline deadline) {
  Lock guard{lock_};
  const std::uint64_t ticket = submitted_;
  while (completed_ < ticket) {
    const auto now = std::chrono::steady_clock::now();
    if (deadline && *deadline <= now) return {Status::timed_out, {}};
    const auto until = now + lost_check_interval;
    changed_.wait_until(lock_, deadline ? std::min(*deadline, until) : until);
  }
  target_->virtual_host_reaches(virtual_end_);
  if (target_->is_lost()) return {Status::device_lost, "the device was lost"};
  return std::exchange(failure_, {});
}

void ExecutionStream::abandon() { is_abandoned_.store(true, std::memory_order_relaxed); }

bool ExecutionStream::is_idle_hint() const {
  Lock guard{lock_};
  return completed_ == submitted_;
}

void ExecutionStream::work() {
  ::pthread_setname_np(::pthread_self(), "zesvm-stream");
  Submission submission;
  while (next(submission)) {
    Status earlier = Status::ok;
    if (order_ == StreamOrder::in_order) {
      Lock guard{lock_};
      earlier = failure_.status;
    }
    complete(perform(std::exchange(submission, {}), earlier));
  }
}

StreamOutcome ExecutionStream::perform(Submission submission, Status earlier) {
  target_->virtual_reaches(submission.virtual_begin);
  StreamOutcome outcome = run(submission, earlier);
  const auto fence = std::move(submission.fence);
  // What the commands own may be large, and its release may call into the node: not under the
  // lock, and before anybody is told that the work is complete.
  submission = {};
  if (fence && outcome.status == Status::ok) fence->signal({0, 0, target_->virtual_now()});
  if (fence && outcome.status != Status::ok) fence->fail(outcome.status);
  return outcome;
}

StreamOutcome ExecutionStream::run_and_wait(const Submission& submission) {
  if (target_->is_lost()) return {Status::device_lost, "the device was lost"};
  if (const auto earlier = begin_on_caller()) {
    Submission now = submission;
    now.virtual_begin = target_->virtual_host_now();
    complete(perform(std::move(now), *earlier));
  } else if (const auto ticket = submit(submission); !ticket) {
    return {ticket.status(), {}};
  }
  return synchronize({});
}

std::optional<Status> ExecutionStream::begin_on_caller() {
  Lock guard{lock_};
  if (completed_ != submitted_) return std::nullopt;
  ++submitted_;
  runs_on_caller_ = true;
  return order_ == StreamOrder::in_order ? failure_.status : Status::ok;
}

bool ExecutionStream::next(Submission& submission) {
  Lock guard{lock_};
  const auto until = std::chrono::steady_clock::now() + idle_time;
  for (;;) {
    if (runs_on_caller_) {
      changed_.wait(lock_);
      continue;
    }
    if (!pending_.empty()) break;
    const bool is_out_of_time = changed_.wait_until(lock_, until) == std::cv_status::timeout;
    if (!pending_.empty() || runs_on_caller_) continue;
    if (is_out_of_time || is_abandoned_.load(std::memory_order_relaxed)) {
      has_worker_ = false;
      return false;
    }
  }
  submission = std::move(pending_.front());
  pending_.pop_front();
  return true;
}

StreamOutcome ExecutionStream::run(const Submission& submission, Status earlier) {
  StreamOutcome outcome{earlier, {}};
  for (const auto& sequence : submission.sequences) {
    for (const auto& command : sequence->commands) run(*command, outcome);
  }
  return outcome;
}

void ExecutionStream::run(const Command& command, StreamOutcome& outcome) const {
  for (const auto& event : command.waits) {
    if (outcome.status != Status::ok) break;
    outcome.status = event->wait({}, [this] { return give_up_status(); });
    target_->virtual_reaches(event->times().virtual_end);
  }
  if (outcome.status == Status::ok && target_->is_lost()) outcome.status = Status::device_lost;
  EventTimes times{nanoseconds_of(std::chrono::steady_clock::now()), 0, 0};
  if (outcome.status == Status::ok && command.action) {
    node::Outcome done = execute(*command.action, *target_);
    outcome = {done.status, std::move(done.message)};
    if (done.begin.time_since_epoch().count() != 0) times.begin = nanoseconds_of(done.begin);
    if (done.end.time_since_epoch().count() != 0) times.end = nanoseconds_of(done.end);
  }
  if (times.end == 0) times.end = nanoseconds_of(std::chrono::steady_clock::now());
  if (!command.signal) return;
  if (outcome.status == Status::ok) {
    times.virtual_end = target_->virtual_now();
    command.signal->signal(times);
  } else {
    command.signal->fail(outcome.status);
  }
}

Status ExecutionStream::give_up_status() const {
  if (target_->is_lost()) return Status::device_lost;
  return is_abandoned_.load(std::memory_order_relaxed) ? Status::busy : Status::ok;
}

void ExecutionStream::complete(StreamOutcome outcome) {
  const std::uint64_t virtual_end = target_->virtual_now();
  Lock guard{lock_};
  virtual_end_ = std::max(virtual_end_, virtual_end);
  ++completed_;
  runs_on_caller_ = false;
  if (failure_.status == Status::ok) failure_ = std::move(outcome);
  changed_.notify_all();
}

}  // namespace zesvm::simulator::driver
