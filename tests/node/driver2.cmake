# Commands, synchronisation, modules and kernels of the simulated driver.
set(zesvm_driver_dir ${PROJECT_SOURCE_DIR}/runtime/simulator/driver)

# What runs commands, without Level Zero and without a node.
zesvm_test(execution_stream_test
  SOURCES execution_stream_test.cpp event_slot_test.cpp ${zesvm_driver_dir}/execution_stream.cpp
          ${zesvm_driver_dir}/event_slot.cpp ${zesvm_driver_dir}/event_memory.cpp
  LINK zesvm_base LABELS node)
