/// @file driver_fixture.hpp
/// What tests of the driver's objects start from: its devices and a context, through the loader.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <gtest/gtest.h>
#include <vector>

#include <level_zero/ze_api.h>

/// Fails the test unless a Level Zero call succeeds.
#define ZE_OK(call) ASSERT_EQ(ZE_RESULT_SUCCESS, (call))

namespace zesvm {

/// Returns whether a layer of the loader checks arguments before the driver sees them.
inline bool is_validated() {
  const char* const value = std::getenv("ZE_ENABLE_VALIDATION_LAYER");
  return value != nullptr && *value == '1';
}

/// A context over all devices of the test node.
class DriverFixture : public testing::Test {
 protected:
  void SetUp() override {
    ZE_OK(zeInit(0));
    std::uint32_t count = 1;
    ZE_OK(zeDriverGet(&count, &driver));
    count = 0;
    ZE_OK(zeDeviceGet(driver, &count, nullptr));
    devices.resize(count);
    ZE_OK(zeDeviceGet(driver, &count, devices.data()));
    const ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
    ZE_OK(zeContextCreate(driver, &desc, &context));
  }
  void TearDown() override {
    if (context != nullptr) {
      EXPECT_EQ(ZE_RESULT_SUCCESS, zeContextDestroy(context));
    }
  }

  ze_device_properties_t properties(ze_device_handle_t device) {
    ze_device_properties_t out{};
    out.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeDeviceGetProperties(device, &out));
    return out;
  }

  std::vector<ze_device_handle_t> sub_devices(ze_device_handle_t device) {
    std::uint32_t count = 0;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeDeviceGetSubDevices(device, &count, nullptr));
    std::vector<ze_device_handle_t> parts(count);
    if (count > 0) {
      EXPECT_EQ(ZE_RESULT_SUCCESS, zeDeviceGetSubDevices(device, &count, parts.data()));
    }
    return parts;
  }

  /// Returns a function that is newer than the loader; null when the driver has none.
  template <typename Function>
  Function* newer(const char* name) {
    void* address = nullptr;
    zeDriverGetExtensionFunctionAddress(driver, name, &address);
    return reinterpret_cast<Function*>(address);
  }

  ze_result_t allocate_device(std::size_t size, std::size_t alignment, void** out,
                              const void* next = nullptr) {
    const ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, next, 0, 0};
    return zeMemAllocDevice(context, &desc, size, alignment, devices[0], out);
  }
  ze_result_t allocate_host(std::size_t size, std::size_t alignment, void** out) {
    const ze_host_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
    return zeMemAllocHost(context, &desc, size, alignment, out);
  }
  ze_result_t allocate_shared(std::size_t size, std::size_t alignment, ze_device_handle_t device,
                              void** out) {
    const ze_device_mem_alloc_desc_t of_device{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0,
                                               0};
    const ze_host_mem_alloc_desc_t of_host{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
    return zeMemAllocShared(context, &of_device, &of_host, size, alignment, device, out);
  }

  /// Runs one command on a device, and waits. Not with an immediate list: the handle checks of the
  /// layer of loader 1.32 take those for closed.
  ///
  /// @param append  append(list) appends the command
  template <typename Append>
  ze_result_t run(ze_device_handle_t device, Append&& append) {
    const ze_command_queue_desc_t queue_desc{
        ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, nullptr, 0, 0, 0, ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS,
        ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
    const ze_command_list_desc_t list_desc{ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC, nullptr, 0, 0};
    ze_command_queue_handle_t queue = nullptr;
    ze_command_list_handle_t list = nullptr;
    if (const auto result = zeCommandQueueCreate(context, device, &queue_desc, &queue);
        result != ZE_RESULT_SUCCESS)
      return result;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeCommandListCreate(context, device, &list_desc, &list));
    auto result = append(list);
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeCommandListClose(list));
    if (result == ZE_RESULT_SUCCESS)
      result = zeCommandQueueExecuteCommandLists(queue, 1, &list, nullptr);
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeCommandListDestroy(list));
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeCommandQueueDestroy(queue));
    return result;
  }

  /// Copies on a device, and waits.
  ze_result_t copy(ze_device_handle_t device, void* to, const void* from, std::size_t size) {
    return run(device, [&](ze_command_list_handle_t list) {
      return zeCommandListAppendMemoryCopy(list, to, from, size, nullptr, 0, nullptr);
    });
  }

  ze_driver_handle_t driver = nullptr;
  ze_context_handle_t context = nullptr;
  std::vector<ze_device_handle_t> devices;
};

}  // namespace zesvm
