#include "simulator/driver/event_slot.hpp"

#include <future>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "simulator/driver/event_memory.hpp"

namespace zesvm::simulator::driver {
namespace {

TEST(EventSlot, IsNotReadyUntilSignalled) {
  EventSlot slot;
  EXPECT_EQ(slot.query(), Status::timed_out);
  slot.signal({10, 20});
  EXPECT_EQ(slot.query(), Status::ok);
  EXPECT_EQ(slot.times().end, 20u);
  slot.reset();
  EXPECT_EQ(slot.query(), Status::timed_out);
  EXPECT_EQ(slot.times().end, 0u);
}

TEST(EventSlot, WaitEndsWithItsDeadline) {
  EventSlot slot;
  EXPECT_EQ(slot.wait(deadline_after(1'000'000), {}), Status::timed_out);
  EXPECT_EQ(slot.wait(deadline_after(0), {}), Status::timed_out);
}

TEST(EventSlot, WaitEndsWithASignal) {
  EventSlot slot;
  auto waiting = std::async(std::launch::async, [&] { return slot.wait({}, {}); });
  slot.signal();
  EXPECT_EQ(waiting.get(), Status::ok);
}

TEST(EventSlot, WaitReportsWhatFailed) {
  EventSlot slot;
  auto waiting = std::async(std::launch::async, [&] { return slot.wait({}, {}); });
  slot.fail(Status::permission_denied);
  EXPECT_EQ(waiting.get(), Status::permission_denied);
}

TEST(EventSlot, WaitIsGivenUpWhenThereIsNoUse) {
  EventSlot slot;
  EXPECT_EQ(slot.wait({}, [] { return Status::device_lost; }), Status::device_lost);
}

TEST(EventSlot, EndlessTimeoutHasNoDeadline) {
  EXPECT_EQ(deadline_after(~0ULL), std::nullopt);
  EXPECT_NE(deadline_after(1), std::nullopt);
}

TEST(EventMemory, IsSharedWithAnotherProcess) {
  auto memory = EventMemory::create(4, 0);
  ASSERT_TRUE(memory);
  const EventMemoryTicket ticket = (*memory)->ticket();
  const pid_t child = ::fork();
  if (child == 0) {
    auto opened = EventMemory::open(ticket);
    if (opened) (*opened)->slot(3)->signal();
    ::_exit(opened ? 0 : 1);
  }
  EXPECT_EQ((*memory)->slot(3)->wait(deadline_after(10'000'000'000), {}), Status::ok);
  EXPECT_EQ((*memory)->slot(2)->query(), Status::timed_out);
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(EventMemory, RefusesATicketWhoseMakerIsGone) {
  EventMemoryTicket ticket{};
  EXPECT_EQ(EventMemory::open(ticket).status(), Status::invalid_argument);
  {
    auto memory = EventMemory::create(1, 0);
    ticket = (*memory)->ticket();
  }
  EXPECT_EQ(EventMemory::open(ticket).status(), Status::invalid_argument);
}

}  // namespace
}  // namespace zesvm::simulator::driver
