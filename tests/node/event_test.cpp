#include <thread>

#include "node/command_fixture.hpp"

namespace zesvm {
namespace {

class EventTest : public CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    events = pool(4, ZE_EVENT_POOL_FLAG_HOST_VISIBLE | ZE_EVENT_POOL_FLAG_KERNEL_TIMESTAMP);
  }
  ze_event_pool_handle_t events = nullptr;
};

TEST_F(EventTest, HostSignalsResetsAndWaits) {
  const auto one = event(events, 0);
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeEventQueryStatus(one));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeEventHostSynchronize(one, 1'000'000));
  ZE_OK(zeEventHostSignal(one));
  ZE_OK(zeEventQueryStatus(one));
  ZE_OK(zeEventHostSynchronize(one, forever));
  ZE_OK(zeEventHostReset(one));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeEventQueryStatus(one));
}

TEST_F(EventTest, WaitEndsWhenAnotherThreadSignals) {
  const auto one = event(events, 0);
  std::thread signaller{[&] { zeEventHostSignal(one); }};
  ZE_OK(zeEventHostSynchronize(one, forever));
  signaller.join();
}

TEST_F(EventTest, CommandsSignalAndResetEvents) {
  const auto one = event(events, 0);
  const auto commands = immediate(device);
  ZE_OK(zeCommandListAppendSignalEvent(commands, one));
  ZE_OK(zeEventQueryStatus(one));
  ZE_OK(zeCommandListAppendEventReset(commands, one));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeEventQueryStatus(one));
}

TEST_F(EventTest, OrdersCommandsOfTwoDevices) {
  int* const data = shared<int>(1);
  auto produced = event(events, 0);
  const auto consumed = event(events, 1);
  const auto first = immediate(devices[0], ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
  const auto second = immediate(devices[1], ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
  int* const copied = shared<int>(1);
  const std::uint8_t value = 9;
  ZE_OK(zeCommandListAppendMemoryCopy(second, copied, data, 4, consumed, 1, &produced));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeEventHostSynchronize(consumed, 2'000'000));
  ZE_OK(zeCommandListAppendMemoryFill(first, data, &value, 1, 4, produced, 0, nullptr));
  ZE_OK(zeEventHostSynchronize(consumed, ten_seconds));
  EXPECT_EQ(*copied, 0x09090909);
}

TEST_F(EventTest, WaitForTheHostHoldsUpNoOtherQueue) {
  auto never = event(events, 0);
  std::vector<ze_command_list_handle_t> waiting;
  for (int i = 0; i < 32; ++i) {
    waiting.push_back(immediate(device, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS));
    ZE_OK(zeCommandListAppendWaitOnEvents(waiting.back(), 1, &never));
  }
  const auto commands = immediate(device);
  ZE_OK(zeCommandListAppendBarrier(commands, nullptr, 0, nullptr));
  ZE_OK(zeEventHostSignal(never));
  for (const auto one : waiting) ZE_OK(zeCommandListDestroy(one));
}

TEST_F(EventTest, TimestampsSpanTheCommand) {
  const auto one = event(events, 0);
  const auto commands = immediate(device);
  auto* const clock = shared<std::uint64_t>(2);
  auto* const data = shared<std::uint8_t>(8 << 20);
  const std::uint8_t value = 1;
  ZE_OK(zeCommandListAppendWriteGlobalTimestamp(commands, clock, nullptr, 0, nullptr));
  ZE_OK(zeCommandListAppendMemoryFill(commands, data, &value, 1, 8 << 20, one, 0, nullptr));
  ZE_OK(zeCommandListAppendWriteGlobalTimestamp(commands, clock + 1, nullptr, 0, nullptr));
  ze_kernel_timestamp_result_t times{};
  ZE_OK(zeEventQueryKernelTimestamp(one, &times));
  ze_device_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  ZE_OK(zeDeviceGetProperties(device, &properties));
  const std::uint64_t mask = properties.kernelTimestampValidBits >= 64
                                 ? ~0ULL
                                 : (1ULL << properties.kernelTimestampValidBits) - 1;
  const std::uint64_t length = (times.global.kernelEnd - times.global.kernelStart) & mask;
  EXPECT_GT(length, 0u);
  EXPECT_LE(length, clock[1] - clock[0]);
  EXPECT_LE((times.global.kernelStart - clock[0]) & mask, clock[1] - clock[0]);
}

TEST_F(EventTest, TimestampsCanBeWrittenByACommand) {
  auto one = event(events, 0);
  const auto commands = immediate(device);
  ZE_OK(zeCommandListAppendBarrier(commands, one, 0, nullptr));
  auto* const results = shared<ze_kernel_timestamp_result_t>(2);
  const std::size_t offset = sizeof(ze_kernel_timestamp_result_t);
  ZE_OK(zeCommandListAppendQueryKernelTimestamps(commands, 1, &one, results, &offset, nullptr, 0,
                                                 nullptr));
  ze_kernel_timestamp_result_t times{};
  ZE_OK(zeEventQueryKernelTimestamp(one, &times));
  EXPECT_EQ(results[1].global.kernelStart, times.global.kernelStart);
  EXPECT_EQ(results[0].global.kernelStart, 0u);
  std::uint32_t count = 0;
  ZE_OK(zeEventQueryTimestampsExp(one, device, &count, nullptr));
  EXPECT_EQ(count, 1u);
}

TEST_F(EventTest, TimestampsNeedASignalledEventOfSuchAPool) {
  ze_kernel_timestamp_result_t times{};
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeEventQueryKernelTimestamp(event(events, 0), &times));
  const auto plain = event(pool(1, 0), 0);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeEventQueryKernelTimestamp(plain, &times));
}

TEST_F(EventTest, OpenedPoolSharesItsEvents) {
  const auto ipc = pool(2, ZE_EVENT_POOL_FLAG_HOST_VISIBLE | ZE_EVENT_POOL_FLAG_IPC);
  const auto here = event(ipc, 1);
  ze_ipc_event_pool_handle_t handle{};
  ZE_OK(zeEventPoolGetIpcHandle(ipc, &handle));
  ze_event_pool_handle_t opened = nullptr;
  ZE_OK(zeEventPoolOpenIpcHandle(context, handle, &opened));
  const auto there = event(opened, 1);
  ZE_OK(zeEventHostSignal(there));
  ZE_OK(zeEventHostSynchronize(here, ten_seconds));
  ZE_OK(zeEventDestroy(there));
  ZE_OK(zeEventPoolCloseIpcHandle(opened));
}

TEST_F(EventTest, CounterBasedEventNeedsNoReset) {
  struct Desc {
    ze_structure_type_t stype;
    const void* next;
    std::uint32_t flags;
  } const counts{static_cast<ze_structure_type_t>(0x00020014), nullptr, 1};
  const ze_event_pool_desc_t desc{ZE_STRUCTURE_TYPE_EVENT_POOL_DESC, &counts,
                                  ZE_EVENT_POOL_FLAG_HOST_VISIBLE, 1};
  ze_event_pool_handle_t counting = nullptr;
  ZE_OK(zeEventPoolCreate(context, &desc, 0, nullptr, &counting));
  const auto one = event(counting, 0);
  ZE_OK(zeEventQueryStatus(one));
  auto gate = event(events, 0);
  const auto commands = immediate(device, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
  for (int i = 0; i < 3; ++i) {
    ZE_OK(zeEventHostReset(gate));
    ZE_OK(zeCommandListAppendBarrier(commands, one, 1, &gate));
    EXPECT_EQ(ZE_RESULT_NOT_READY, zeEventQueryStatus(one));
    ZE_OK(zeEventHostSignal(gate));
    ZE_OK(zeEventHostSynchronize(one, ten_seconds));
  }
}

TEST_F(EventTest, BadArgumentsAreRefused) {
  ze_event_handle_t made = nullptr;
  ze_event_desc_t desc{ZE_STRUCTURE_TYPE_EVENT_DESC, nullptr, 4, 0, 0};
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeEventCreate(events, &desc, &made));
  desc = {ZE_STRUCTURE_TYPE_EVENT_DESC, nullptr, 0, 0x100, 0};
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION, zeEventCreate(events, &desc, &made));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER, zeEventCreate(events, nullptr, &made));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_HANDLE, zeEventHostSignal(nullptr));
  ze_event_pool_desc_t empty{ZE_STRUCTURE_TYPE_EVENT_POOL_DESC, nullptr, 0, 0};
  ze_event_pool_handle_t none = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_SIZE, zeEventPoolCreate(context, &empty, 0, nullptr, &none));
}

}  // namespace
}  // namespace zesvm
