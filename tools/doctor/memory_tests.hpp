/// @file memory_tests.hpp
/// Self-tests of memory, each for any backing. Data is checked after every step.
#pragma once

#include "tools/doctor/trial.hpp"

namespace zesvm::tools {

/// Begins what a step says of a hint that was sent, and of which the driver says nothing.
inline constexpr const char* unconfirmed = "unconfirmed: ";

/// CPU and kernel change all words in turn, on every device.
void try_turns(Trial& trial, Backing backing);
/// Prefetches to every device and back.
void try_prefetch(Trial& trial, Backing backing);
/// Gives every kind of advice and changes the memory under it.
void try_advice(Trial& trial, Backing backing);
/// Counts by atomic operations of kernels, then by the CPU, on every device.
void try_atomics(Trial& trial, Backing backing);
/// Lets devices change the same memory in turn, then halves of it at once.
void try_two_devices(Trial& trial, Backing backing);

}  // namespace zesvm::tools
