# Programs of others, which know nothing of zesvm: with handlers, debuggers and sanitizers of theirs.
set(zesvm_foreign_node ${PROJECT_SOURCE_DIR}/tests/nodes/small-2.yaml)
set(zesvm_foreign_environment
    "ZE_ENABLE_ALT_DRIVERS=$<TARGET_FILE:ze_zesvm_sim>;ZESVM_NODE=${zesvm_foreign_node}")

# zesvm_foreign_program(NAME SOURCE)
function(zesvm_foreign_program name source)
  add_executable(${name} foreign/${source})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ze_loader)
  add_dependencies(${name} ze_zesvm_sim zesvm-sim-device)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endfunction()
# zesvm_foreign_test(NAME OUTPUT COMMAND...): the test passes when the output matches.
function(zesvm_foreign_test name output)
  add_test(NAME foreign_${name} COMMAND ${ARGN})
  set_tests_properties(foreign_${name} PROPERTIES LABELS node TIMEOUT 120
    ENVIRONMENT "${zesvm_foreign_environment};ASAN_OPTIONS=detect_leaks=0"
    PASS_REGULAR_EXPRESSION "${output}" FAIL_REGULAR_EXPRESSION "ERROR: AddressSanitizer")
endfunction()

zesvm_foreign_program(backtrace_program backtrace_program.c)
set(zesvm_backtrace "came back.*crashed at 0x10, many frames, alternate stack")
zesvm_foreign_test(backtrace_before ${zesvm_backtrace} backtrace_program first)
zesvm_foreign_test(backtrace_after ${zesvm_backtrace} backtrace_program later)

zesvm_foreign_program(system_calls_program system_calls_program.c)
zesvm_foreign_test(system_calls "fine" system_calls_program)
zesvm_foreign_program(fork_program fork_program.c)
zesvm_foreign_test(fork "fine" fork_program)
zesvm_foreign_program(exec_program exec_program.c)
zesvm_foreign_test(exec "fine" exec_program)
zesvm_foreign_program(unheard_program unheard_program.c)
zesvm_foreign_test(unheard_free "takes any pointer" unheard_program free)
# Built with a thread sanitizer, the node does without.
if(NOT ZESVM_SANITIZE)
  zesvm_foreign_test(unheard_restricted "cannot be heard of.*takes none|skipped" unheard_program restricted)
endif()
zesvm_foreign_program(touch_program touch_program.c)
zesvm_foreign_test(touch "fine" touch_program)

find_program(ZESVM_GDB gdb)
if(ZESVM_GDB)
  zesvm_foreign_test(gdb "fine.*exited normally" ${ZESVM_GDB} -batch -nx
    -ex "set debuginfod enabled off" -ex "handle SIGSEGV nostop noprint pass" -ex run
    --args $<TARGET_FILE:touch_program>)
endif()

find_path(ZESVM_CATCH2 catch2/catch.hpp)
if(ZESVM_CATCH2)
  zesvm_foreign_program(catch2_program catch2_program.cpp)
  zesvm_foreign_test(catch2 "All tests passed" catch2_program)
endif()

# Built with a sanitizer of its own, over libraries that are not.
if(NOT ZESVM_SANITIZE)
  zesvm_foreign_program(touch_program_asan touch_program.c)
  target_compile_options(touch_program_asan PRIVATE -fsanitize=address)
  target_link_options(touch_program_asan PRIVATE -fsanitize=address)
  zesvm_foreign_test(asan "fine" touch_program_asan)
endif()
