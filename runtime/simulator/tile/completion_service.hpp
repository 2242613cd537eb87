/// @file completion_service.hpp
/// Tells how queued work of one tile ended.
#pragma once

#include <atomic>
#include <thread>
#include <unordered_map>

#include "base/mutex.hpp"
#include "simulator/tile/channel.hpp"

namespace zesvm::simulator::tile {

/// Work on its way, and the thread that calls its completions.
///
/// P1  a completion that was expect()ed is called exactly once, or withdrawn
class CompletionService {
 public:
  CompletionService(Channel& channel, OrderThroughHelper& order)
      : channel_(channel), order_(order) {}
  ~CompletionService() { stop(); }
  CompletionService(const CompletionService&) = delete;
  CompletionService& operator=(const CompletionService&) = delete;

  void start();

  /// Notes work before it is submitted, and returns its number.
  ///
  /// @errors   device_lost
  Result<std::uint64_t> expect(Completion completion);

  /// Forgets work that was not accepted. False: its completion was called meanwhile.
  bool withdraw(std::uint64_t work);

  /// Completes everything: first what the helper has finished, the rest with device_lost. Work
  /// noted later is refused.
  void abandon();

  /// abandon(), and waits until every completion was called.
  void stop();

 private:
  void run();
  // Calls the completions of finished work.
  void collect();
  void finish(std::uint64_t work, const Outcome& outcome);
  void fail_all();

  Channel& channel_;
  OrderThroughHelper& order_;
  std::thread thread_;
  // Set by abandon(), read by the thread after each look at the ring.
  std::atomic<bool> abandoned_{false};
  Mutex<LockOrder::leaf> lock_;
  bool closed_ ZESVM_GUARDED_BY(lock_) = false;
  std::uint64_t last_work_ ZESVM_GUARDED_BY(lock_) = 0;
  std::unordered_map<std::uint64_t, Completion> pending_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::simulator::tile
