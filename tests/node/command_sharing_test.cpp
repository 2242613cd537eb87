// Several devices and the CPU on the same memory, and what happens when a launch goes wrong.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <numeric>
#include <thread>

#include "node/command_fixture.hpp"
#include "zesvm/simulator_extension.h"

namespace zesvm {
namespace {

/// Returns the processor time a process has used, in ticks.
std::uint64_t time_of(const std::string& process) {
  std::ifstream file{"/proc/" + process + "/stat"};
  std::string word;
  for (int i = 0; i < 14; ++i) file >> word;
  return word.empty() ? 0 : std::stoull(word);
}

/// Returns the child process of this one that has used most time: the tile a kernel runs on.
pid_t busiest_child() {
  pid_t busiest = 0;
  std::uint64_t most = 0;
  for (const auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::ifstream children{thread.path() / "children"};
    for (std::string child; children >> child;) {
      const std::uint64_t time = time_of(child);
      if (busiest != 0 && time <= most) continue;
      most = time;
      busiest = static_cast<pid_t>(std::stol(child));
    }
  }
  return busiest;
}

class CommandSharingTest : public CommandFixture {
 protected:
  static constexpr std::size_t count = 1 << 20;  // 4 MiB of int: two chunks

  /// Returns the number of bytes of an interval that are in VRAM of the card with this index.
  std::uint64_t bytes_on(std::uint32_t card, const void* pointer, std::size_t size) {
    auto* const query =
        newer<ze_result_t(const void*, std::size_t, std::uint32_t*, zesvm_sim_residency_t*)>(
            ZESVM_SIM_QUERY_RESIDENCY_NAME);
    std::uint32_t pieces = 0;
    EXPECT_EQ(ZE_RESULT_SUCCESS, query(pointer, size, &pieces, nullptr));
    std::vector<zesvm_sim_residency_t> all(pieces);
    for (auto& one : all) one.size = sizeof one;
    EXPECT_EQ(ZE_RESULT_SUCCESS, query(pointer, size, &pieces, all.data()));
    std::uint64_t total = 0;
    for (const auto& one : all) {
      if (one.place == ZESVM_SIM_PLACE_VRAM && one.device_index == card) {
        total += one.end - one.begin;
      }
    }
    return total;
  }
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

TEST_F(CommandSharingTest, LostDeviceEndsEveryWaitWithinASecond) {
  int* const data = shared<int>(1024);
  std::iota(data, data + 1024, 0);
  int* const flag = shared<int>(1024);
  const auto spin = kernel(module(device, "commands"), "spin");
  set(spin, flag);
  const auto commands = immediate(device, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
  const auto events = pool(2, ZE_EVENT_POOL_FLAG_HOST_VISIBLE);
  auto never = event(events, 0);
  const auto done = event(events, 1);
  const auto waiting = immediate(device, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
  ZE_OK(launch(commands, spin, 1, done));
  ZE_OK(zeCommandListAppendWaitOnEvents(waiting, 1, &never));
  // The kernel's first read brings the flag to it: then it runs.
  while (bytes_on(0, flag, 4) == 0) std::this_thread::yield();
  ASSERT_EQ(ZE_RESULT_NOT_READY, zeEventQueryStatus(done));
  const pid_t tile = busiest_child();
  ASSERT_NE(tile, 0);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(::kill(tile, SIGKILL), 0);
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, zeEventHostSynchronize(done, forever));
  auto* const synchronize =
      newer<ze_result_t(ze_command_list_handle_t, std::uint64_t)>("zeCommandListHostSynchronize");
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, synchronize(commands, forever));
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, synchronize(waiting, forever));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{1});
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, launch(commands, spin, 1));
  EXPECT_EQ(data[1023], 1023);
  const auto add = kernel(module(devices[1], "commands"), "add", 64);
  set(add, data, 1);
  ZE_OK(launch(immediate(devices[1]), add, 16));
  EXPECT_EQ(data[1023], 1024);
}

}  // namespace
}  // namespace zesvm
