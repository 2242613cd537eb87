/// @file launch.hpp
/// How the stand-in calls a native replacement of a kernel.
///
/// It recognises a launched kernel by its instructions, which it looks up in the compiler cache that
/// the driver keeps. If a library named by XE_STANDIN_KERNELS exports xe_kernel_NAME, that is called
/// once per launch instead of doing nothing. Replacements go by name alone.
#pragma once

#include <cstdint>

/// A launch, as a replacement sees it.
struct XeLaunch {
  const char* name;
  /// Work-groups, work-items per group, global offset.
  uint32_t groups[3], local[3], offset[3];
  int nargs;
  /// The bytes of each argument; for local memory, its size.
  const void* arg[64];
  uint32_t arg_size[64];
  void* self;
  /// Returns a host pointer for GPU memory; null after a fault.
  void* (*at)(XeLaunch*, uint64_t gpu_address, uint64_t bytes);

  /// Returns the work-items of a dimension.
  uint64_t items(int dimension = 0) const {
    return static_cast<uint64_t>(groups[dimension]) * local[dimension];
  }
  /// Returns argument `i`, given by value.
  template <class T>
  T value(int i) const {
    return i < nargs && arg[i] != nullptr && arg_size[i] >= sizeof(T)
               ? *static_cast<const T*>(arg[i])
               : T();
  }
  /// Returns the memory that argument `i` points to; null after a fault.
  template <class T>
  T* memory(int i, uint64_t count) {
    return static_cast<T*>(at(this, value<uint64_t>(i), count * sizeof(T)));
  }
};
