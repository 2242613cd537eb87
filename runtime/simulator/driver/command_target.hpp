/// @file command_target.hpp
/// What commands run on: one tile, as the execution of command lists sees it. The driver's is
/// NodeTarget; tests of the execution bring their own.
#pragma once

#include <span>

#include "base/interval.hpp"
#include "base/status.hpp"
#include "simulator/node/types.hpp"

namespace zesvm::simulator::driver {

/// Advice a command gives for an interval: a ze_memory_advice_t, newer ones included, and the tile
/// it is for.
struct TileAdvice {
  std::uint32_t value = 0;
  node::TileId tile{};
};

/// Runs one command at a time per calling thread; each call returns when the command is done.
class CommandTarget {
 public:
  virtual ~CommandTarget() = default;

  virtual node::Outcome launch(const node::Launch& launch) = 0;
  virtual Status copy(Address destination, Address source, Bytes size) = 0;
  virtual Status fill(Address destination, std::span<const std::byte> pattern, Bytes size) = 0;
  virtual Status copy_region(const node::Region& destination, const node::Region& source,
                             const std::array<std::uint64_t, 3>& extent) = 0;
  virtual Status prefetch(Interval interval) = 0;
  virtual Status advise(Interval interval, TileAdvice advice) = 0;
  /// Where the virtual clock of what it runs on stands, and that of the host; zeros without one.
  virtual std::uint64_t virtual_now() const { return 0; }
  virtual std::uint64_t virtual_host_now() const { return 0; }
  /// Lets them catch up with an instant they waited for.
  virtual void virtual_reaches(std::uint64_t /*when*/) {}
  virtual void virtual_host_reaches(std::uint64_t /*when*/) {}
  /// Returns whether nothing will ever run here again.
  virtual bool is_lost() const = 0;
};

}  // namespace zesvm::simulator::driver
