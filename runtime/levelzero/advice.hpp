/// @file advice.hpp
/// Advice in Level Zero's values, those newer than the oldest supported headers included.
#pragma once

#include <cstdint>

#include <level_zero/ze_api.h>

#include <zesvm/address_space.hpp>

namespace zesvm::levelzero {

// ZE_MEMORY_ADVICE_SET/CLEAR_SYSTEM_MEMORY_PREFERRED_LOCATION, of specification 1.7 on.
inline constexpr std::uint32_t set_system_memory_preferred_location = 8;
inline constexpr std::uint32_t clear_system_memory_preferred_location = 9;

// ze_memory_atomic_attr_exp_flags_t, of specification 1.7 on.
inline constexpr std::uint32_t atomics_default = 0;
inline constexpr std::uint32_t atomics_of_host = 1u << 2;
inline constexpr std::uint32_t no_atomics_of_device = 1u << 3;
inline constexpr std::uint32_t atomics_of_device = 1u << 4;
inline constexpr std::uint32_t atomics_of_system = 1u << 6;

/// Returns the ze_memory_advice_t that says what advice of a kind other than `atomic` says.
inline std::uint32_t advice_value(Advice::Kind kind) {
  switch (kind) {
    case Advice::Kind::location_device: return ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION;
    case Advice::Kind::location_system: return set_system_memory_preferred_location;
    case Advice::Kind::location_default: return ZE_MEMORY_ADVICE_CLEAR_PREFERRED_LOCATION;
    case Advice::Kind::read_mostly: return ZE_MEMORY_ADVICE_SET_READ_MOSTLY;
    case Advice::Kind::atomic: break;
  }
  return ZE_MEMORY_ADVICE_FORCE_UINT32;
}

/// Returns the flags for zeMemSetAtomicAccessAttributeExp.
inline std::uint32_t atomic_flags(AtomicAccess access) {
  switch (access) {
    case AtomicAccess::undefined: return atomics_default;
    case AtomicAccess::device: return atomics_of_device;
    case AtomicAccess::global: return atomics_of_system;
    case AtomicAccess::cpu: return atomics_of_host | no_atomics_of_device;
  }
  return atomics_default;
}

}  // namespace zesvm::levelzero
