// Semaphores of other APIs in command lists; event descriptors stand for them.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

/// The structures of specification 1.12.
struct SemaphoreDescriptor {
  std::uint32_t stype;
  const void* next;
  int fd;
};
struct SemaphoreDescription {
  std::uint32_t stype;
  const void* next;
  std::uint32_t flags;
};
using ImportSemaphore = ze_result_t(ze_device_handle_t, const SemaphoreDescription*, void**);
using ReleaseSemaphore = ze_result_t(void*);
using Append = ze_result_t(ze_command_list_handle_t, std::uint32_t, void**, const void*,
                           ze_event_handle_t, std::uint32_t, ze_event_handle_t*);

class ExternalSemaphoreTest : public DriverFixture {
 protected:
  ze_result_t import(int fd, void** semaphore) {
    const SemaphoreDescriptor descriptor{0x00020024, nullptr, fd};
    const SemaphoreDescription description{0x00020022, &descriptor, 1};
    return newer<ImportSemaphore>("zeDeviceImportExternalSemaphoreExt")(devices[0], &description,
                                                                        semaphore);
  }
};

TEST_F(ExternalSemaphoreTest, IsWaitedForAndSignalled) {
  const int fd = ::eventfd(0, 0);
  void* semaphore = nullptr;
  ZE_OK(import(fd, &semaphore));
  const ze_command_queue_desc_t desc{
      ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, nullptr, 0, 0, 0, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS,
      ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
  const ze_command_list_desc_t list_desc{ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC, nullptr, 0, 0};
  ze_command_queue_handle_t queue = nullptr;
  ze_command_list_handle_t list = nullptr;
  ZE_OK(zeCommandQueueCreate(context, devices[0], &desc, &queue));
  ZE_OK(zeCommandListCreate(context, devices[0], &list_desc, &list));
  ZE_OK(newer<Append>("zeCommandListAppendWaitExternalSemaphoreExt")(list, 1, &semaphore, nullptr,
                                                                     nullptr, 0, nullptr));
  ZE_OK(zeCommandListAppendBarrier(list, nullptr, 0, nullptr));
  ZE_OK(newer<Append>("zeCommandListAppendSignalExternalSemaphoreExt")(list, 1, &semaphore, nullptr,
                                                                       nullptr, 0, nullptr));
  ZE_OK(zeCommandListClose(list));
  ZE_OK(zeCommandQueueExecuteCommandLists(queue, 1, &list, nullptr));
  EXPECT_EQ(ZE_RESULT_NOT_READY, zeCommandQueueSynchronize(queue, 0));
  const std::uint64_t one = 1;
  ASSERT_EQ(8, ::write(fd, &one, sizeof(one)));
  ZE_OK(zeCommandQueueSynchronize(queue, UINT64_MAX));
  pollfd signalled{fd, POLLIN, 0};
  EXPECT_EQ(1, ::poll(&signalled, 1, 0));
  ZE_OK(zeCommandListDestroy(list));
  ZE_OK(zeCommandQueueDestroy(queue));
  ZE_OK(newer<ReleaseSemaphore>("zeDeviceReleaseExternalSemaphoreExt")(semaphore));
  ::close(fd);
}

TEST_F(ExternalSemaphoreTest, IsNotAnyDescriptor) {
  int pipes[2]{};
  ASSERT_EQ(0, ::pipe(pipes));
  void* semaphore = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_FEATURE, import(pipes[0], &semaphore));
  EXPECT_EQ(nullptr, semaphore);
  ::close(pipes[0]);
  ::close(pipes[1]);
}

}  // namespace
}  // namespace zesvm
