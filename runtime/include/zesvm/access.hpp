/// @file access.hpp
/// How a kernel will use memory: what AddressSpace::prepare() is told before a launch.
#pragma once

#include <cstddef>

namespace zesvm {

/// What is done with memory.
enum class AccessMode {
  /// It is read.
  read,
  /// It is written.
  write,
  /// It is read and written.
  read_write,
  /// Atomic operations, with or without plain reads and writes.
  atomic,
};

/// An interval and what a kernel will do with it.
struct Access {
  /// Where it begins.
  const void* begin = nullptr;
  /// Its size.
  std::size_t bytes = 0;
  /// What is done with it.
  AccessMode mode = AccessMode::read_write;
};

}  // namespace zesvm
