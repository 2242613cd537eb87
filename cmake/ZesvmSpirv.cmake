# zesvm_spirv_module(TARGET SOURCES NAME.cl ... [OUTPUT_DIRECTORY DIR] [OPTIONS FLAG ...]
#                    [SPIRV_OPTIONS FLAG ...] [OUTPUTS VARIABLE])
#
# Compiles OpenCL C sources to SPIR-V, NAME.cl to DIR/NAME.spv, as target TARGET (part of `all`).
#
#   include(ZesvmSpirv)
#   zesvm_spirv_module(my_kernels SOURCES triad.cl histogram.cl)
#   add_dependencies(my_test my_kernels)
#   target_compile_definitions(my_test PRIVATE MY_KERNELS="${CMAKE_CURRENT_BINARY_DIR}")
#
# SOURCES           the .cl files, relative to the current source directory or absolute
# OUTPUT_DIRECTORY  where the .spv files go; the current binary directory by default
# OPTIONS           more options for clang, such as -cl-kernel-arg-info or -O0
# SPIRV_OPTIONS     more options for llvm-spirv, such as --spirv-max-version=1.1
# OUTPUTS           name of a variable that gets the list of .spv files, for install(FILES)
#
# Needs clang and the llvm-spirv of the same major version.

set(zesvm_llvm_versions 14 15 16 17 18 19 20 13)
if(NOT ZESVM_CLANG OR NOT ZESVM_LLVM_SPIRV)
  foreach(version IN LISTS zesvm_llvm_versions)
    find_program(ZESVM_CLANG_${version} clang-${version})
    find_program(ZESVM_LLVM_SPIRV_${version} llvm-spirv-${version})
    mark_as_advanced(ZESVM_CLANG_${version} ZESVM_LLVM_SPIRV_${version})
    if(ZESVM_CLANG_${version} AND ZESVM_LLVM_SPIRV_${version})
      set(ZESVM_CLANG ${ZESVM_CLANG_${version}} CACHE FILEPATH "clang that compiles OpenCL C")
      set(ZESVM_LLVM_SPIRV ${ZESVM_LLVM_SPIRV_${version}}
          CACHE FILEPATH "llvm-spirv that translates to SPIR-V")
      break()
    endif()
  endforeach()
  find_program(ZESVM_CLANG clang)
  find_program(ZESVM_LLVM_SPIRV llvm-spirv)
endif()

function(zesvm_spirv_module target)
  cmake_parse_arguments(arg "" "OUTPUT_DIRECTORY;OUTPUTS" "SOURCES;OPTIONS;SPIRV_OPTIONS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "zesvm_spirv_module(${target}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "zesvm_spirv_module(${target}): SOURCES is empty")
  endif()
  if(NOT ZESVM_CLANG OR NOT ZESVM_LLVM_SPIRV)
    message(FATAL_ERROR
      "zesvm_spirv_module(${target}): OpenCL C kernels need clang and llvm-spirv of one version. "
      "Install clang-14 and llvm-spirv-14, or set ZESVM_CLANG and ZESVM_LLVM_SPIRV.")
  endif()
  if(NOT arg_OUTPUT_DIRECTORY)
    set(arg_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  endif()
  file(MAKE_DIRECTORY ${arg_OUTPUT_DIRECTORY})
  set(outputs)
  foreach(source IN LISTS arg_SOURCES)
    get_filename_component(source ${source} ABSOLUTE)
    get_filename_component(stem ${source} NAME_WE)
    set(bitcode ${CMAKE_CURRENT_BINARY_DIR}/${target}.${stem}.bc)
    set(output ${arg_OUTPUT_DIRECTORY}/${stem}.spv)
    add_custom_command(
      OUTPUT ${output}
      BYPRODUCTS ${bitcode}
      COMMAND ${ZESVM_CLANG} -x cl -cl-std=CL2.0 -target spir64-unknown-unknown -emit-llvm -c -O2
              -Xclang -finclude-default-header ${arg_OPTIONS} ${source} -o ${bitcode}
      COMMAND ${ZESVM_LLVM_SPIRV} ${arg_SPIRV_OPTIONS} ${bitcode} -o ${output}
      DEPENDS ${source}
      COMMENT "SPIR-V ${stem}.spv"
      VERBATIM)
    list(APPEND outputs ${output})
  endforeach()
  add_custom_target(${target} ALL DEPENDS ${outputs})
  if(arg_OUTPUTS)
    set(${arg_OUTPUTS} ${outputs} PARENT_SCOPE)
  endif()
endfunction()
