// Memory that goes to other processes: IPC handles and file descriptors.
#include <cstring>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

constexpr std::size_t size = 1 << 16;

class MemoryIpcTest : public DriverFixture {
 protected:
  void SetUp() override {
    // The peer is forked before this process has a driver, as programs with IPC do it.
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
    peer = ::fork();
    ASSERT_GE(peer, 0);
    if (peer == 0) ::_exit(run_peer());
    DriverFixture::SetUp();
  }
  void TearDown() override {
    if (context != nullptr) DriverFixture::TearDown();
    ::close(sockets[0]);
    ::close(sockets[1]);
  }

  /// In the peer: opens what it is sent, checks and changes it, and waits to be released.
  int run_peer() {
    ze_ipc_mem_handle_t handle{};
    if (::read(sockets[1], &handle, sizeof(handle)) != sizeof(handle)) return 1;
    DriverFixture::SetUp();
    if (HasFatalFailure()) return 2;
    void* memory = nullptr;
    if (zeMemOpenIpcHandle(context, devices[0], handle, 0, &memory) != ZE_RESULT_SUCCESS) return 3;
    std::vector<unsigned char> bytes(size);
    if (copy(devices[0], bytes.data(), memory, size) != ZE_RESULT_SUCCESS) return 4;
    if (bytes[size - 1] != 42) return 5;
    std::memset(bytes.data(), 43, size);
    if (copy(devices[0], memory, bytes.data(), size) != ZE_RESULT_SUCCESS) return 6;
    if (zeMemCloseIpcHandle(context, memory) != ZE_RESULT_SUCCESS) return 7;
    return zeContextDestroy(context) == ZE_RESULT_SUCCESS ? 0 : 8;
  }

  int status_of_peer() {
    int status = -1;
    ::waitpid(peer, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
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

class MemoryExportTest : public DriverFixture {};

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
