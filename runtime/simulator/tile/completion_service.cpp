#include "simulator/tile/completion_service.hpp"

#include <cstring>

#include "simulator/tile/futex.hpp"
#include "simulator/tile/service_thread.hpp"

namespace zesvm::simulator::tile {

void CompletionService::start() {
  thread_ = start_service_thread("zesvm-complete", [this] { run(); });
}

Result<std::uint64_t> CompletionService::expect(Completion completion) {
  Lock guard{lock_};
  if (closed_) return Status::device_lost;
  pending_.emplace(++last_work_, std::move(completion));
  return last_work_;
}

bool CompletionService::withdraw(std::uint64_t work) {
  Completion dropped;  // destroyed outside the lock: it may own anything
  Lock guard{lock_};
  const auto found = pending_.find(work);
  if (found == pending_.end()) return false;
  dropped = std::move(found->second);
  pending_.erase(found);
  return true;
}

void CompletionService::abandon() {
  abandoned_.store(true);
  futex_wake_all(channel_.completed);
}

void CompletionService::stop() {
  abandon();
  if (thread_.joinable()) thread_.join();
}

void CompletionService::run() {
  for (;;) {
    // Read before the ring: what was finished before abandon() is collected after it.
    const bool last_look = abandoned_.load();
    collect();
    if (last_look) break;
    const std::uint32_t seen = channel_.completed.load();
    if (seen == channel_.collected.load() && !abandoned_.load())
      futex_wait(channel_.completed, seen);
  }
  fail_all();
}

void CompletionService::collect() {
  while (channel_.collected.load() != channel_.completed.load()) {
    const CompletionRecord record =
        channel_.completions[channel_.collected.load() % completion_count];
    order_.arrive();
    channel_.collected.fetch_add(1);
    futex_wake_all(channel_.collected);
    Outcome outcome{record.status,       Address{record.fault_address},
                    record.fault_access, record.begin_ns,
                    record.end_ns,       {}};
    outcome.message.assign(record.message.data(),
                           ::strnlen(record.message.data(), record.message.size()));
    finish(record.work, outcome);
  }
}

void CompletionService::finish(std::uint64_t work, const Outcome& outcome) {
  Completion completion;
  {
    Lock guard{lock_};
    const auto found = pending_.find(work);
    if (found == pending_.end()) return;
    completion = std::move(found->second);
    pending_.erase(found);
  }
  completion(outcome);
}

void CompletionService::fail_all() {
  std::unordered_map<std::uint64_t, Completion> left;
  {
    Lock guard{lock_};
    closed_ = true;
    left.swap(pending_);
  }
  for (auto& [work, completion] : left) completion(Outcome{.status = Status::device_lost});
}

}  // namespace zesvm::simulator::tile
