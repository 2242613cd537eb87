/// @file use_module.hpp
/// Everything the project does with SPIR-V it was given, for tests with malformed modules and for
/// the fuzzer.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/spirv/accesses.hpp"
#include "kernels/spirv/module.hpp"
#include "kernels/spirv/transform.hpp"

namespace zesvm::spirv {

/// Reads a module and, when it is accepted, puts it to every use. Returns whether the answer is one:
/// an error has a message and a place in the input, and each use of a kernel one of its arguments.
inline bool use_module(std::span<const std::byte> bytes) {
  const auto module = parse(bytes);
  if (!module) return !module.error().message.empty() && module.error().offset <= bytes.size();
  (void)specialize(*module, std::vector{SpecializationValue{3, {std::byte{1}}}});
  (void)with_atomic_probes(*module, 0x1000);
  (void)with_globals_in_device_memory(*module);
  const auto accesses = infer_accesses(*module);
  if (accesses.size() != module->kernels().size()) return false;
  for (std::size_t i = 0; i < accesses.size(); ++i)
    if (accesses[i].arguments.size() != module->kernels()[i].arguments.size()) return false;
  return true;
}

}  // namespace zesvm::spirv
