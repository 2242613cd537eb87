// Events and work that outlive the streams they are of.
#include "intel/standin/standin_fixture.hpp"

namespace zesvm::tests {
namespace {

// After each the fixture looks whether an event was used too late.
class StandinEventsTest : public StandinTest {};

TEST_F(StandinEventsTest, AnEventOutlivesItsStream) {
  std::vector<Event> events;
  {
    Stream stream(rt.device(0));
    for (int i = 0; i < 3; ++i) events.push_back(stream.record());
  }
  for (const Event& event : events) {
    EXPECT_TRUE(event.is_done());
    event.wait();
  }
}

TEST_F(StandinEventsTest, WorkOnPagedMemoryOutlivesItsStream) {
  auto* const values = space.allocate<std::uint32_t>(count, Backing::paged);
  std::fill_n(values, count, 1u);
  for (const Device& device : rt.devices())
    Stream(device).launch(rt.load_module("fill").kernel("increment"), grid(count), values);
  EXPECT_EQ(values[count - 1], 1 + cards());
  space.free(values);
}

TEST_F(StandinEventsTest, AnEventOutlivesAStreamThatTheDriverHadNoRoomFor) {
  if (cards() == 1) GTEST_SKIP() << "the driver starts work on one card without a call";
  auto* const memory = space.allocate<char>(chunk);
  const long failed = xe_standin_failed("exec");
  for (long skip = 0; skip < 4; ++skip) {
    std::vector<Event> events;
    try {
      Stream stream(rt.device(0));
      xe_standin_fail("exec", ENOMEM, skip, 1);
      events.push_back(stream.record());
      stream.fill(memory, 1, chunk);
      events.push_back(stream.record());
      events.push_back(stream.record());
    } catch (const Error&) {
      // Said: then there is no such event.
    }
    xe_standin_fail("exec", 0, 0, 0);
    for (const Event& event : events) event.wait();
  }
  EXPECT_GT(xe_standin_failed("exec"), failed);
  space.free(memory);
}

}  // namespace
}  // namespace zesvm::tests
