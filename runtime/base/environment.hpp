/// @file environment.hpp
/// What the environment of the process says.
#pragma once

#include <cstdlib>
#include <string>

namespace zesvm {

/// Returns the value of an environment variable; an empty string where it is not set, which means the
/// same everywhere.
/// @context As ::getenv: not while another thread changes the environment.
inline std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace zesvm
