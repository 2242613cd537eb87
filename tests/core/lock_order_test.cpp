// The lock order: every pair taken the wrong way round ends the program.
#include "base/lock_order.hpp"

#include <gtest/gtest.h>

#include "base/mutex.hpp"

namespace zesvm {
namespace {

constexpr int order_count = static_cast<int>(LockOrder::leaf) + 1;

TEST(LockOrderTest, AllowsEveryPairInOrder) {
  for (int outer = 0; outer < order_count; ++outer)
    for (int inner = outer + 1; inner < order_count; ++inner) {
      detail::note_acquire(static_cast<LockOrder>(outer));
      detail::note_acquire(static_cast<LockOrder>(inner));
      detail::note_release(static_cast<LockOrder>(inner));
      detail::note_release(static_cast<LockOrder>(outer));
    }
}

TEST(LockOrderDeathTest, RefusesEveryPairTheWrongWayRound) {
  for (int outer = 0; outer < order_count; ++outer)
    for (int inner = outer; inner < order_count; ++inner) {
      const auto first = static_cast<LockOrder>(inner);
      const auto second = static_cast<LockOrder>(outer);
      EXPECT_DEATH(
          {
            detail::note_acquire(first);
            detail::note_acquire(second);
          },
          std::string{name_of(second)});
    }
}

TEST(LockOrderTest, TryingIsAlwaysAllowed) {
  Mutex<LockOrder::leaf> inner;
  Mutex<LockOrder::range> outer;
  const Lock guard{inner};
  const bool is_locked = outer.try_lock();
  EXPECT_TRUE(is_locked);
  if (is_locked) outer.unlock();
}

}  // namespace
}  // namespace zesvm
