#include "base/lock_order.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/lock_order_apart.hpp"

namespace zesvm::detail {
namespace {

constexpr std::size_t places = static_cast<std::size_t>(LockOrder::leaf) + 1;

// How many locks of each place this thread holds. Trivial, so that a fault handler may run on a
// thread that never took a lock before; in static storage, since the first use of other may allocate.
__attribute__((tls_model("initial-exec"))) thread_local std::array<std::uint16_t, places> held{};

std::uint16_t& held_at(LockOrder order) { return held[static_cast<std::size_t>(order)]; }

}  // namespace

void note_acquire(LockOrder order) noexcept {
  for (std::size_t place = static_cast<std::size_t>(order); place < places; ++place) {
    if (held[place] == 0) continue;
    const std::string_view wanted = name_of(order);
    const std::string_view holding = name_of(static_cast<LockOrder>(place));
    std::fprintf(stderr, "zesvm: lock order: taking '%.*s' while holding '%.*s'\n",
                 static_cast<int>(wanted.size()), wanted.data(), static_cast<int>(holding.size()),
                 holding.data());
    std::abort();
  }
  ++held_at(order);
}

void note_try_acquire(LockOrder order) noexcept { ++held_at(order); }

void note_release(LockOrder order) noexcept { --held_at(order); }

}  // namespace zesvm::detail

namespace zesvm {

LocksApart::LocksApart() noexcept : before_(std::exchange(detail::held, {})) {}
LocksApart::~LocksApart() { detail::held = before_; }

}  // namespace zesvm
