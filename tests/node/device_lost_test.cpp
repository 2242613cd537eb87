// What a device leaves behind that dies in the middle of a kernel. A program of its own: the device
// stays lost for all that follows in the process.
#include <csignal>
#include <filesystem>
#include <numeric>
#include <thread>

#include "node/command_fixture.hpp"

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

class DeviceLostTest : public CommandFixture {};

TEST_F(DeviceLostTest, LostDeviceEndsEveryWaitWithinASecond) {
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
  ASSERT_EQ(::kill(tile, SIGKILL), 0);
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, zeEventHostSynchronize(done, forever));
  auto* const synchronize =
      newer<ze_result_t(ze_command_list_handle_t, std::uint64_t)>("zeCommandListHostSynchronize");
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, synchronize(commands, forever));
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, synchronize(waiting, forever));
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, launch(commands, spin, 1));
  ze_module_handle_t none = nullptr;
  const ze_module_desc_t desc{ZE_STRUCTURE_TYPE_MODULE_DESC,
                              nullptr,
                              ZE_MODULE_FORMAT_IL_SPIRV,
                              1,
                              reinterpret_cast<const std::uint8_t*>(""),
                              nullptr,
                              nullptr};
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, zeModuleCreate(context, device, &desc, &none, nullptr));
  EXPECT_EQ(data[1023], 1023);
  const auto add = kernel(module(devices[1], "commands"), "add", 64);
  set(add, data, 1);
  ZE_OK(launch(immediate(devices[1]), add, 16));
  EXPECT_EQ(data[1023], 1024);
}

}  // namespace
}  // namespace zesvm
