/// @file transform.hpp
/// Changes to SPIR-V modules that let an OpenCL implementation do what Level Zero promises.
///
/// Each function takes a checked module and returns a new one; the input is left as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/spirv/module.hpp"

namespace zesvm::spirv {

/// A value for one specialization constant.
struct SpecializationValue {
  /// The SpecId.
  std::uint32_t id = 0;
  /// As many bytes as the constant has, lowest first; 1 for a boolean.
  std::vector<std::byte> value;
};

/// Replaces the default values of specialization constants.
///
/// Ids the module does not have are ignored, as Level Zero asks for.
/// @errors a value whose size is not the constant's
Checked<Module> specialize(const Module& module, std::span<const SpecializationValue> values);

/// Where one variable went.
struct PlacedVariable {
  std::string name;
  Bytes offset;
  Bytes size;
  bool is_exported = false;
};

/// Eight bytes of the initial image that must hold an address inside the buffer itself.
struct Relocation {
  /// Where in the image.
  Bytes offset;
  /// What to write there: the buffer's address plus this.
  Bytes target;
};

/// A module whose global variables live in one buffer.
struct PlacedGlobals {
  Module module;
  /// Size of the buffer; zero when the module had no variables and was not changed.
  Bytes size;
  Bytes alignment;
  /// The buffer's first content; `size` bytes.
  std::vector<std::byte> image;
  std::vector<Relocation> relocations;
  std::vector<PlacedVariable> variables;
};

/// Moves the module-scope variables into one buffer whose address every kernel gets as an
/// additional last argument, a global pointer.
///
/// For implementations that cannot tell the address of a module's variable. A kernel's additional
/// argument is there exactly when `size` is not zero. Constant variables that nobody can name
/// from outside stay where they are.
/// @errors an initializer that cannot be evaluated here; a variable of another module
Checked<PlacedGlobals> with_globals_in_device_memory(const Module& module);

/// A module that reads a shadow address before each atomic operation.
struct ProbedAtomics {
  Module module;
  /// Atomic operations that got a probe.
  std::size_t probed = 0;
  /// Atomic operations left alone since their pointer may be to local or private memory; each with
  /// the reason and the function it is in.
  std::vector<std::string> skipped;
};

/// Makes every atomic operation on global memory read one byte at its address minus
/// `shadow_offset` first, so that a page which is mapped without atomics can be told by a fault
/// there, whatever instruction the compiler makes of the operation.
Checked<ProbedAtomics> with_atomic_probes(const Module& module, std::uint64_t shadow_offset);

}  // namespace zesvm::spirv
