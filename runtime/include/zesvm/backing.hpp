/// @file backing.hpp
/// What carries an allocation: which mechanism of the driver holds its bytes, and who moves them.
#pragma once

#include <zesvm/export.hpp>

namespace zesvm {

/// A mechanism. All give the same results; docs/backings.md compares them.
enum class Backing {
  /// As ZESVM_BACKING says; else what fits the devices best.
  automatic,
  /// Plain memory of the program: the kernel moves it. Where all devices can use any pointer.
  system,
  /// Shared allocations of the driver, which moves them; often whole allocations at once.
  shared,
  /// Reserved addresses and physical memory: zesvm moves each chunk on its own.
  paged,
};

/// Returns the name of a backing, as spelled in the enumeration.
ZESVM_API const char* name_of(Backing backing) noexcept;

}  // namespace zesvm
