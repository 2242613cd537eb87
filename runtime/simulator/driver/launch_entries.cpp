// Entry points that launch kernels, and that change recorded launches.
#include "simulator/driver/actions.hpp"
#include "simulator/driver/list_description.hpp"
#include "simulator/driver/module.hpp"
#include "specification/newer_commands.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t make_launch(const CommandList& list, const Kernel& kernel,
                        const ze_group_count_t& count, std::shared_ptr<LaunchAction>& action) {
  if (list.is_copy_only()) return ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE;
  action = kernel.launch(list.device(), count);
  if (action) return ZE_RESULT_SUCCESS;
  if (list.device().is_lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
  return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "the kernel was built for another device");
}

ze_result_t launch_now(ze_command_list_handle_t list_handle, ze_kernel_handle_t kernel_handle,
                       const ze_group_count_t* count, const EventArguments& events) {
  ZESVM_FIND(list, CommandList, list_handle);
  ZESVM_FIND(kernel, Kernel, kernel_handle);
  ZESVM_NOT_NULL(count);
  std::shared_ptr<LaunchAction> action;
  if (const auto result = make_launch(*list, *kernel, *count, action);
      result != ZE_RESULT_SUCCESS) {
    return result;
  }
  return list->append(std::move(action), events);
}

ze_result_t ZE_APICALL append_launch_kernel(ze_command_list_handle_t list,
                                            ze_kernel_handle_t kernel,
                                            const ze_group_count_t* count, ze_event_handle_t signal,
                                            std::uint32_t wait_count, ze_event_handle_t* waits) {
  return entry([&] { return launch_now(list, kernel, count, {signal, wait_count, waits}); });
}

ze_result_t ZE_APICALL append_launch_with_parameters(
    ze_command_list_handle_t list, ze_kernel_handle_t kernel, const ze_group_count_t* count,
    const void*, ze_event_handle_t signal, std::uint32_t wait_count, ze_event_handle_t* waits) {
  return entry([&] { return launch_now(list, kernel, count, {signal, wait_count, waits}); });
}

ze_result_t ZE_APICALL append_launch_indirect(ze_command_list_handle_t list_handle,
                                              ze_kernel_handle_t kernel_handle,
                                              const ze_group_count_t* count_buffer,
                                              ze_event_handle_t signal, std::uint32_t wait_count,
                                              ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, list_handle);
    ZESVM_FIND(kernel, Kernel, kernel_handle);
    ZESVM_NOT_NULL(count_buffer);
    std::shared_ptr<LaunchAction> action;
    if (const auto result = make_launch(*list, *kernel, {1, 1, 1}, action);
        result != ZE_RESULT_SUCCESS) {
      return result;
    }
    action->group_count_at = address_of(count_buffer);
    return list->append(std::move(action), {signal, wait_count, waits});
  });
}

ze_result_t ZE_APICALL append_launch_multiple_indirect(
    ze_command_list_handle_t list_handle, std::uint32_t kernel_count, ze_kernel_handle_t* kernels,
    const std::uint32_t* count_buffer, const ze_group_count_t* arguments_buffer,
    ze_event_handle_t signal, std::uint32_t wait_count, ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, list_handle);
    ZESVM_NOT_NULL(kernels);
    ZESVM_NOT_NULL(count_buffer);
    ZESVM_NOT_NULL(arguments_buffer);
    auto action = std::make_shared<MultipleLaunchAction>();
    action->count_at = address_of(count_buffer);
    for (std::uint32_t i = 0; i < kernel_count; ++i) {
      ZESVM_FIND(kernel, Kernel, kernels[i]);
      std::shared_ptr<LaunchAction> one;
      if (const auto result = make_launch(*list, *kernel, {1, 1, 1}, one);
          result != ZE_RESULT_SUCCESS) {
        return result;
      }
      one->group_count_at = address_of(arguments_buffer + i);
      action->launches.push_back(std::move(one));
    }
    return list->append(std::move(action), {signal, wait_count, waits});
  });
}

// Each argument is given by address; of local memory, what is there is its size.
ze_result_t read_arguments(const Kernel& kernel, void** values, LaunchAction& action) {
  const auto& declared = kernel.reflection().arguments;
  for (std::size_t i = 0; i < declared.size(); ++i) {
    const bool is_local = declared[i].kind == spirv::ArgumentKind::local_pointer;
    const bool is_value = declared[i].kind == spirv::ArgumentKind::value;
    std::size_t size = is_value ? declared[i].size.count : sizeof(void*);
    if (is_local) size = values[i] == nullptr ? 0 : *static_cast<const std::size_t*>(values[i]);
    if (const auto result = read_argument(declared[i], size, is_local ? nullptr : values[i],
                                          action.launch.arguments[i]);
        result != ZE_RESULT_SUCCESS) {
      return result;
    }
  }
  return ZE_RESULT_SUCCESS;
}

ze_result_t ZE_APICALL append_launch_with_arguments(
    ze_command_list_handle_t list_handle, ze_kernel_handle_t kernel_handle,
    const ze_group_count_t count, const newer::ze_group_size_t size, void** arguments, const void*,
    ze_event_handle_t signal, std::uint32_t wait_count, ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, list_handle);
    ZESVM_FIND(kernel, Kernel, kernel_handle);
    if (arguments == nullptr && !kernel->reflection().arguments.empty()) {
      return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    }
    const GroupSize group_size{size.groupSizeX, size.groupSizeY, size.groupSizeZ};
    std::shared_ptr<LaunchAction> action;
    ze_result_t result = make_launch(*list, *kernel, count, action);
    if (result == ZE_RESULT_SUCCESS) {
      result = check_group_size(list->device(), kernel->reflection(), group_size);
    }
    if (result == ZE_RESULT_SUCCESS) result = read_arguments(*kernel, arguments, *action);
    if (result != ZE_RESULT_SUCCESS) return result;
    action->launch.group_size = group_size;
    return list->append(std::move(action), {signal, wait_count, waits});
  });
}

}  // namespace

void fill_launches(ze_command_list_dditable_t& table) {
  table.pfnAppendLaunchKernel = append_launch_kernel;
  // Groups that wait for each other need to run at the same time; see kernel_entries.cpp for how
  // many can.
  table.pfnAppendLaunchCooperativeKernel = append_launch_kernel;
  table.pfnAppendLaunchKernelIndirect = append_launch_indirect;
  table.pfnAppendLaunchMultipleKernelsIndirect = append_launch_multiple_indirect;
}

void add_launch_functions(FunctionNames& names) {
  add_function(names, "zeCommandListAppendLaunchKernelWithArguments", append_launch_with_arguments);
  add_function(names, "zeCommandListAppendLaunchKernelWithParameters",
               append_launch_with_parameters);
}

}  // namespace zesvm::simulator::driver
