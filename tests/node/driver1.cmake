# Drivers, devices and memory of the simulated driver, through the loader.
set(zesvm_small_node ${PROJECT_SOURCE_DIR}/tests/nodes/small-2.yaml)
set(zesvm_linked_node ${PROJECT_SOURCE_DIR}/tests/nodes/linked-2x2.yaml)

zesvm_test(driver_test SOURCES driver_test.cpp device_test.cpp LINK ze_loader LABELS node
           ON_NODE ${zesvm_small_node})
zesvm_test(memory_test
           SOURCES memory_test.cpp memory_ipc_test.cpp memory_virtual_test.cpp
           LINK ze_loader LABELS node ON_NODE ${zesvm_small_node})
zesvm_test(fabric_test SOURCES fabric_test.cpp LINK ze_loader LABELS node
           ON_NODE ${zesvm_linked_node})
zesvm_test(sysman_test SOURCES sysman_test.cpp LINK ze_loader LABELS node
           ON_NODE ${zesvm_linked_node})
zesvm_test(device_selection_test SOURCES device_selection_test.cpp LINK zesvm_driver LABELS node)

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
