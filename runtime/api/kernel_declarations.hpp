/// @file kernel_declarations.hpp
/// What a program said about a kernel's accesses, and what a launch makes of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <zesvm/kernel.hpp>

#include "kernels/spirv/accesses.hpp"

namespace zesvm {

/// Said by Kernel::with_access() and its like. Never changed once a Kernel has it.
class Kernel::Declarations {
 public:
  /// Uses of arguments, by their position.
  std::map<std::size_t, AccessMode> arguments;
  /// Memory that no argument points to.
  std::vector<Access> reached;
  /// Whether any memory may be reached.
  bool reaches_everything = false;
};

/// Returns what the code does, with what was declared (null: nothing) in place of what it was found
/// to do.
KernelUse use_of(const spirv::KernelAccesses& found, const Kernel::Declarations* declared);

/// Returns how memory is accessed; nothing where neither reads nor writes.
std::optional<AccessMode> mode_of(const ArgumentUse& use);

}  // namespace zesvm
