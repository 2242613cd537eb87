/// @file event_watch.hpp
/// Sees events that are asked about, or reset, when the list that signals them is gone: Intel's driver then writes to what
/// it has freed. Stands between this program, with its libraries, and the loader.
#pragma once

#include <cstdint>

namespace zesvm::tests {

/// Returns how many times that happened since the start.
std::uint64_t events_used_too_late();

}  // namespace zesvm::tests
