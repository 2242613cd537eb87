#include "simulator/driver/execution_stream.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <thread>

namespace zesvm::simulator::driver {
namespace {

/// Accepts everything, until it is lost.
class FakeTarget : public CommandTarget {
 public:
  node::Outcome launch(const node::Launch&) override { return {}; }
  Status copy(Address, Address, Bytes) override { return Status::ok; }
  Status fill(Address, std::span<const std::byte>, Bytes) override { return Status::ok; }
  Status copy_region(const node::Region&, const node::Region&,
                     const std::array<std::uint64_t, 3>&) override {
    return Status::ok;
  }
  Status prefetch(Interval) override { return Status::ok; }
  Status advise(Interval, TileAdvice) override { return Status::ok; }
  bool is_lost() const override { return lost.load(); }

  std::atomic<bool> lost{false};
};

class CallAction : public Action {
 public:
  explicit CallAction(std::function<Status()> call) : call_(std::move(call)) {}
  node::Outcome execute(CommandTarget&) override {
    node::Outcome outcome;
    outcome.status = call_();
    if (outcome.status != Status::ok) outcome.message = "why";
    return outcome;
  }

 private:
  std::function<Status()> call_;
};

class ExecutionStreamTest : public testing::Test {
 protected:
  using Slot = std::shared_ptr<EventSlot>;

  std::shared_ptr<ExecutionStream> make(StreamOrder order = StreamOrder::independent) {
    return std::make_shared<ExecutionStream>(target, order);
  }
  static Submission one(std::function<Status()> call, std::vector<Slot> waits = {},
                        Slot signal = nullptr) {
    auto command = std::make_shared<Command>();
    command->waits = std::move(waits);
    command->signal = std::move(signal);
    if (call) command->action = std::make_shared<CallAction>(std::move(call));
    auto sequence = std::make_shared<CommandSequence>();
    sequence->commands.push_back(std::move(command));
    return {{std::move(sequence)}, nullptr};
  }
  static std::function<Status()> gives(Status status) {
    return [status] { return status; };
  }

  std::shared_ptr<FakeTarget> target = std::make_shared<FakeTarget>();
};

TEST_F(ExecutionStreamTest, RunsInTheOrderOfSubmission) {
  const auto stream = make();
  std::vector<int> seen;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(stream->submit(one([&seen, i] {
      seen.push_back(i);
      return Status::ok;
    })));
  }
  EXPECT_EQ(stream->synchronize({}).status, Status::ok);
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_F(ExecutionStreamTest, WaitHoldsUpItsOwnStreamOnly) {
  const auto gate = std::make_shared<EventSlot>();
  const auto blocked = make();
  const auto open = make();
  ASSERT_TRUE(blocked->submit(one({}, {gate})));
  ASSERT_TRUE(open->submit(one(gives(Status::ok))));
  EXPECT_EQ(open->synchronize({}).status, Status::ok);
  EXPECT_EQ(blocked->synchronize(deadline_after(1'000'000)).status, Status::timed_out);
  gate->signal();
  EXPECT_EQ(blocked->synchronize({}).status, Status::ok);
}

TEST_F(ExecutionStreamTest, HundredsOfStreamsMayWaitAtOnce) {
  const auto gate = std::make_shared<EventSlot>();
  std::vector<std::shared_ptr<ExecutionStream>> streams;
  for (int i = 0; i < 300; ++i) {
    streams.push_back(make());
    ASSERT_TRUE(streams.back()->submit(one({}, {gate})));
  }
  gate->signal();
  for (const auto& stream : streams) EXPECT_EQ(stream->synchronize({}).status, Status::ok);
}

TEST_F(ExecutionStreamTest, FailureIsReportedOnceWithItsWords) {
  const auto stream = make();
  ASSERT_TRUE(stream->submit(one(gives(Status::permission_denied))));
  const StreamOutcome outcome = stream->synchronize({});
  EXPECT_EQ(outcome.status, Status::permission_denied);
  EXPECT_EQ(outcome.message, "why");
  EXPECT_EQ(stream->synchronize({}).status, Status::ok);
}

TEST_F(ExecutionStreamTest, FailureSkipsTheRestAndFailsItsSignals) {
  const auto stream = make();
  const auto signal = std::make_shared<EventSlot>();
  bool ran = false;
  Submission both = one(gives(Status::not_mapped));
  both.sequences.push_back(one(
                               [&ran] {
                                 ran = true;
                                 return Status::ok;
                               },
                               {}, signal)
                               .sequences.front());
  both.fence = std::make_shared<EventSlot>();
  ASSERT_TRUE(stream->submit(both));
  EXPECT_EQ(both.fence->wait({}, {}), Status::not_mapped);
  EXPECT_EQ(signal->query(), Status::not_mapped);
  EXPECT_FALSE(ran);
}

TEST_F(ExecutionStreamTest, InOrderSkipsUntilTheFailureWasReported) {
  const auto stream = make(StreamOrder::in_order);
  int runs = 0;
  const auto count = [&runs] {
    ++runs;
    return Status::ok;
  };
  ASSERT_TRUE(stream->submit(one(gives(Status::not_mapped))));
  ASSERT_TRUE(stream->submit(one(count)));
  EXPECT_EQ(stream->synchronize({}).status, Status::not_mapped);
  EXPECT_EQ(runs, 0);
  ASSERT_TRUE(stream->submit(one(count)));
  EXPECT_EQ(stream->synchronize({}).status, Status::ok);
  EXPECT_EQ(runs, 1);
}

TEST_F(ExecutionStreamTest, FailedEventFailsWhoWaitsForIt) {
  const auto event = std::make_shared<EventSlot>();
  const auto first = make();
  const auto second = make();
  ASSERT_TRUE(second->submit(one({}, {event})));
  ASSERT_TRUE(first->submit(one(gives(Status::invalid_address), {}, event)));
  EXPECT_EQ(second->synchronize({}).status, Status::invalid_address);
}

TEST_F(ExecutionStreamTest, LossEndsEveryWait) {
  const auto never = std::make_shared<EventSlot>();
  const auto signal = std::make_shared<EventSlot>();
  const auto stream = make();
  ASSERT_TRUE(stream->submit(one({}, {never}, signal)));
  target->lost.store(true);
  EXPECT_EQ(stream->synchronize(deadline_after(10'000'000'000)).status, Status::device_lost);
  EXPECT_EQ(signal->query(), Status::device_lost);
  EXPECT_EQ(stream->submit(one({})).status(), Status::device_lost);
  EXPECT_EQ(stream->synchronize({}).status, Status::device_lost);
}

TEST_F(ExecutionStreamTest, AbandonedStreamEndsItsWaits) {
  const auto never = std::make_shared<EventSlot>();
  const auto signal = std::make_shared<EventSlot>();
  const auto stream = make();
  ASSERT_TRUE(stream->submit(one({}, {never}, signal)));
  stream->abandon();
  EXPECT_NE(signal->wait(deadline_after(10'000'000'000), {}), Status::timed_out);
}

TEST_F(ExecutionStreamTest, WaitingCallerDoesTheWorkOfAnIdleStream) {
  const auto stream = make();
  std::thread::id where;
  const auto look = [&where] {
    where = std::this_thread::get_id();
    return Status::ok;
  };
  EXPECT_EQ(stream->run_and_wait(one(look)).status, Status::ok);
  EXPECT_EQ(where, std::this_thread::get_id());
  EXPECT_EQ(stream->run_and_wait(one(gives(Status::not_mapped))).status, Status::not_mapped);
}

TEST_F(ExecutionStreamTest, CallersAndTheThreadNeverRunAtOnce) {
  const auto stream = make();
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  const auto work = [&] {
    if (inside.fetch_add(1) != 0) overlapped = true;
    std::this_thread::yield();
    inside.fetch_sub(1);
    return Status::ok;
  };
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        if (t % 2 == 0) {
          EXPECT_EQ(stream->run_and_wait(one(work)).status, Status::ok);
        } else {
          EXPECT_TRUE(stream->submit(one(work)));
        }
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(stream->synchronize({}).status, Status::ok);
  EXPECT_FALSE(overlapped.load());
}

TEST_F(ExecutionStreamTest, StartsAThreadAgainAfterAPause) {
  const auto stream = make();
  ASSERT_TRUE(stream->submit(one(gives(Status::ok))));
  EXPECT_EQ(stream->synchronize({}).status, Status::ok);
  // The stream's thread shares its ownership: when it is the last but this, the thread has ended.
  while (stream.use_count() > 1) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  ASSERT_TRUE(stream->submit(one(gives(Status::ok))));
  EXPECT_EQ(stream->synchronize({}).status, Status::ok);
}

}  // namespace
}  // namespace zesvm::simulator::driver
