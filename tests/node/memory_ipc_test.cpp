// Memory that goes to other processes: IPC handles and file descriptors.
#include <cstring>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

constexpr std::size_t size = 1 << 16;

/// The descriptor on which the peer is sent its handle.
constexpr int peer_socket = 200;

/// What another process does with the handle it is sent: opens the memory, checks and changes it.
class MemoryIpcPeer : public DriverFixture {};

TEST_F(MemoryIpcPeer, DISABLED_OpensWhatItIsSent) {
  ze_ipc_mem_handle_t handle{};
  ASSERT_EQ(static_cast<ssize_t>(sizeof(handle)), ::read(peer_socket, &handle, sizeof(handle)));
  void* memory = nullptr;
  ZE_OK(zeMemOpenIpcHandle(context, devices[0], handle, 0, &memory));
  std::vector<unsigned char> bytes(size);
  ZE_OK(copy(devices[0], bytes.data(), memory, size));
  EXPECT_EQ(42, bytes[size - 1]);
  std::memset(bytes.data(), 43, size);
  ZE_OK(copy(devices[0], memory, bytes.data(), size));
  ZE_OK(zeMemCloseIpcHandle(context, memory));
}

class MemoryIpcTest : public DriverFixture {
 protected:
  void SetUp() override {
    DriverFixture::SetUp();
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
    peer = ::fork();
    ASSERT_GE(peer, 0);
    if (peer != 0) return;
    ::dup2(sockets[1], peer_socket);
    ::execl("/proc/self/exe", "peer", "--gtest_also_run_disabled_tests",
            "--gtest_filter=MemoryIpcPeer.*", "--gtest_brief=1", nullptr);
    ::_exit(100);
  }
  void TearDown() override {
    DriverFixture::TearDown();
    ::close(sockets[0]);
    ::close(sockets[1]);
  }
  int status_of_peer() {
    int status = -1;
    ::waitpid(peer, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
  }

  int sockets[2]{-1, -1};
  pid_t peer = -1;
};

TEST_F(MemoryIpcTest, SharesDeviceMemoryBothWays) {
  void* memory = nullptr;
  ZE_OK(allocate_device(size, 0, &memory));
  std::vector<unsigned char> bytes(size, 42);
  ZE_OK(copy(devices[0], memory, bytes.data(), size));
  ze_ipc_mem_handle_t handle{};
  ZE_OK(zeMemGetIpcHandle(context, memory, &handle));
  ASSERT_EQ(static_cast<ssize_t>(sizeof(handle)), ::write(sockets[0], &handle, sizeof(handle)));
  EXPECT_EQ(0, status_of_peer());
  ZE_OK(copy(devices[0], bytes.data(), memory, size));
  EXPECT_EQ(43, bytes[0]);
  ZE_OK(newer<ze_result_t(ze_context_handle_t, ze_ipc_mem_handle_t)>("zeMemPutIpcHandle")(context,
                                                                                          handle));
  ZE_OK(zeMemFree(context, memory));
}

/// Memory behind other memory: its file is not its own from the first byte on.
class MemoryExportTest : public DriverFixture {
 protected:
  void SetUp() override {
    DriverFixture::SetUp();
    ZE_OK(allocate_device(size, 0, &before));
  }
  void TearDown() override {
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeMemFree(context, before));
    DriverFixture::TearDown();
  }
  void* before = nullptr;
};

TEST_F(MemoryExportTest, RefusesWhatIsNoHandle) {
  ze_ipc_mem_handle_t handle{};
  void* memory = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT,
            zeMemOpenIpcHandle(context, devices[0], handle, 0, &memory));
  int local = 0;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeMemGetIpcHandle(context, &local, &handle));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeMemCloseIpcHandle(context, &local));
}

TEST_F(MemoryExportTest, OpensItsOwnHandleAtAnotherAddress) {
  void* memory = nullptr;
  ZE_OK(allocate_device(size, 0, &memory));
  ze_ipc_mem_handle_t handle{};
  ZE_OK(zeMemGetIpcHandle(context, memory, &handle));
  void* again = nullptr;
  ZE_OK(zeMemOpenIpcHandle(context, devices[0], handle, 0, &again));
  EXPECT_NE(memory, again);
  std::vector<unsigned char> bytes(size, 9);
  ZE_OK(copy(devices[0], memory, bytes.data(), size));
  std::memset(bytes.data(), 0, size);
  ZE_OK(copy(devices[0], bytes.data(), again, size));
  EXPECT_EQ(9, bytes[size / 2]);
  ZE_OK(zeMemCloseIpcHandle(context, again));
  ZE_OK(zeMemFree(context, memory));
}

// Measuring tools send the descriptor at the start of a handle and nothing else of it.
TEST_F(MemoryExportTest, OpensAHandleOfWhichOnlyTheDescriptorIsLeft) {
  for (const std::size_t bytes : {std::size_t{100}, size, std::size_t{3} << 20}) {
    void* memory = nullptr;
    ZE_OK(allocate_device(bytes, 0, &memory));
    std::vector<unsigned char> content(bytes, 7);
    ZE_OK(copy(devices[0], memory, content.data(), bytes));
    ze_ipc_mem_handle_t handle{};
    ZE_OK(zeMemGetIpcHandle(context, memory, &handle));
    ze_ipc_mem_handle_t bare;
    std::memset(&bare, 0x5a, sizeof(bare));
    std::memcpy(&bare, &handle, sizeof(int));
    void* opened = nullptr;
    ZE_OK(zeMemOpenIpcHandle(context, devices[1], bare, 0, &opened));
    std::fill(content.begin(), content.end(), 0);
    ZE_OK(copy(devices[1], content.data(), opened, bytes));
    EXPECT_EQ(7, content[0]);
    EXPECT_EQ(7, content[bytes - 1]);
    ZE_OK(zeMemCloseIpcHandle(context, opened));
    ZE_OK(zeMemFree(context, memory));
  }
}

TEST_F(MemoryExportTest, TurnsHandlesIntoDescriptorsAndBack) {
  const auto to_fd = newer<ze_result_t(ze_context_handle_t, ze_ipc_mem_handle_t, std::uint64_t*)>(
      "zeMemGetFileDescriptorFromIpcHandleExp");
  const auto from_fd = newer<ze_result_t(ze_context_handle_t, std::uint64_t, ze_ipc_mem_handle_t*)>(
      "zeMemGetIpcHandleFromFileDescriptorExp");
  void* memory = nullptr;
  ZE_OK(allocate_device(size, 0, &memory));
  std::vector<unsigned char> bytes(size, 21);
  ZE_OK(copy(devices[0], memory, bytes.data(), size));
  ze_ipc_mem_handle_t handle{};
  ZE_OK(zeMemGetIpcHandle(context, memory, &handle));
  std::uint64_t fd = 0;
  ZE_OK(to_fd(context, handle, &fd));
  // As when it came through a socket: another number for the same file.
  const int received = ::dup(static_cast<int>(fd));
  ze_ipc_mem_handle_t again{};
  ZE_OK(from_fd(context, static_cast<std::uint64_t>(received), &again));
  void* opened = nullptr;
  ZE_OK(zeMemOpenIpcHandle(context, devices[0], again, 0, &opened));
  std::memset(bytes.data(), 0, size);
  ZE_OK(copy(devices[0], bytes.data(), opened, size));
  EXPECT_EQ(21, bytes[size - 1]);
  ZE_OK(zeMemCloseIpcHandle(context, opened));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, from_fd(context, 9999, &again));
  ::close(received);
  ZE_OK(zeMemFree(context, memory));
}

TEST_F(MemoryExportTest, GivesAndTakesDescriptors) {
  const ze_external_memory_export_desc_t exportable{ZE_STRUCTURE_TYPE_EXTERNAL_MEMORY_EXPORT_DESC,
                                                    nullptr,
                                                    ZE_EXTERNAL_MEMORY_TYPE_FLAG_OPAQUE_FD};
  void* memory = nullptr;
  ZE_OK(allocate_device(size, 0, &memory, &exportable));
  ze_external_memory_export_fd_t exported{ZE_STRUCTURE_TYPE_EXTERNAL_MEMORY_EXPORT_FD, nullptr,
                                          ZE_EXTERNAL_MEMORY_TYPE_FLAG_OPAQUE_FD, -1};
  ze_memory_allocation_properties_t told{};
  told.stype = ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES;
  told.pNext = &exported;
  ZE_OK(zeMemGetAllocProperties(context, memory, &told, nullptr));
  ASSERT_GE(exported.fd, 0);
  const ze_external_memory_import_fd_t import{ZE_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMPORT_FD, nullptr,
                                              ZE_EXTERNAL_MEMORY_TYPE_FLAG_OPAQUE_FD, exported.fd};
  void* again = nullptr;
  ZE_OK(allocate_device(size, 0, &again, &import));
  std::vector<unsigned char> bytes(size, 5);
  ZE_OK(copy(devices[0], again, bytes.data(), size));
  std::memset(bytes.data(), 0, size);
  ZE_OK(copy(devices[0], bytes.data(), memory, size));
  EXPECT_EQ(5, bytes[17]);
  ZE_OK(zeMemFree(context, again));
  ZE_OK(zeMemFree(context, memory));
}

}  // namespace
}  // namespace zesvm
