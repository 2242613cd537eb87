/// @file path_pattern.hpp
/// Names of files that a user gives for programs of several processes.
#pragma once

#include <string>
#include <unistd.h>

namespace zesvm {

/// Replaces each `%p` by the id of this process.
inline std::string with_process_id(std::string path) {
  const std::string id = std::to_string(::getpid());
  for (auto at = path.find("%p"); at != std::string::npos; at = path.find("%p", at + id.size()))
    path.replace(at, 2, id);
  return path;
}

}  // namespace zesvm
