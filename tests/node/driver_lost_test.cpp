// A device that is lost: what its calls return, and that the rest goes on.
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

class DriverLostTest : public DriverFixture {
 protected:
  /// Returns the oldest child of this process; 0 when there is none.
  static pid_t first_child() {
    pid_t first = 0;
    for (const auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
      std::ifstream children{thread.path() / "children"};
      for (pid_t child = 0; children >> child;)
        if (first == 0 || child < first) first = child;
    }
    return first;
  }

  /// Ends the process that is the first tile, and waits until the driver noticed.
  void lose_first_device() {
    // Lost by an earlier test of this process: devices do not come back.
    if (zeDeviceGetStatus(devices[0]) != ZE_RESULT_SUCCESS) return;
    const pid_t first_tile = first_child();
    ASSERT_GT(first_tile, 0) << "this kernel does not list children";
    ASSERT_EQ(0, ::kill(first_tile, SIGKILL));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (zeDeviceGetStatus(devices[0]) == ZE_RESULT_SUCCESS) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nobody noticed";
      std::this_thread::yield();
    }
  }
};

TEST_F(DriverLostTest, SaysSoInEveryCallOnTheDevice) {
  ASSERT_NO_FATAL_FAILURE(lose_first_device());
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, zeDeviceGetStatus(devices[0]));
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, zeContextGetStatus(context));
  std::uint64_t host = 0;
  std::uint64_t ticks = 0;
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, zeDeviceGetGlobalTimestamps(devices[0], &host, &ticks));
  void* memory = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, allocate_device(4096, 0, &memory));
  EXPECT_EQ(ZE_RESULT_ERROR_DEVICE_LOST, allocate_shared(4096, 0, devices[0], &memory));
}

TEST_F(DriverLostTest, LeavesTheOtherDeviceAtWork) {
  void* memory = nullptr;
  ZE_OK(allocate_shared(4u << 20, 0, devices[1], &memory));
  std::memset(memory, 8, 4u << 20);
  ASSERT_NO_FATAL_FAILURE(lose_first_device());
  ZE_OK(zeDeviceGetStatus(devices[1]));
  ZE_OK(zeContextMakeMemoryResident(context, devices[1], memory, 4u << 20));
  std::vector<unsigned char> bytes(4096);
  ZE_OK(copy(devices[1], bytes.data(), memory, bytes.size()));
  EXPECT_EQ(8, bytes[4095]);
  EXPECT_EQ(8, static_cast<unsigned char*>(memory)[3u << 20]);
  ZE_OK(zeMemFree(context, memory));
}

// proves: H5
TEST_F(DriverLostTest, IsWhatAForkedChildSees) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    void* memory = nullptr;
    if (zeDeviceGetStatus(devices[1]) != ZE_RESULT_ERROR_DEVICE_LOST) ::_exit(1);
    ::_exit(allocate_shared(4096, 0, devices[1], &memory) == ZE_RESULT_ERROR_DEVICE_LOST ? 0 : 2);
  }
  int status = -1;
  ASSERT_EQ(child, ::waitpid(child, &status, 0));
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(0, WEXITSTATUS(status));
  ZE_OK(zeDeviceGetStatus(devices[1]));
}

}  // namespace
}  // namespace zesvm
