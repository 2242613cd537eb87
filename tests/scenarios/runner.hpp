/// @file runner.hpp
/// Runs the chosen scenarios of the node of this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "scenarios/session.hpp"

namespace zesvm::scenarios {

/// What was asked for. Empty strings choose all.
struct Choice {
  std::string family;
  std::string kind;
  std::uint64_t seed = 1;
  std::size_t iterations = 1;
  /// Seconds of random scenarios; none: each once.
  std::size_t soak_seconds = 0;
  /// Of a scenario of several processes: whether this one starts them or is one of them.
  enum class Processes { starts_them, is_one } processes = Processes::starts_them;
};

/// Prints all chosen scenarios of the node, and why some do not apply.
void list(const Session& session, const Choice& choice);
/// Runs all chosen scenarios that apply. Prints each and returns how many failed.
std::size_t run(const Session& session, const Choice& choice);
/// Runs random ones of the chosen scenarios for a time, and looks for what they leave behind.
/// Returns how many failed, and one more when something leaked.
std::size_t soak(const Session& session, const Choice& choice);

}  // namespace zesvm::scenarios
