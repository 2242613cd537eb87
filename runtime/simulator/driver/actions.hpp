/// @file actions.hpp
/// The deeds commands can do: launches, copies, fills, hints, timestamps, resets, host calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "simulator/driver/command.hpp"
#include "simulator/driver/device_clock.hpp"

namespace zesvm::spirv {
struct Kernel;
}

namespace zesvm::simulator::driver {

/// Runs a kernel. `group_count_at`, when set, is where the group count is read when it runs.
class LaunchAction : public Action {
 public:
  LaunchAction(node::Launch launch, std::shared_ptr<const spirv::Kernel> reflection,
               std::shared_ptr<void> keeper)
      : launch(std::move(launch)), reflection(std::move(reflection)), keeper(std::move(keeper)) {}
  node::Outcome execute(CommandTarget& target) override;

  node::Launch launch;
  /// What the kernel is, for changes of its arguments.
  std::shared_ptr<const spirv::Kernel> reflection;
  /// What must outlive the launch: the module.
  std::shared_ptr<void> keeper;
  std::optional<Address> group_count_at;
};

/// Runs several kernels, as many as a counter in memory says.
class MultipleLaunchAction : public Action {
 public:
  node::Outcome execute(CommandTarget& target) override;

  std::vector<std::shared_ptr<LaunchAction>> launches;
  Address count_at;
};

/// Copies bytes.
class CopyAction : public Action {
 public:
  CopyAction(Address destination, Address source, Bytes size)
      : destination_(destination), source_(source), size_(size) {}
  node::Outcome execute(CommandTarget& target) override;

 private:
  Address destination_;
  Address source_;
  Bytes size_;
};

/// Fills memory with a pattern.
class FillAction : public Action {
 public:
  FillAction(Address destination, std::vector<std::byte> pattern, Bytes size)
      : destination_(destination), pattern_(std::move(pattern)), size_(size) {}
  node::Outcome execute(CommandTarget& target) override;

 private:
  Address destination_;
  std::vector<std::byte> pattern_;
  Bytes size_;
};

/// Copies a box of bytes.
class RegionAction : public Action {
 public:
  RegionAction(node::Region destination, node::Region source,
               const std::array<std::uint64_t, 3>& extent)
      : destination_(destination), source_(source), extent_(extent) {}
  node::Outcome execute(CommandTarget& target) override;

 private:
  node::Region destination_;
  node::Region source_;
  std::array<std::uint64_t, 3> extent_;
};

/// Brings memory to the tile.
class PrefetchAction : public Action {
 public:
  explicit PrefetchAction(Interval interval) : interval_(interval) {}
  node::Outcome execute(CommandTarget& target) override;

 private:
  Interval interval_;
};

/// Gives advice for memory.
class AdviseAction : public Action {
 public:
  AdviseAction(Interval interval, TileAdvice advice) : interval_(interval), advice_(advice) {}
  node::Outcome execute(CommandTarget& target) override;

 private:
  Interval interval_;
  TileAdvice advice_;
};

/// Resets an event.
class ResetAction : public Action {
 public:
  explicit ResetAction(std::shared_ptr<EventSlot> slot) : slot_(std::move(slot)) {}
  node::Outcome execute(CommandTarget& target) override;

 private:
  std::shared_ptr<EventSlot> slot_;
};

/// Writes the device's clock to memory.
class WriteTimestampAction : public Action {
 public:
  WriteTimestampAction(Address destination, DeviceClock clock)
      : destination_(destination), clock_(clock) {}
  node::Outcome execute(CommandTarget& target) override;

 private:
  Address destination_;
  DeviceClock clock_;
};

/// Writes the kernel timestamps of events to memory.
class QueryTimestampsAction : public Action {
 public:
  /// One event, and where its timestamps go.
  struct Query {
    std::shared_ptr<EventSlot> slot;
    Address destination;
  };
  QueryTimestampsAction(std::vector<Query> queries, DeviceClock clock)
      : queries_(std::move(queries)), clock_(clock) {}
  node::Outcome execute(CommandTarget& target) override;

 private:
  std::vector<Query> queries_;
  DeviceClock clock_;
};

/// Calls a function of the program, on the stream's thread.
class HostFunctionAction : public Action {
 public:
  explicit HostFunctionAction(std::function<void()> function) : function_(std::move(function)) {}
  node::Outcome execute(CommandTarget& target) override;

 private:
  std::function<void()> function_;
};

}  // namespace zesvm::simulator::driver
