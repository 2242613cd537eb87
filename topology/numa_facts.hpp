/// @file numa_facts.hpp
/// Reads the NUMA nodes of this machine from libnuma, which places memory on them.
#pragma once

#include <variant>

#include "topology/facts.hpp"

namespace zesvm::topology {

/// The facts, or why there are none.
using LibnumaAnswer = std::variant<LibnumaFacts, MissingSource>;

/// Reads this machine.
LibnumaAnswer read_libnuma();

}  // namespace zesvm::topology
