/// @file subject.hpp
/// The driver that is asked, and the groups of questions.
#pragma once

#include <string>
#include <vector>

#include "intel/calls/transcript.hpp"
#include "levelzero/newer_functions.hpp"

namespace zesvm::tests {

/// A driver with a context and its first two devices: tiles of one card, or cards.
struct Subject {
  ze_driver_handle_t driver = nullptr;
  ze_context_handle_t context = nullptr;
  std::vector<ze_device_handle_t> devices;
  levelzero::NewerFunctions newer;
  Transcript& says;

  ze_device_handle_t device() const { return devices.front(); }
};

/// A structure of Level Zero with its type set and everything else zero.
template <typename Structure>
Structure described(ze_structure_type_t type) {
  Structure structure{};
  structure.stype = type;
  return structure;
}

/// "64 KiB" or "3 bytes".
std::string size_name(std::uint64_t bytes);

/// @{ What drivers answer about devices, memory, virtual memory, commands, events, modules.
void ask_properties(const Subject& subject);
void ask_memory(const Subject& subject);
void ask_hints(const Subject& subject);
void ask_virtual_memory(const Subject& subject);
void ask_commands(const Subject& subject);
void ask_events(const Subject& subject);
/// @param spirv  a module with the kernel "increment"
void ask_modules(const Subject& subject, const std::vector<char>& spirv);
/// @}

}  // namespace zesvm::tests
