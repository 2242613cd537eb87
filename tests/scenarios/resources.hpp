/// @file resources.hpp
/// What a process holds of its host and its node: what a soak must give back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace zesvm::scenarios {

class Session;

/// A count of each.
struct Resources {
  std::size_t descriptors = 0;
  std::size_t processes = 0;
  std::size_t mappings = 0;
  std::uint64_t vram_bytes = 0;

  /// Counts what this process holds now.
  static Resources now(const Session& session);
  std::string text() const;
  /// Returns what is more than in `before`; empty when nothing is. Mappings: the C library keeps
  /// arenas and stacks of threads that ended, some hundred at most.
  std::string leaked_since(const Resources& before) const;
};

}  // namespace zesvm::scenarios
