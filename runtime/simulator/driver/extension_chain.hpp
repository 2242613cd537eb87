/// @file extension_chain.hpp
/// Walking the chain of extension structures that hangs off `pNext`.
#pragma once

#include <cstdint>

#include <level_zero/ze_api.h>

namespace zesvm::simulator::driver {

/// Returns the chain of a structure the program gave to be filled; null when the structure is not
/// set up, as programs leave those they allocate: its type is wrong then, and the chain anything.
template <typename Structure>
void* chain_of(const Structure& structure, std::uint32_t type) {
  const auto told = static_cast<std::uint32_t>(structure.stype);
  return told == type || told == 0 ? structure.pNext : nullptr;
}

/// Returns the extension structure of a type in a chain of properties; null when it has none.
/// Structures of other types are passed over, as the specification asks.
template <typename T>
T* extension(void* chain, std::uint32_t type) {
  for (auto* link = static_cast<ze_base_properties_t*>(chain); link != nullptr;
       link = static_cast<ze_base_properties_t*>(link->pNext))
    if (static_cast<std::uint32_t>(link->stype) == type) return reinterpret_cast<T*>(link);
  return nullptr;
}

/// Returns the extension structure of a type in a chain of descriptors; null when it has none.
template <typename T>
const T* extension(const void* chain, std::uint32_t type) {
  for (auto* link = static_cast<const ze_base_desc_t*>(chain); link != nullptr;
       link = static_cast<const ze_base_desc_t*>(link->pNext))
    if (static_cast<std::uint32_t>(link->stype) == type) return reinterpret_cast<const T*>(link);
  return nullptr;
}

}  // namespace zesvm::simulator::driver
