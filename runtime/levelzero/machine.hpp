/// @file machine.hpp
/// Everything the sources say about the machine a Context runs on, real or simulated.
#pragma once

#include "levelzero/context.hpp"
#include "topology/facts.hpp"

namespace zesvm::levelzero {

/// Whether data is sent between peers to see that it arrives.
enum class VerifyData : std::uint8_t { no, yes };

/// Asks Level Zero, its fabric and Sysman; then, for real GPUs, hwloc and libnuma, and for a
/// simulated node its file, since this machine's PCI tree says nothing about it.
topology::NodeFacts read_machine(Context& context, VerifyData verify);

}  // namespace zesvm::levelzero
