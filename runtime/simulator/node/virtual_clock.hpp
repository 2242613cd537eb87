/// @file virtual_clock.hpp
/// The second clock of a node: what its work would take on the links and devices it describes.
///
/// Every tile has a timeline, and so has the host. A charge goes to the timeline of whoever had to
/// wait for it, and occupies the links the bytes cross. A timeline catches up with another one where
/// one waited for the other: at a submission, an event, a synchronize.
///
/// VC1  a timeline never goes back; elapsed() is the latest of all
/// VC2  transfers in one direction of one link do not overlap: each takes the first gap that is free
///      for as long as it lasts, no earlier than its timeline; the two directions are apart
/// VC3  charges depend on what was done, not on how long this machine took for it
///
/// What it charges: GPU and CPU faults, changes of page tables, copies by faults, prefetches,
/// evictions and commands, the start of a kernel, and what a kernel reads and writes. What a kernel
/// uses cannot be counted: each work-item is taken to use one element of every pointer argument,
/// read or written as its code says, and an atomic one as 64 bytes each way. It does not charge
/// computation, caches, or work of the CPU beside its faults.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "topology/cost_model.hpp"

namespace zesvm::simulator::node {

/// Nanoseconds of virtual time: an instant on a timeline, or a duration.
using VirtualTime = std::chrono::nanoseconds;

/// What a charge is for.
enum class ChargeKind : std::uint8_t {
  /// Faults, changes of page tables, setting up copies.
  fault,
  /// Bytes that moved, or were copied or filled by commands.
  copy,
  /// What kernels read and wrote where it was.
  access,
  /// Starting kernels.
  launch,
  /// Waiting for a link others used.
  contention,
};
inline constexpr std::size_t charge_kind_count = 5;

/// Where a timeline stands, and what brought it there. A snapshot.
struct VirtualUse {
  VirtualTime now{};
  std::array<VirtualTime, charge_kind_count> charged{};
  /// Bytes kernels of the tile read and wrote in memory of others and of the host.
  Bytes remote_read;
  Bytes remote_written;

  VirtualTime of(ChargeKind kind) const { return charged[static_cast<std::size_t>(kind)]; }
};

/// The virtual clock of one node. Safe from any thread.
class VirtualClock {
 public:
  explicit VirtualClock(const topology::NodeDescription& node);

  /// While one lives, charges of this thread go to the timeline of a tile instead of the host's.
  class OnTile {
   public:
    explicit OnTile(std::size_t tile) : before_(timeline_) { timeline_ = tile + 1; }
    ~OnTile() { timeline_ = before_; }
    OnTile(const OnTile&) = delete;
    OnTile& operator=(const OnTile&) = delete;

   private:
    std::size_t before_;
  };

  const topology::CostModel& model() const { return model_; }

  /// Charges a fixed time to the timeline of this thread.
  /// @locks    takes nothing
  /// @context  any, fault
  void charge(ChargeKind kind, VirtualTime time) noexcept;
  /// Charges bytes that take `passage` to the timeline of this thread, and occupies its links (VC2).
  /// @locks    takes leaf
  /// @context  any, fault
  void charge(ChargeKind kind, const topology::Passage& passage, Bytes size) noexcept;
  /// Charges the move of a block between two places.
  void charge_move(topology::MemoryPlace from, topology::MemoryPlace to, Bytes size) noexcept;
  /// Charges what a kernel of `tile` reads and writes in one place.
  void charge_access(std::size_t tile, topology::MemoryPlace place, Bytes read,
                     Bytes written) noexcept;

  /// Returns where the timeline of a tile, or of the host, stands.
  VirtualTime tile_now(std::size_t tile) const noexcept;
  VirtualTime host_now() const noexcept;
  /// Lets a timeline catch up with an instant it has waited for.
  void tile_reaches(std::size_t tile, VirtualTime when) noexcept;
  void host_reaches(VirtualTime when) noexcept;

  /// Returns the latest of all timelines: what the work took so far.
  VirtualTime elapsed() const noexcept;
  VirtualUse use_of(std::size_t tile) const noexcept;

 private:
  struct Busy {
    VirtualTime begin{};
    VirtualTime end{};
  };
  /// When one direction of one link is in use. Of the distant past only the end is kept.
  struct LinkDirection {
    static constexpr std::size_t capacity = 32;
    Mutex<LockOrder::leaf> lock;
    std::array<Busy, capacity> busy ZESVM_GUARDED_BY(lock);
    std::size_t count ZESVM_GUARDED_BY(lock) = 0;

    /// Takes the first gap of `length` from `from` on; returns where it begins.
    VirtualTime occupy(VirtualTime from, VirtualTime length) noexcept;

   private:
    void insert(std::size_t at, Busy busy) noexcept ZESVM_REQUIRES(lock);
  };
  struct Timeline {
    std::atomic<VirtualTime::rep> now{0};
    std::array<std::atomic<VirtualTime::rep>, charge_kind_count> charged{};
    std::atomic<std::uint64_t> remote_read{0};
    std::atomic<std::uint64_t> remote_written{0};

    void add(ChargeKind kind, VirtualTime time) noexcept;
    void reach(VirtualTime when) noexcept;
  };

  Timeline& current() noexcept { return timelines_[timeline_]; }

  // 0: the host's; n: that of tile n - 1.
  static thread_local std::size_t timeline_;

  topology::CostModel model_;
  std::unique_ptr<Timeline[]> timelines_;
  std::unique_ptr<LinkDirection[]> links_;
};

}  // namespace zesvm::simulator::node
