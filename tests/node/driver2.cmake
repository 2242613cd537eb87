# Commands, synchronisation, modules and kernels of the simulated driver.
set(zesvm_driver_dir ${PROJECT_SOURCE_DIR}/runtime/simulator/driver)

# What runs commands, without Level Zero and without a node.
zesvm_test(execution_stream_test
  SOURCES execution_stream_test.cpp event_slot_test.cpp ${zesvm_driver_dir}/execution_stream.cpp
          ${zesvm_driver_dir}/event_slot.cpp ${zesvm_driver_dir}/event_memory.cpp
  LINK zesvm_base LABELS node)

include(ZesvmSpirv)
zesvm_spirv_module(zesvm_test_kernels
  SOURCES kernels/commands.cl kernels/globals.cl kernels/importer.cl kernels/exporter.cl
  OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/kernels)
# clang has no specialisation constants for OpenCL C: this one is written in SPIR-V.
find_program(ZESVM_SPIRV_AS spirv-as REQUIRED)
add_custom_command(
  OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/kernels/specialised.spv
  COMMAND ${ZESVM_SPIRV_AS} --target-env spv1.1 -o ${CMAKE_CURRENT_BINARY_DIR}/kernels/specialised.spv
          ${CMAKE_CURRENT_SOURCE_DIR}/kernels/specialised.spvasm
  DEPENDS kernels/specialised.spvasm VERBATIM)
add_custom_target(zesvm_test_assembly ALL
  DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/kernels/specialised.spv)

find_library(ZESVM_ZE_LOADER ze_loader REQUIRED)
# zesvm_command_test(NAME NODE SOURCES ...)
function(zesvm_command_test name node)
  zesvm_test(${name} SOURCES ${ARGN} LINK ${ZESVM_ZE_LOADER} LABELS node
             ON_NODE ${PROJECT_SOURCE_DIR}/tests/nodes/${node}.yaml)
  target_compile_definitions(${name} PRIVATE
    ZESVM_TEST_KERNELS="${CMAKE_CURRENT_BINARY_DIR}/kernels")
  add_dependencies(${name} zesvm_test_kernels zesvm_test_assembly)
endfunction()
zesvm_command_test(driver_command_test small-2
  command_list_test.cpp command_sharing_test.cpp copy_test.cpp event_test.cpp kernel_test.cpp
  module_test.cpp rules_test.cpp)
zesvm_command_test(device_lost_test small-2 device_lost_test.cpp)
zesvm_command_test(sub_device_test small-1x2 sub_device_test.cpp)
