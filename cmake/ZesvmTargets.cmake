# How the project's libraries, programs and tests are declared.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Programs and libraries of the build tree lie as they do when installed, so that both find the
# driver, its helper program, the nodes and the kernels by the same relative paths.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${CMAKE_INSTALL_LIBDIR})
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/archives)

add_library(zesvm_options INTERFACE)
target_compile_options(zesvm_options INTERFACE -Wall -Wextra -Wpedantic
                       $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
# GCC 12 finds overlapping copies in std::string's own operator+ (its bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(zesvm_options INTERFACE -Wno-restrict)
endif()
target_include_directories(zesvm_options INTERFACE ${PROJECT_SOURCE_DIR}/runtime
                           ${PROJECT_SOURCE_DIR}/runtime/include ${PROJECT_SOURCE_DIR})
if(ZESVM_WARNINGS_AS_ERRORS)
  target_compile_options(zesvm_options INTERFACE -Werror)
endif()
if(ZESVM_CHECKS)
  target_compile_definitions(zesvm_options INTERFACE ZESVM_CHECKS)
endif()
if(ZESVM_SANITIZE)
  target_compile_options(zesvm_options INTERFACE -fsanitize=${ZESVM_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(zesvm_options INTERFACE -fsanitize=${ZESVM_SANITIZE})
endif()

# zesvm_library(NAME SOURCES ... [LINK ...]): the static library zesvm_NAME of one layer.
function(zesvm_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(zesvm_${name} STATIC ${arg_SOURCES})
  target_link_libraries(zesvm_${name} PUBLIC zesvm_options ${arg_LINK})
endfunction()

# zesvm_test(NAME SOURCES ... [LINK ...] [LABELS ...] [ON_NODE PRESET] [TIMEOUT SECONDS]): a
# GoogleTest program whose cases become ctest tests. ON_NODE runs it through the Level Zero loader
# on a simulated node, set up by tests/support/main_on_node.cpp before anything else runs.
function(zesvm_test name)
  cmake_parse_arguments(arg "" "ON_NODE;TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE zesvm_options ${arg_LINK} GTest::gmock)
  if(arg_ON_NODE)
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/main_on_node.cpp)
    target_compile_definitions(${name} PRIVATE
      ZESVM_TEST_DRIVER="$<TARGET_FILE:ze_zesvm_sim>" ZESVM_TEST_NODE="${arg_ON_NODE}")
    add_dependencies(${name} ze_zesvm_sim zesvm-sim-device)
  else()
    target_link_libraries(${name} PRIVATE GTest::gmock_main)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()
