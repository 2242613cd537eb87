# Drivers, devices and memory of the simulated driver, through the loader.
set(zesvm_small_node ${PROJECT_SOURCE_DIR}/tests/nodes/small-2.yaml)
set(zesvm_linked_node ${PROJECT_SOURCE_DIR}/tests/nodes/linked-2x2.yaml)

zesvm_test(driver_test SOURCES driver_test.cpp device_test.cpp external_semaphore_test.cpp
                   imported_pointers_test.cpp simulator_functions_test.cpp
           LINK ze_loader LABELS node
           ON_NODE ${zesvm_small_node})
zesvm_test(memory_test
           SOURCES memory_test.cpp memory_ipc_test.cpp memory_virtual_test.cpp
           LINK ze_loader LABELS node ON_NODE ${zesvm_small_node})
zesvm_test(fabric_test SOURCES fabric_test.cpp LINK ze_loader LABELS node
           ON_NODE ${zesvm_linked_node})
zesvm_test(sysman_test SOURCES sysman_test.cpp LINK ze_loader LABELS node
           ON_NODE ${zesvm_linked_node})
zesvm_test(device_selection_test SOURCES device_selection_test.cpp LINK zesvm_driver LABELS node)

zesvm_test(driver_lost_test SOURCES driver_lost_test.cpp LINK ze_loader LABELS node
           ON_NODE ${zesvm_small_node})

foreach(hierarchy COMPOSITE FLAT COMBINED)
  string(TOLOWER ${hierarchy} name)
  zesvm_test(device_${name}_test SOURCES device_hierarchy_test.cpp LINK ze_loader LABELS node
             ON_NODE ${zesvm_linked_node})
  target_compile_definitions(device_${name}_test PRIVATE ZESVM_TEST_HIERARCHY="${hierarchy}")
endforeach()

# Also writes the document it compares: cmake --build <dir> --target simulator_functions
zesvm_test(function_list_test SOURCES function_list_test.cpp LINK ze_loader ${CMAKE_DL_LIBS}
           LABELS node ON_NODE ${zesvm_small_node})
target_compile_definitions(function_list_test PRIVATE
  ZESVM_SIMULATOR_FUNCTIONS="${PROJECT_SOURCE_DIR}/docs/simulator_functions.md")
add_custom_target(simulator_functions
  COMMAND ${CMAKE_COMMAND} -E env ZESVM_WRITE_DOCS=1 $<TARGET_FILE:function_list_test>
          --gtest_filter=FunctionDocumentTest.* VERBATIM)

# A program that knows nothing of zesvm, on every kind of node and under the validation layer.
enable_language(C)
add_executable(plain_program plain_program.c)
target_link_libraries(plain_program PRIVATE ze_loader)
add_dependencies(plain_program ze_zesvm_sim zesvm-sim-device)
set_target_properties(plain_program PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
set(zesvm_plain_environment ZE_ENABLE_ALT_DRIVERS=$<TARGET_FILE:ze_zesvm_sim>)
foreach(node bmg-2 arc-2 pvc-1)
  add_test(NAME plain_program_${node} COMMAND plain_program)
  set_tests_properties(plain_program_${node} PROPERTIES LABELS node TIMEOUT 60
    ENVIRONMENT "${zesvm_plain_environment};ZESVM_NODE=${node}")
endforeach()
add_test(NAME plain_program_validated COMMAND plain_program)
set_tests_properties(plain_program_validated PROPERTIES LABELS node TIMEOUT 60 ENVIRONMENT
  "${zesvm_plain_environment};ZESVM_NODE=${zesvm_small_node};ZE_ENABLE_VALIDATION_LAYER=1;\
ZE_ENABLE_PARAMETER_VALIDATION=1;ZE_ENABLE_HANDLE_LIFETIME=1;ZE_ENABLE_THREADING_VALIDATION=1")
