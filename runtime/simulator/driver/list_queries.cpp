// Entry points that tell what a command list was made for.
#include "simulator/driver/list_description.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t ZE_APICALL list_is_immediate(ze_command_list_handle_t handle, ze_bool_t* is_immediate) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(is_immediate);
    *is_immediate = list->is_immediate() ? 1 : 0;
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_get_device(ze_command_list_handle_t handle,
                                       ze_device_handle_t* device) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(device);
    *device = handle_of(&list->device());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_get_context(ze_command_list_handle_t handle,
                                        ze_context_handle_t* context) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(context);
    *context = handle_of(list->context().get());
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_get_ordinal(ze_command_list_handle_t handle, std::uint32_t* ordinal) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(ordinal);
    *ordinal = list->traits().ordinal;
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL list_get_index(ze_command_list_handle_t handle, std::uint32_t* index) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(index);
    if (!list->is_immediate()) return ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE;
    *index = list->traits().index;
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void add_list_queries(FunctionNames& names) {
  add_function(names, "zeCommandListIsImmediate", list_is_immediate);
  add_function(names, "zeCommandListGetDeviceHandle", list_get_device);
  add_function(names, "zeCommandListGetContextHandle", list_get_context);
  add_function(names, "zeCommandListGetOrdinal", list_get_ordinal);
  add_function(names, "zeCommandListImmediateGetIndex", list_get_index);
}

}  // namespace zesvm::simulator::driver
