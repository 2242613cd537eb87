# Memory of the program itself, used by tiles: directly, and through Level Zero.
zesvm_test(system_memory_test
  SOURCES
    memory_calls_test.cpp
    memory_file_test.cpp
    node_program_memory_test.cpp
    process_maps_test.cpp
    system_memory_calls_test.cpp
    system_memory_heap_test.cpp
    system_memory_kinds_test.cpp
    system_memory_races_test.cpp
  LINK zesvm_node
  LABELS node)
target_compile_definitions(system_memory_test PRIVATE
                           ZESVM_NODE_KERNELS="${CMAKE_CURRENT_BINARY_DIR}")
add_dependencies(system_memory_test zesvm_node_test_kernels zesvm-sim-device)

zesvm_command_test(driver_system_memory_test small-2 system_memory_driver_test.cpp)
# Memory that is announced first, where devices take no other: without page faults, and with them.
zesvm_command_test(imported_faultless_test faultless-2 imported_pointers_in_place_test.cpp)
zesvm_command_test(imported_faulting_test linked-2x2 imported_pointers_in_place_test.cpp)
