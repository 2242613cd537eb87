// zeDeviceImportExternalSemaphoreExt and the commands on such semaphores: semaphores that belong to
// another API. Here an event descriptor (eventfd) stands for one: signalling adds one, waiting
// takes it.
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/unique_fd.hpp"
#include "simulator/driver/actions.hpp"
#include "simulator/driver/command_list.hpp"
#include "simulator/driver/extension_chain.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/tables.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::simulator::driver {

namespace {

class ExternalSemaphore : public Object {
 public:
  using Handle = newer::ExternalSemaphoreHandle;
  static constexpr ObjectKind kind = ObjectKind::external_semaphore;

  explicit ExternalSemaphore(UniqueFd fd) : fd_(std::move(fd)) {}

  void signal() const {
    const std::uint64_t one = 1;
    while (::write(fd_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
    }
  }
  void wait() const {
    std::uint64_t taken = 0;
    while (::read(fd_.get(), &taken, sizeof(taken)) < 0) {
      if (errno != EINTR && errno != EAGAIN) return;
      pollfd readable{fd_.get(), POLLIN, 0};
      ::poll(&readable, 1, -1);
    }
  }

 private:
  const UniqueFd fd_;
};

bool is_event_descriptor(int fd) {
  char target[64]{};
  const auto size =
      ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof(target) - 1);
  return size > 0 && std::string_view{target}.find("[eventfd]") != std::string_view::npos;
}

ze_result_t import_semaphore(ze_device_handle_t handle,
                             const newer::ExternalSemaphoreDescription* description,
                             newer::ExternalSemaphoreHandle* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(description);
  ZESVM_NOT_NULL(out);
  if ((description->flags & ~newer::external_semaphore_known) != 0)
    return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  if (description->flags != newer::external_semaphore_opaque_fd)
    return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
  const auto* descriptor = extension<newer::ExternalSemaphoreDescriptor>(
      description->pNext, newer::stype_external_semaphore_fd);
  ZESVM_NOT_NULL(descriptor);
  return entry([&] {
    if (!is_event_descriptor(descriptor->fd))
      return fail(ZE_RESULT_ERROR_UNSUPPORTED_FEATURE,
                  "external semaphores of other APIs; only an eventfd stands for one here");
    UniqueFd own{::fcntl(descriptor->fd, F_DUPFD_CLOEXEC, 0)};
    if (!own.is_open()) return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
    *out = add(std::make_shared<ExternalSemaphore>(std::move(own)));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t release_semaphore(newer::ExternalSemaphoreHandle handle) {
  return remove<ExternalSemaphore>(handle) ? ZE_RESULT_SUCCESS : invalid_handle(handle);
}

/// Appends `act(semaphore)` for each semaphore.
template <typename Act>
ze_result_t append(ze_command_list_handle_t handle, std::uint32_t count,
                   newer::ExternalSemaphoreHandle* handles, const EventArguments& events, Act act) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    if (count == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    ZESVM_NOT_NULL(handles);
    std::vector<std::shared_ptr<ExternalSemaphore>> semaphores;
    for (std::uint32_t i = 0; i < count; ++i) {
      ZESVM_FIND(semaphore, ExternalSemaphore, handles[i]);
      semaphores.push_back(semaphore);
    }
    return list->append(std::make_shared<HostFunctionAction>([semaphores, act] {
                          for (const auto& semaphore : semaphores) act(*semaphore);
                        }),
                        events);
  });
}

ze_result_t append_signal(ze_command_list_handle_t list, std::uint32_t count,
                          newer::ExternalSemaphoreHandle* semaphores, const void*,
                          ze_event_handle_t signal, std::uint32_t wait_count,
                          ze_event_handle_t* waits) {
  return append(list, count, semaphores, {signal, wait_count, waits},
                [](const ExternalSemaphore& semaphore) { semaphore.signal(); });
}

ze_result_t append_wait(ze_command_list_handle_t list, std::uint32_t count,
                        newer::ExternalSemaphoreHandle* semaphores, const void*,
                        ze_event_handle_t signal, std::uint32_t wait_count,
                        ze_event_handle_t* waits) {
  return append(list, count, semaphores, {signal, wait_count, waits},
                [](const ExternalSemaphore& semaphore) { semaphore.wait(); });
}

}  // namespace

void add_semaphore_functions(FunctionNames& names) {
  add_function(names, "zeDeviceImportExternalSemaphoreExt", import_semaphore);
  add_function(names, "zeDeviceReleaseExternalSemaphoreExt", release_semaphore);
  add_function(names, "zeCommandListAppendSignalExternalSemaphoreExt", append_signal);
  add_function(names, "zeCommandListAppendWaitExternalSemaphoreExt", append_wait);
}

}  // namespace zesvm::simulator::driver
