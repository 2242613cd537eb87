/// @file spirv_linker.hpp
/// Makes one SPIR-V module of several that use each other's functions and variables.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "kernels/spirv/module.hpp"

namespace zesvm::simulator::driver {

/// A linked module, or why there is none.
struct LinkOutcome {
  std::optional<spirv::Module> module;
  std::string log;
};

/// Links modules; every import must be defined by one of them.
LinkOutcome link_modules(std::span<const spirv::Module* const> modules);

}  // namespace zesvm::simulator::driver
