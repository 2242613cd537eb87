/// @file placement.hpp
/// Where memory should live, worked out from the links of this node and from who uses it.
///
///   zesvm::PlacementPlanner planner(rt);
///   auto plan = planner.plan(halo, bytes, {zesvm::used_by(rt.device(0), 0, bytes, steps),
///                                          zesvm::used_by(rt.device(1), bytes, 0, steps)});
///   std::cout << plan;                 // where, at what cost, and why
///   planner.apply(plan);               // advice and prefetches
///
/// Costs are virtual time: computed from the described or detected bandwidth and latency of each
/// link, never measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <zesvm/address_space.hpp>
#include <zesvm/device.hpp>
#include <zesvm/export.hpp>

namespace zesvm {

class Runtime;

/// How a device, or the CPU, uses memory each time, and how often.
struct MemoryUse {
  /// Nothing: the CPU.
  std::optional<Device> device;
  /// Bytes read each time.
  std::uint64_t read_bytes = 0;
  /// Bytes written each time.
  std::uint64_t written_bytes = 0;
  /// Atomic operations.
  std::uint64_t atomics = 0;
  /// How often.
  std::uint64_t times = 1;
  /// The part it uses, in bytes from the start; an `end` of 0 stands for all.
  std::uint64_t begin = 0;
  /// Where the part ends; 0: at the end of the memory.
  std::uint64_t end = 0;
};

/// Returns a use of all the memory by a device.
ZESVM_API MemoryUse used_by(const Device& device, std::uint64_t read_bytes,
                            std::uint64_t written_bytes, std::uint64_t times = 1);
/// Returns a use of all the memory by the CPU.
ZESVM_API MemoryUse used_by_cpu(std::uint64_t read_bytes, std::uint64_t written_bytes,
                                std::uint64_t times = 1);

/// A part of a plan: what should live where.
struct PlacedPiece {
  /// What is to become of a piece.
  enum class Where {
    /// It lives on `device`.
    device,
    /// It lives in system memory.
    system,
    /// It moves to whoever uses it: no advice.
    anywhere,
  };
  /// Where it begins.
  std::uintptr_t begin = 0;
  /// Where it ends.
  std::uintptr_t end = 0;
  /// Where it should live.
  Where where = Where::anywhere;
  /// Index in Runtime::devices(); nothing unless `where` is a device.
  std::optional<std::size_t> device;
  /// Virtual time of all uses there; 0 for a distribution, which weighs no uses.
  std::uint64_t cost_nanoseconds = 0;
  /// Why: the costs of its first 2 MiB there and at the next best place.
  std::string reason;
};

/// Where each part of some memory should live.
struct ZESVM_API PlacementPlan {
  /// In ascending order, without holes.
  std::vector<PlacedPiece> pieces;
  /// Names of Runtime::devices(), for printing.
  std::vector<std::string> device_names;

  /// Returns the virtual time of all uses.
  std::uint64_t cost_nanoseconds() const noexcept;
};

/// Prints a line per piece: addresses, size, place, cost and reason.
ZESVM_API std::ostream& operator<<(std::ostream& out, const PlacementPlan& plan);

/// Plans for one Runtime, which must outlive it. Safe to use from any thread. Puts nothing on devices
/// that were lost when it was made.
class ZESVM_API PlacementPlanner {
 public:
  /// @errors Error: the driver could not be asked how its devices are linked
  explicit PlacementPlanner(Runtime& runtime);
  ~PlacementPlanner();
  PlacementPlanner(const PlacementPlanner&) = delete;
  PlacementPlanner& operator=(const PlacementPlanner&) = delete;

  /// Returns the cheapest place of each 2 MiB of `[pointer, pointer + bytes)` for these uses.
  /// @errors invalid_argument: a part is empty or ends beyond the memory
  PlacementPlan plan(const void* pointer, std::size_t bytes,
                     const std::vector<MemoryUse>& uses) const;

  /// Distributes memory in contiguous blocks over devices (all of the Runtime when none is given).
  /// @errors as plan()
  PlacementPlan block(const void* pointer, std::size_t bytes,
                      const std::vector<Device>& devices = {}) const;
  /// Distributes memory in turns of `stride` bytes.
  /// @errors invalid_argument: a stride of 0
  PlacementPlan cyclic(const void* pointer, std::size_t bytes, std::size_t stride,
                       const std::vector<Device>& devices = {}) const;
  /// Gives each 2 MiB to the device that touches it first, in the order of `touches`; of a touch,
  /// only device, begin and end count.
  /// @errors invalid_argument: no touch, or one by the CPU
  PlacementPlan first_touch(const void* pointer, std::size_t bytes,
                            const std::vector<MemoryUse>& touches) const;

  /// Gives the advice of a plan and moves memory there, to all devices at the same time. One result
  /// for each piece: what its advice came to, or why it is not where it should be.
  /// @errors as AddressSpace::advise(): the memory must be of this Runtime
  std::vector<HintResult> apply(const PlacementPlan& plan) const;

  /// Places the system memory behind `[pointer, pointer + bytes)` on the NUMA node nearest to
  /// `device`. Ignored where the host has one NUMA node only. AddressSpace::advise() and apply() do it
  /// for what should live on a device.
  /// @errors as AddressSpace::advise()
  HintResult place_host_memory(const void* pointer, std::size_t bytes, const Device& device) const;
  /// Lets the calling thread run only on processors of the NUMA node nearest to `device`. Ignored
  /// where the host has one NUMA node only.
  /// @errors none: what cannot be done is ignored, and the answer says why
  HintResult bind_thread_near(const Device& device) const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace zesvm
