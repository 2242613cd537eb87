/// @file exchange.hpp
/// Programs in which tiles exchange data, to be run with memory placed in different ways.
#pragma once

#include <string>
#include <vector>

#include <zesvm/zesvm.hpp>

namespace zesvm::bench {

/// How memory is placed.
enum class Strategy {
  /// By the planner, for the uses of the program.
  planned,
  /// No advice: memory goes to whoever touches it, first and later.
  first_touch,
  /// In system memory.
  system_memory,
};

/// Returns its name, as in reports.
const char* name_of(Strategy strategy);

/// Memory of a program, and who uses it in all its steps.
struct Buffer {
  std::size_t count = 0;
  std::vector<MemoryUse> uses;
};

/// A launch of a kernel of the triad module over the first `items` doubles of its buffers.
struct Launch {
  std::size_t device = 0;
  const char* kernel = "copy";
  std::size_t items = 0;
  /// Places in Program::buffers.
  std::vector<std::size_t> buffers;
};

/// Buffers, and phases of launches that do not depend on each other, repeated `steps` times.
struct Program {
  std::string name;
  std::size_t steps = 0;
  std::vector<Buffer> buffers;
  std::vector<std::vector<Launch>> phases;
};

/// A stencil on a ring of tiles: each works on its field and gives its borders to both neighbours.
Program halo_exchange(const Runtime& runtime);
/// Every tile gives a buffer to every other one.
Program all_pairs_exchange(const Runtime& runtime);

/// What a run came to.
struct Outcome {
  double virtual_ms = 0;
  double wall_ms = 0;
  /// Of all buffers, to see that strategies compute the same.
  double checksum = 0;
};

/// Runs a program in new memory.
Outcome run(Runtime& runtime, const Program& program, Strategy strategy);

}  // namespace zesvm::bench
