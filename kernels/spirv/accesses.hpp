/// @file accesses.hpp
/// What a kernel does with the memory its arguments point at, told from its code before it runs.
///
/// The answer errs on one side only: what is said not to be read or written is not. It follows
/// pointers through functions, variables, and integers made of them.
#pragma once

#include <string>
#include <vector>

#include "kernels/spirv/module.hpp"

namespace zesvm::spirv {

/// What may happen to the memory behind one argument.
struct AccessSummary {
  bool is_read = false;
  bool is_written = false;
  /// Updated by atomic operations.
  bool is_atomic = false;
  /// The pointer itself is kept in memory or handed to code outside the module.
  bool escapes = false;
  /// The places that made it so: `read in triad; written in store_to`.
  std::string reason;
};

/// What may happen in one kernel.
struct KernelAccesses {
  std::string kernel;
  /// One for each argument, in order.
  std::vector<AccessSummary> arguments;
  /// Whether it uses pointers that are not made from its arguments: found in memory, say.
  bool touches_other_memory = false;
  /// Where, when it does.
  std::string reason;
};

/// Tells for every kernel what it does with each argument. Arguments that are no pointers have no
/// accesses; images have those of their qualifier.
/// @cost a few passes over the code; more with deep chains of calls
std::vector<KernelAccesses> infer_accesses(const Module& module);

}  // namespace zesvm::spirv
