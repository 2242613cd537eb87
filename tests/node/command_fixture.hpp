/// @file command_fixture.hpp
/// What tests of commands start from: the node's devices, a context, lists, memory, kernels.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

#include "zesvm/simulator_extension.h"

/// Fails the test unless a Level Zero call succeeds.
#define ZE_OK(call) ASSERT_EQ(ZE_RESULT_SUCCESS, (call))

namespace zesvm {

/// A context over all devices of the test node.
class CommandFixture : public testing::Test {
 protected:
  static constexpr std::uint64_t forever = UINT64_MAX;
  /// Long enough for anything to happen, short enough to see that it did not.
  static constexpr std::uint64_t ten_seconds = 10'000'000'000;

  void SetUp() override {
    ZE_OK(zeInit(0));
    std::uint32_t count = 1;
    ZE_OK(zeDriverGet(&count, &driver));
    count = 0;
    ZE_OK(zeDeviceGet(driver, &count, nullptr));
    devices.resize(count);
    ZE_OK(zeDeviceGet(driver, &count, devices.data()));
    ASSERT_GE(count, 1u);
    device = devices[0];
    ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
    ZE_OK(zeContextCreate(driver, &desc, &context));
  }
  void TearDown() override {
    if (context != nullptr) {
      EXPECT_EQ(ZE_RESULT_SUCCESS, zeContextDestroy(context));
    }
  }

  /// Returns a function that is newer than the loader.
  template <typename Function>
  Function* newer(const char* name) {
    void* address = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeDriverGetExtensionFunctionAddress(driver, name, &address));
    return reinterpret_cast<Function*>(address);
  }

  template <typename T>
  T* shared(std::size_t count, ze_device_handle_t on = nullptr) {
    const ze_device_mem_alloc_desc_t of_device{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0,
                                               0};
    const ze_host_mem_alloc_desc_t of_host{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
    void* memory = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS,
              zeMemAllocShared(context, &of_device, &of_host, count * sizeof(T), 0, on, &memory));
    return static_cast<T*>(memory);
  }
  template <typename T>
  T* on_device(std::size_t count, ze_device_handle_t on) {
    const ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
    void* memory = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS,
              zeMemAllocDevice(context, &desc, count * sizeof(T), 0, on, &memory));
    return static_cast<T*>(memory);
  }

  ze_command_list_handle_t immediate(
      ze_device_handle_t on, ze_command_queue_mode_t mode = ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS) {
    const ze_command_queue_desc_t desc{ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, nullptr, 0, 0, 0, mode,
                                       ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
    ze_command_list_handle_t list = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeCommandListCreateImmediate(context, on, &desc, &list));
    return list;
  }
  ze_command_queue_handle_t queue(
      ze_device_handle_t on, ze_command_queue_mode_t mode = ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS) {
    const ze_command_queue_desc_t desc{ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, nullptr, 0, 0, 0, mode,
                                       ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
    ze_command_queue_handle_t made = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeCommandQueueCreate(context, on, &desc, &made));
    return made;
  }
  ze_command_list_handle_t list(ze_device_handle_t on) {
    const ze_command_list_desc_t desc{ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC, nullptr, 0, 0};
    ze_command_list_handle_t made = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeCommandListCreate(context, on, &desc, &made));
    return made;
  }

  ze_event_pool_handle_t pool(std::uint32_t count, ze_event_pool_flags_t flags) {
    const ze_event_pool_desc_t desc{ZE_STRUCTURE_TYPE_EVENT_POOL_DESC, nullptr, flags, count};
    ze_event_pool_handle_t made = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeEventPoolCreate(context, &desc, 0, nullptr, &made));
    return made;
  }
  ze_event_handle_t event(ze_event_pool_handle_t pool, std::uint32_t index) {
    const ze_event_desc_t desc{ZE_STRUCTURE_TYPE_EVENT_DESC, nullptr, index,
                               ZE_EVENT_SCOPE_FLAG_HOST, ZE_EVENT_SCOPE_FLAG_HOST};
    ze_event_handle_t made = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeEventCreate(pool, &desc, &made));
    return made;
  }

  static std::vector<std::uint8_t> spirv(const std::string& name) {
    std::ifstream file{std::string{ZESVM_TEST_KERNELS} + "/" + name + ".spv", std::ios::binary};
    EXPECT_TRUE(file.good()) << name;
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  ze_module_handle_t module(ze_device_handle_t on, const std::string& name) {
    const std::vector<std::uint8_t> code = spirv(name);
    const ze_module_desc_t desc{ZE_STRUCTURE_TYPE_MODULE_DESC,
                                nullptr,
                                ZE_MODULE_FORMAT_IL_SPIRV,
                                code.size(),
                                code.data(),
                                nullptr,
                                nullptr};
    ze_module_handle_t made = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeModuleCreate(context, on, &desc, &made, nullptr));
    return made;
  }
  ze_kernel_handle_t kernel(ze_module_handle_t module, const char* name, std::uint32_t group = 1) {
    const ze_kernel_desc_t desc{ZE_STRUCTURE_TYPE_KERNEL_DESC, nullptr, 0, name};
    ze_kernel_handle_t made = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeKernelCreate(module, &desc, &made));
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeKernelSetGroupSize(made, group, 1, 1));
    return made;
  }
  /// Sets all arguments of a kernel, pointers and values alike.
  template <typename... Arguments>
  void set(ze_kernel_handle_t kernel, const Arguments&... arguments) {
    std::uint32_t index = 0;
    const auto one = [&](const auto& argument) {
      EXPECT_EQ(ZE_RESULT_SUCCESS,
                zeKernelSetArgumentValue(kernel, index++, sizeof argument, &argument));
    };
    (one(arguments), ...);
  }
  ze_result_t launch(ze_command_list_handle_t list, ze_kernel_handle_t kernel, std::uint32_t groups,
                     ze_event_handle_t signal = nullptr,
                     std::vector<ze_event_handle_t> waits = {}) {
    const ze_group_count_t count{groups, 1, 1};
    return zeCommandListAppendLaunchKernel(list, kernel, &count, signal,
                                           static_cast<std::uint32_t>(waits.size()), waits.data());
  }

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

  ze_driver_handle_t driver = nullptr;
  std::vector<ze_device_handle_t> devices;
  ze_device_handle_t device = nullptr;
  ze_context_handle_t context = nullptr;
};

}  // namespace zesvm
