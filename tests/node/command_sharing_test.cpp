// Several devices and the CPU on the same memory, and what happens when a launch goes wrong.
#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

#include "node/command_fixture.hpp"

namespace zesvm {
namespace {

class CommandSharingTest : public CommandFixture {
 protected:
  static constexpr std::size_t count = 1 << 20;  // 4 MiB of int: two chunks
};

// proves: A12, B3, C1
TEST_F(CommandSharingTest, TwoDevicesAndTheCpuTakeTurns) {
  int* const data = shared<int>(count);
  std::iota(data, data + count, 0);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto add = kernel(module(devices[i], "commands"), "add", 256);
    set(add, data, static_cast<int>(i + 1));
    ZE_OK(launch(immediate(devices[i]), add, count / 256));
    EXPECT_EQ(bytes_on(static_cast<std::uint32_t>(i), data, count * 4), count * 4);
    data[1] += 100;  // brings the first chunk back, and only it
    EXPECT_EQ(bytes_on(static_cast<std::uint32_t>(i), data, count * 4), count * 4 - (2 << 20));
  }
  EXPECT_EQ(data[0], 3);
  EXPECT_EQ(data[1], 204);
  EXPECT_EQ(data[count - 1], static_cast<int>(count - 1) + 3);
}

// proves: B3
TEST_F(CommandSharingTest, ManyCpuThreadsReadWhatADeviceWrote) {
  int* const data = shared<int>(count);
  const auto fill = kernel(module(device, "commands"), "fill", 256);
  set(fill, data, 77);
  ZE_OK(launch(immediate(device), fill, count / 256));
  std::atomic<std::size_t> wrong{0};
  std::vector<std::thread> readers;
  for (std::size_t t = 0; t < 8; ++t) {
    readers.emplace_back([&, t] {
      for (std::size_t i = t; i < count; i += 1024) wrong += data[i] == 77 ? 0 : 1;
    });
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0u);
}

// proves: C4
TEST_F(CommandSharingTest, UndeclaredAtomicsOfTwoDevicesAddUp) {
  auto* const counter = shared<std::uint32_t>(1);
  *counter = 5;  // in system memory, where these cards have no atomics
  constexpr std::uint32_t groups = 16;
  std::vector<ze_command_list_handle_t> lists;
  for (int round = 0; round < 2; ++round) {
    for (const auto on : devices) {
      const auto add = kernel(module(on, "commands"), "count", 64);
      set(add, counter);
      lists.push_back(immediate(on, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS));
      ZE_OK(launch(lists.back(), add, groups));
    }
  }
  auto* const synchronize =
      newer<ze_result_t(ze_command_list_handle_t, std::uint64_t)>("zeCommandListHostSynchronize");
  for (const auto one : lists) ZE_OK(synchronize(one, forever));
  EXPECT_EQ(*counter, 5 + 4 * groups * 64);
}

// proves: C4
TEST_F(CommandSharingTest, AtomicsBringTheirMemoryToTheDevice) {
  auto* const counter = shared<std::uint32_t>(1 << 19);
  counter[0] = 1;
  const auto add = kernel(module(device, "commands"), "count", 64);
  set(add, counter);
  ZE_OK(launch(immediate(device), add, 1));
  EXPECT_GT(bytes_on(0, counter, 4), 0u);
  EXPECT_EQ(counter[0], 65u);
}

// proves: C3
TEST_F(CommandSharingTest, BadAddressFailsTheLaunchAndNothingElse) {
  const auto code = module(device, "commands");
  const auto fill = kernel(code, "fill");
  int* const good = shared<int>(1);
  int* const bad = good + (1 << 28);  // an address nobody allocated
  set(fill, bad, 1);
  const auto commands = immediate(device, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
  const auto done = event(pool(1, ZE_EVENT_POOL_FLAG_HOST_VISIBLE), 0);
  ZE_OK(launch(commands, fill, 1, done));
  const ze_result_t failure = zeEventHostSynchronize(done, ten_seconds);
  EXPECT_NE(failure, ZE_RESULT_SUCCESS);
  EXPECT_NE(failure, ZE_RESULT_NOT_READY);
  auto* const synchronize =
      newer<ze_result_t(ze_command_list_handle_t, std::uint64_t)>("zeCommandListHostSynchronize");
  EXPECT_EQ(synchronize(commands, ten_seconds), failure);
  set(fill, good, 8);
  ZE_OK(launch(commands, fill, 1));
  ZE_OK(synchronize(commands, ten_seconds));
  EXPECT_EQ(*good, 8);
}

}  // namespace
}  // namespace zesvm
