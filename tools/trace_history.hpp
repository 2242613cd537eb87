/// @file trace_history.hpp
/// A trace (docs/tracing.md) read back, and what can be learned from it: where memory was when, which
/// ranges moved most, and which went to and fro, with the advice that would end it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zesvm::tools {

/// Memory a tile's VRAM holds, by the tile's number; nothing: system memory.
using TracedPlace = std::optional<std::uint32_t>;

/// Memory that was allocated while it lived. Times are microseconds since the trace began.
struct TracedAllocation {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  std::string kind;
  double from = 0;
  double until = 0;
};

/// A range that moved.
struct TracedMove {
  double at = 0;
  double took = 0;
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  TracedPlace source;
  TracedPlace destination;
  std::string cause;
};

/// A kernel that ran on a tile.
struct TracedLaunch {
  double at = 0;
  double took = 0;
  std::uint32_t tile = 0;
  std::string kernel;
};

/// Neighbouring ranges that moved alike.
struct HotRange {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  std::uint64_t moves = 0;
  std::uint64_t moved_bytes = 0;
  double took = 0;
};

/// Neighbouring ranges that went back where they had come from, again and again.
struct PingPong {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  /// How often a range there came back, at most.
  std::uint64_t returns = 0;
  TracedPlace one;
  TracedPlace other;
  /// What drove it: the causes of its moves, most frequent first.
  std::vector<std::string> causes;
  /// What to do about it.
  std::string advice;
};

/// Everything a trace says.
struct TraceHistory {
  std::string node;
  /// Whether the node itself told, or only the runtime of what it does itself.
  bool is_of_node = true;
  /// Names of the tiles, by their number.
  std::vector<std::string> tiles;
  double duration = 0;
  std::vector<TracedAllocation> allocations;
  std::vector<TracedMove> moves;
  std::vector<TracedLaunch> launches;
  std::uint64_t gpu_faults = 0;
  std::uint64_t cpu_faults = 0;
};

/// Reads a trace; a file whose writer crashed is read as far as it goes.
/// @errors zesvm::Error: the file cannot be read, or is no trace; says where
TraceHistory read_trace(const std::string& path);

/// Returns the ranges that moved more than once, most bytes first.
std::vector<HotRange> hot_ranges(const TraceHistory& history);

/// Returns the ranges that came back at least three times, most returns first.
std::vector<PingPong> ping_pongs(const TraceHistory& history);

/// Returns how a place is called: "system memory", or the name of the tile.
std::string name_of(const TraceHistory& history, TracedPlace place);

}  // namespace zesvm::tools
