#include "simulator/driver/event_slot.hpp"

#include <algorithm>
#include <climits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.hpp"

namespace zesvm::simulator::driver {

namespace {

constexpr std::uint32_t state_reset = 0;
constexpr std::uint32_t state_signalled = 1;
constexpr std::uint32_t state_failed = 2;

// How long a wait goes without asking whether there is still use in it: a lost device is noticed
// by all who wait well within a second, and hundreds of waiting threads cost next to nothing.
constexpr std::chrono::nanoseconds longest_sleep = std::chrono::milliseconds{50};

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen,
                std::chrono::nanoseconds limit) {
  const auto count = std::max<std::chrono::nanoseconds::rep>(limit.count(), 0);
  const timespec timeout{static_cast<time_t>(count / 1'000'000'000),
                         static_cast<long>(count % 1'000'000'000)};
  ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, &timeout, nullptr, 0);
}

void futex_wake_all(const std::atomic<std::uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace

Deadline deadline_after(std::uint64_t nanoseconds) {
  // Longer than the clock can say is for ever as well.
  if (nanoseconds > static_cast<std::uint64_t>(INT64_MAX) / 2) return std::nullopt;
  return std::chrono::steady_clock::now() +
         std::chrono::nanoseconds{static_cast<std::int64_t>(nanoseconds)};
}

EventSlot::EventSlot() {
  auto words = std::make_shared<EventWords>();
  words_ = words.get();
  keeper_ = std::move(words);
}

EventSlot::EventSlot(EventWords* words, std::shared_ptr<void> keeper)
    : words_(words), keeper_(std::move(keeper)) {}

void EventSlot::publish(std::uint32_t state) {
  // Release pairs with the acquire in query(): V2.
  words_->state.store(state, std::memory_order_release);
  futex_wake_all(words_->state);
}

void EventSlot::signal(EventTimes times) {
  words_->begin.store(times.begin, std::memory_order_relaxed);
  words_->end.store(times.end, std::memory_order_relaxed);
  words_->virtual_end.store(times.virtual_end, std::memory_order_relaxed);
  publish(state_signalled);
}

void EventSlot::fail(Status status) {
  ZESVM_ASSERT(status != Status::ok);
  words_->failure.store(static_cast<std::uint32_t>(status), std::memory_order_relaxed);
  publish(state_failed);
}

void EventSlot::reset() {
  words_->begin.store(0, std::memory_order_relaxed);
  words_->end.store(0, std::memory_order_relaxed);
  words_->virtual_end.store(0, std::memory_order_relaxed);
  words_->state.store(state_reset, std::memory_order_release);
}

Status EventSlot::query() const {
  switch (words_->state.load(std::memory_order_acquire)) {
    case state_reset: return Status::timed_out;
    case state_signalled: return Status::ok;
    default: return static_cast<Status>(words_->failure.load(std::memory_order_relaxed));
  }
}

Status EventSlot::wait(Deadline deadline, const GiveUp& give_up) const {
  for (;;) {
    if (const Status status = query(); status != Status::timed_out) return status;
    if (give_up) ZESVM_TRY(give_up());
    auto limit = longest_sleep;
    if (deadline) {
      const auto left = *deadline - std::chrono::steady_clock::now();
      if (left.count() <= 0) return Status::timed_out;
      limit = std::min<std::chrono::nanoseconds>(limit, left);
    }
    futex_wait(words_->state, state_reset, limit);
  }
}

EventTimes EventSlot::times() const {
  if (query() != Status::ok) return {};
  return {words_->begin.load(std::memory_order_relaxed),
          words_->end.load(std::memory_order_relaxed),
          words_->virtual_end.load(std::memory_order_relaxed)};
}

}  // namespace zesvm::simulator::driver
