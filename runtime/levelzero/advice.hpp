/// @file advice.hpp
/// Advice in Level Zero's values.
#pragma once

#include <cstdint>

#include <level_zero/ze_api.h>

#include <zesvm/address_space.hpp>

#include "specification/newer_level_zero.hpp"

namespace zesvm::levelzero {

/// Returns the ze_memory_advice_t that says what advice of a kind other than `atomic` says.
inline std::uint32_t advice_value(Advice::Kind kind) {
  switch (kind) {
    case Advice::Kind::location_device: return ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION;
    case Advice::Kind::location_system: return newer::set_system_memory_preferred_location;
    case Advice::Kind::location_default: return ZE_MEMORY_ADVICE_CLEAR_PREFERRED_LOCATION;
    case Advice::Kind::read_mostly: return ZE_MEMORY_ADVICE_SET_READ_MOSTLY;
    case Advice::Kind::atomic: break;
  }
  return ZE_MEMORY_ADVICE_FORCE_UINT32;
}

/// Returns the flags for zeMemSetAtomicAccessAttributeExp: one each, since drivers take the flags that
/// say "no" for no attribute at all, and host and device together for the host alone.
inline std::uint32_t atomic_flags(AtomicAccess access) {
  switch (access) {
    case AtomicAccess::undefined: return newer::atomic_default;
    case AtomicAccess::device: return newer::atomic_device;
    case AtomicAccess::global: return newer::atomic_system;
    case AtomicAccess::cpu: return newer::atomic_host;
  }
  return newer::atomic_default;
}

}  // namespace zesvm::levelzero
