#include "scenarios/resources.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <unistd.h>

#include "scenarios/session.hpp"

namespace zesvm::scenarios {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kept_by_the_c_library = 300;

std::size_t entries_of(const char* directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(directory)) ++count;
  return count;
}

/// Returns the parent of a process; 0 when it is gone.
int parent_of(const fs::path& process) {
  std::ifstream file{process / "stat"};
  // After the name, which may hold anything: the state, and the parent.
  file.ignore(std::numeric_limits<std::streamsize>::max(), ')');
  std::string state;
  int parent = 0;
  file >> state >> parent;
  return parent;
}

std::size_t children() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (parent_of(entry.path()) == ::getpid()) ++count;
  }
  return count;
}

std::size_t lines_of(const char* path) {
  std::ifstream file{path};
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

}  // namespace

Resources Resources::now(const Session& session) {
  return {entries_of("/proc/self/fd"), children(), lines_of("/proc/self/maps"),
          session.vram_used_bytes()};
}

std::string Resources::text() const {
  std::ostringstream out;
  out << descriptors << " file descriptors, " << processes << " processes, " << mappings
      << " mappings, " << vram_bytes << " bytes of VRAM";
  return out.str();
}

std::string Resources::leaked_since(const Resources& before) const {
  std::string leaked;
  if (descriptors > before.descriptors) leaked += " file descriptors";
  if (processes > before.processes) leaked += " processes";
  if (mappings > before.mappings + kept_by_the_c_library) leaked += " mappings";
  if (vram_bytes > before.vram_bytes) leaked += " VRAM";
  return leaked;
}

}  // namespace zesvm::scenarios
