# Tests of the node itself, without Level Zero.
include(ZesvmSpirv)

zesvm_spirv_module(zesvm_node_test_kernels SOURCES kernels/node_kernels.cl)

zesvm_test(node_direct_test
  SOURCES
    node_allocations_test.cpp
    node_cpu_faults_test.cpp
    node_failures_test.cpp
    node_faults_test.cpp
    node_fork_test.cpp
    node_placement_test.cpp
    node_virtual_memory_test.cpp
    node_virtual_time_test.cpp
    virtual_clock_test.cpp
  LINK zesvm_node
  LABELS node)
target_compile_definitions(node_direct_test PRIVATE
                           ZESVM_NODE_KERNELS="${CMAKE_CURRENT_BINARY_DIR}")
add_dependencies(node_direct_test zesvm_node_test_kernels zesvm-sim-device)
