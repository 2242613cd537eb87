/// @file memory_mover.hpp
/// The interface through which bytes move between system memory and the VRAM of tiles.
#pragma once

#include "base/interval.hpp"
#include "base/status.hpp"
#include "pagemap/block.hpp"

namespace zesvm::pagemap {

/// Moves bytes. Implemented by the simulated node and by the runtime over Level Zero.
///
/// Every function returns when the bytes are where they should be. The two sides have equal size.
/// After a failure the destination's content is undefined and the source is whole (B8).
/// Application addresses are names only: the bytes travel through the mover's own mappings, since
/// the application's mapping of memory in VRAM traps.
///
/// Called with a range held (LockOrder::range) and nothing below it; from any thread, for
/// different ranges at once. Must not allocate from the program's heap.
class MemoryMover {
 public:
  virtual ~MemoryMover() = default;

  /// Copies the system memory behind `from` into VRAM.
  /// @errors   copy_failed, device_lost
  virtual Status copy_to_vram(Interval from, Extent to) noexcept = 0;

  /// Copies VRAM into the system memory behind `to`, which the CPU cannot touch yet.
  /// @errors   copy_failed, device_lost
  virtual Status copy_to_system(Extent from, Interval to) noexcept = 0;

  /// Copies from one place in VRAM to another, driven by the source's device (B5). The bytes are those
  /// of the application's `interval`.
  /// @errors   copy_failed, device_lost; no_interconnect: do it through system memory
  virtual Status copy_between(Interval interval, Extent from, Extent to) noexcept = 0;

  /// Makes VRAM read as zeros: memory nobody wrote yet, or whose content was discarded.
  /// @errors   copy_failed, device_lost
  virtual Status clear(Extent extent) noexcept = 0;
};

}  // namespace zesvm::pagemap
