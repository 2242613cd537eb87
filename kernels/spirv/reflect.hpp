/// @file reflect.hpp
/// Fills a Reflection from the instructions of a module.
#pragma once

#include "kernels/spirv/code.hpp"
#include "kernels/spirv/module.hpp"
#include "kernels/spirv/types.hpp"

namespace zesvm::spirv {

/// Reads everything a Reflection holds.
/// @errors an entry point without function; an argument of unknown type
Checked<Reflection> reflect(const Code& code);

/// Reads the entry point `entry` and the function it starts.
Checked<Kernel> reflect_kernel(const Code& code, const Types& types, const Instruction& entry);

/// Returns the functions that `function` calls, directly and through others; itself first.
std::vector<const FunctionCode*> reachable_from(const Code& code, Word function);

/// Returns a variable as linked or named: its linkage name, else its debug name.
std::string linked_name(const Code& code, Word id);

}  // namespace zesvm::spirv
