/// @file access.hpp
/// How a kernel will use memory: what AddressSpace::prepare() is told before a launch.
#pragma once

#include <cstddef>

namespace zesvm {

/// What is done with memory.
enum class AccessMode {
  read,
  write,
  read_write,
  /// Atomic operations, with or without plain reads and writes.
  atomic,
};

/// An interval and what a kernel will do with it.
struct Access {
  const void* begin = nullptr;
  std::size_t bytes = 0;
  AccessMode mode = AccessMode::read_write;
};

}  // namespace zesvm
