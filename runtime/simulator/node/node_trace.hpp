/// @file node_trace.hpp
/// What the node tells a trace file: decisions of the core with their reasons (E2), launches, CPU
/// faults, memory as it comes and goes. docs/tracing.md describes the events.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "base/interval.hpp"
#include "base/status.hpp"
#include "base/trace_file.hpp"
#include "simulator/node/types.hpp"
#include "svm/decision_trace.hpp"

namespace zesvm::topology {
struct NodeDescription;
}

namespace zesvm::simulator::node {

/// Writes events of one node. Every function may be called from any thread, the fault path's too.
class NodeTrace {
 public:
  /// Starts the trace that the environment asks for; null when it asks for none.
  static std::unique_ptr<NodeTrace> from_environment(const topology::NodeDescription& description);
  NodeTrace(const NodeTrace&) = delete;
  NodeTrace& operator=(const NodeTrace&) = delete;

  /// Returns what the address space of the node is to tell. Valid while the trace lives.
  svm::TraceHook hook() noexcept { return decisions_.hook(); }
  /// Writes lines of others in this process, put together as TraceLine does.
  void append(std::string_view lines) noexcept { file_->append(lines); }

  void allocated(Interval interval, MemoryKind kind) noexcept;
  void freed(Address begin) noexcept;
  /// A kernel ran on a tile.
  void launched(TileId tile, std::string_view kernel, Status status, std::chrono::nanoseconds begin,
                std::chrono::nanoseconds end) noexcept;
  /// A thread of the program touched what was in VRAM, and waited since `begin`.
  void cpu_faulted(std::uint32_t thread, Address where, std::string_view access, Status status,
                   std::chrono::nanoseconds begin) noexcept;
  /// A prefetch to a tile, or to system memory without one, was asked for by this thread.
  void prefetched(Interval interval, std::optional<TileId> tile, Status status,
                  std::chrono::nanoseconds begin) noexcept;

 private:
  explicit NodeTrace(std::unique_ptr<TraceFile> file);

  std::unique_ptr<TraceFile> file_;
  svm::DecisionTrace decisions_;
};

}  // namespace zesvm::simulator::node
