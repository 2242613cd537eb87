/// @file singles.hpp
/// Scenarios that are no family on a kind, in groups: each is a function of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "scenarios/kinds.hpp"

namespace zesvm::scenarios {

class Session;
class Space;

/// A scenario by the names of its group and of itself.
struct Single {
  std::string group;
  std::string name;
  std::function<void(Space& space, std::uint64_t seed)> run;
  Needs needs = Needs::nothing;
};

/// Returns all of them.
std::vector<Single> singles();

/// Sizes and addresses that are no pages. unaligned_singles.cpp
void add_unaligned_singles(std::vector<Single>& all);
/// More memory than VRAM. eviction_singles.cpp
void add_eviction_singles(std::vector<Single>& all);
/// Parts of memory unmapped, or moved away. partial_singles.cpp
void add_partial_singles(std::vector<Single>& all);
/// Advice over, within and again. advice_singles.cpp
void add_advice_singles(std::vector<Single>& all);
/// Atomics of CPU and GPU, and where they may be. atomic_singles.cpp
void add_atomic_singles(std::vector<Single>& all);

}  // namespace zesvm::scenarios
