#include <algorithm>
#include <atomic>
#include <thread>

#include "node/command_fixture.hpp"
#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

class CommandListTest : public CommandFixture {
 protected:
  ze_result_t fill(ze_command_list_handle_t list, int* data, std::uint8_t value, std::size_t size,
                   ze_event_handle_t signal = nullptr) {
    return zeCommandListAppendMemoryFill(list, data, &value, 1, size, signal, 0, nullptr);
  }
  ze_result_t execute(ze_command_queue_handle_t queue, ze_command_list_handle_t list,
                      ze_fence_handle_t fence = nullptr) {
    return zeCommandQueueExecuteCommandLists(queue, 1, &list, fence);
  }
};

TEST_F(CommandListTest, RunsOnlyWhenExecutedAndEveryTime) {
  int* const data = shared<int>(1);
  const auto commands = list(device);
  const auto on = queue(device);
  ZE_OK(fill(commands, data, 1, 4));
  ZE_OK(zeCommandListClose(commands));
  EXPECT_EQ(*data, 0);
  for (int i = 0; i < 3; ++i) {
    *data = 5;
    ZE_OK(execute(on, commands));
    ZE_OK(zeCommandQueueSynchronize(on, forever));
    EXPECT_EQ(*data, 0x01010101);
  }
}

TEST_F(CommandListTest, OpenListIsNotExecuted) {
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, execute(queue(device), list(device)));
}

// Programs append to lists they closed; real drivers take it and never run it.
TEST_F(CommandListTest, WhatAClosedListIsGivenNeverRuns) {
  int* const data = shared<int>(1);
  const auto commands = list(device);
  const auto on = queue(device);
  ZE_OK(fill(commands, data, 1, 4));
  ZE_OK(zeCommandListClose(commands));
  ZE_OK(fill(commands, data, 2, 4));
  ZE_OK(zeCommandListClose(commands));
  ZE_OK(execute(on, commands));
  ZE_OK(zeCommandQueueSynchronize(on, forever));
  EXPECT_EQ(*data, 0x01010101);
  ZE_OK(zeCommandListReset(commands));
  ZE_OK(fill(commands, data, 3, 4));
  ZE_OK(zeCommandListClose(commands));
  ZE_OK(execute(on, commands));
  ZE_OK(zeCommandQueueSynchronize(on, forever));
  EXPECT_EQ(*data, 0x03030303);
}

TEST_F(CommandListTest, TakesAllFlagsAtOnce) {
  if (is_validated()) GTEST_SKIP() << "the validation layer of newer loaders knows fewer flags";
  ze_command_list_desc_t desc{ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC, nullptr, 0,
                              ZE_COMMAND_LIST_FLAG_FORCE_UINT32};
  ze_command_list_handle_t made = nullptr;
  ZE_OK(zeCommandListCreate(context, device, &desc, &made));
  ZE_OK(zeCommandListDestroy(made));
  desc.flags = 0x40000000;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION,
            zeCommandListCreate(context, device, &desc, &made));
}

TEST_F(CommandListTest, ResetForgetsWhatWasRecorded) {
  int* const data = shared<int>(1);
  const auto commands = list(device);
  const auto on = queue(device);
  ZE_OK(fill(commands, data, 1, 4));
  ZE_OK(zeCommandListClose(commands));
  ZE_OK(zeCommandListReset(commands));
  ZE_OK(zeCommandListClose(commands));
  ZE_OK(execute(on, commands));
  ZE_OK(zeCommandQueueSynchronize(on, forever));
  EXPECT_EQ(*data, 0);
}

TEST_F(CommandListTest, SynchronousQueueReturnsWhenDone) {
  int* const data = shared<int>(1 << 20);
  const auto commands = list(device);
  const auto on = queue(device, ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS);
  ZE_OK(fill(commands, data, 2, 4 << 20));
  ZE_OK(zeCommandListClose(commands));
  ZE_OK(execute(on, commands));
  EXPECT_EQ(data[(1 << 20) - 1], 0x02020202);
}

TEST_F(CommandListTest, QueueIsNotReadyWhileACommandWaits) {
  int* const data = shared<int>(1);
  const auto events = pool(1, ZE_EVENT_POOL_FLAG_HOST_VISIBLE);
  auto gate = event(events, 0);
  const auto commands = list(device);
  const auto on = queue(device);
  ZE_OK(zeCommandListAppendWaitOnEvents(commands, 1, &gate));
  ZE_OK(fill(commands, data, 3, 4));
  ZE_OK(zeCommandListClose(commands));
  ZE_OK(execute(on, commands));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeCommandQueueSynchronize(on, 0));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeCommandQueueSynchronize(on, 2'000'000));
  ZE_OK(zeEventHostSignal(gate));
  ZE_OK(zeCommandQueueSynchronize(on, ten_seconds));
  EXPECT_EQ(*data, 0x03030303);
}

TEST_F(CommandListTest, FenceTellsThatTheQueueIsDone) {
  int* const data = shared<int>(1);
  const auto commands = list(device);
  const auto on = queue(device);
  const ze_fence_desc_t desc{ZE_STRUCTURE_TYPE_FENCE_DESC, nullptr, 0};
  ze_fence_handle_t fence = nullptr;
  ZE_OK(zeFenceCreate(on, &desc, &fence));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeFenceQueryStatus(fence));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeFenceHostSynchronize(fence, 1000));
  ZE_OK(fill(commands, data, 4, 4));
  ZE_OK(zeCommandListClose(commands));
  ZE_OK(execute(on, commands, fence));
  ZE_OK(zeFenceHostSynchronize(fence, forever));
  EXPECT_EQ(*data, 0x04040404);
  ZE_OK(zeFenceQueryStatus(fence));
  ZE_OK(zeFenceReset(fence));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeFenceQueryStatus(fence));
  ZE_OK(zeFenceDestroy(fence));
}

TEST_F(CommandListTest, SixteenQueuesOfTwoDevicesRunAtOnce) {
  constexpr std::size_t queues = 16;
  constexpr std::size_t count = 4096;
  int* const data = shared<int>(queues * count);
  std::vector<ze_command_queue_handle_t> all;
  for (std::size_t i = 0; i < queues; ++i) {
    const auto on = devices[i % 2];
    const auto commands = list(on);
    ZE_OK(fill(commands, data + i * count, static_cast<std::uint8_t>(i), count * 4));
    ZE_OK(zeCommandListClose(commands));
    all.push_back(queue(on));
    ZE_OK(execute(all.back(), commands));
  }
  for (const auto on : all) ZE_OK(zeCommandQueueSynchronize(on, forever));
  for (std::size_t i = 0; i < queues; ++i) {
    EXPECT_EQ(data[i * count], static_cast<int>(i * 0x01010101));
    EXPECT_EQ(data[i * count + count - 1], static_cast<int>(i * 0x01010101));
  }
}

TEST_F(CommandListTest, ImmediateListRunsInOrder) {
  int* const data = shared<int>(1024);
  const auto commands = immediate(device, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
  for (std::uint8_t i = 0; i < 100; ++i) ZE_OK(fill(commands, data, i, 4096));
  auto* const synchronize =
      newer<ze_result_t(ze_command_list_handle_t, std::uint64_t)>("zeCommandListHostSynchronize");
  ZE_OK(synchronize(commands, forever));
  EXPECT_TRUE(std::all_of(data, data + 1024, [](int one) { return one == 0x63636363; }));
}

TEST_F(CommandListTest, ImmediateListRunsClosedLists) {
  int* const data = shared<int>(1);
  const auto events = pool(1, ZE_EVENT_POOL_FLAG_HOST_VISIBLE);
  const auto done = event(events, 0);
  auto recorded = list(device);
  ZE_OK(fill(recorded, data, 6, 4));
  ZE_OK(zeCommandListClose(recorded));
  auto* const append =
      newer<ze_result_t(ze_command_list_handle_t, std::uint32_t, ze_command_list_handle_t*,
                        ze_event_handle_t, std::uint32_t, ze_event_handle_t*)>(
          "zeCommandListImmediateAppendCommandListsExp");
  const auto commands = immediate(device, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
  ZE_OK(append(commands, 1, &recorded, done, 0, nullptr));
  ZE_OK(zeEventHostSynchronize(done, ten_seconds));
  EXPECT_EQ(*data, 0x06060606);
}

TEST_F(CommandListTest, HostFunctionRunsBetweenCommands) {
  int* const data = shared<int>(1);
  const auto commands = immediate(device);
  ZE_OK(fill(commands, data, 7, 4));
  auto* const append =
      newer<ze_result_t(ze_command_list_handle_t, void (*)(void*), void*, const void*,
                        ze_event_handle_t, std::uint32_t, ze_event_handle_t*)>(
          "zeCommandListAppendHostFunction");
  int seen = 0;
  struct Call {
    int* from;
    int* to;
  } call{data, &seen};
  const auto look = [](void* data) {
    auto* const what = static_cast<Call*>(data);
    *what->to = *what->from;
  };
  ZE_OK(append(commands, look, &call, nullptr, nullptr, 0, nullptr));
  EXPECT_EQ(seen, 0x07070707);
}

TEST_F(CommandListTest, BarriersTakeAndGiveEvents) {
  const auto events = pool(2, ZE_EVENT_POOL_FLAG_HOST_VISIBLE);
  auto first = event(events, 0);
  const auto second = event(events, 1);
  int* const data = shared<int>(1);
  const std::size_t size = 4;
  const void* range = data;
  const auto commands = immediate(device);
  ZE_OK(zeCommandListAppendBarrier(commands, first, 0, nullptr));
  ZE_OK(zeCommandListAppendMemoryRangesBarrier(commands, 1, &size, &range, second, 1, &first));
  ZE_OK(zeEventQueryStatus(second));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_SIZE,
            zeCommandListAppendBarrier(commands, nullptr, 1, nullptr));
}

TEST_F(CommandListTest, ThreadsUseListsOfTheirOwn) {
  constexpr std::size_t threads = 8;
  constexpr std::size_t rounds = 40;
  const auto events = pool(threads, ZE_EVENT_POOL_FLAG_HOST_VISIBLE);
  std::vector<ze_event_handle_t> done;
  for (std::uint32_t i = 0; i < threads; ++i) done.push_back(event(events, i));
  std::atomic<std::size_t> wrong{0};
  std::vector<std::thread> all;
  for (std::size_t t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      int* const data = shared<int>(1024);
      for (std::size_t round = 0; round < rounds; ++round) {
        const auto commands = immediate(devices[t % 2], ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
        const auto value = static_cast<std::uint8_t>(t * 16 + round % 16);
        wrong += fill(commands, data, value, 4096, done[t]) == ZE_RESULT_SUCCESS ? 0 : 1;
        wrong += zeEventHostSynchronize(done[t], ten_seconds) == ZE_RESULT_SUCCESS ? 0 : 1;
        wrong += data[1023] == value * 0x01010101 ? 0 : 1;
        zeEventHostReset(done[t]);
        zeCommandListDestroy(commands);
      }
    });
  }
  for (auto& thread : all) thread.join();
  EXPECT_EQ(wrong.load(), 0u);
}

TEST_F(CommandListTest, BadDescriptionsAreRefused) {
  ze_command_queue_desc_t desc{
      ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, nullptr, 77, 0, 0, ZE_COMMAND_QUEUE_MODE_DEFAULT,
      ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
  ze_command_queue_handle_t made = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeCommandQueueCreate(context, device, &desc, &made));
  desc.ordinal = 0;
  desc.mode = static_cast<ze_command_queue_mode_t>(9);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION,
            zeCommandQueueCreate(context, device, &desc, &made));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER,
            zeCommandQueueCreate(context, device, nullptr, &made));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_HANDLE,
            zeCommandQueueCreate(nullptr, device, &desc, &made));
}

}  // namespace
}  // namespace zesvm
