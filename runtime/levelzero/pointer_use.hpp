/// @file pointer_use.hpp
/// Whether the kernels of a module may reach memory that no argument of theirs points to.
#pragma once

#include "kernels/spirv/module.hpp"

namespace zesvm::levelzero {

/// Returns whether memory that the module's kernels see may hold pointers, or integers become
/// pointers. False only when all they reach is what their arguments point to: then a driver without
/// page faults has to bring nothing else to the device before a launch.
bool may_follow_pointers(const spirv::Module& module);

}  // namespace zesvm::levelzero
