/// @file staging_buffers.hpp
/// Memory of tiles that bytes pass through on their way from tile to tile.
///
/// Plain device allocations: peers may copy into them. Some drivers remember for ever what was behind an
/// address of a peer when they first copied there, so that nothing else may be there later: a buffer lives
/// as long as this object.
#pragma once

#include <vector>

#include "base/arena.hpp"
#include "base/mutex.hpp"
#include "base/sizes.hpp"

namespace zesvm::levelzero {

class Context;

/// Buffers of one size, as many for each tile as were ever in use there at once. Safe to use from any thread.
class StagingBuffers {
 public:
  StagingBuffers(Context& context, Bytes size) : context_(context), size_(size) {}
  /// No buffer is in use any more.
  ~StagingBuffers();
  StagingBuffers(const StagingBuffers&) = delete;
  StagingBuffers& operator=(const StagingBuffers&) = delete;

  Bytes size() const { return size_; }
  /// Returns a buffer on a tile; null when the driver has no memory for one.
  void* take(std::size_t tile) noexcept;
  /// Gives back what take() returned.
  void give(std::size_t tile, void* buffer) noexcept;

 private:
  struct Buffer {
    std::size_t tile;
    void* memory;
    bool is_taken;
  };

  Context& context_;
  const Bytes size_;
  Mutex<LockOrder::leaf> lock_;
  std::vector<Buffer, ArenaAllocator<Buffer>> buffers_ ZESVM_GUARDED_BY(lock_);
};

/// A buffer for as long as a copy takes.
class StagingBuffer {
 public:
  StagingBuffer(StagingBuffers& of, std::size_t tile)
      : of_(of), tile_(tile), memory_(of.take(tile)) {}
  ~StagingBuffer() {
    if (memory_ != nullptr) of_.give(tile_, memory_);
  }
  StagingBuffer(const StagingBuffer&) = delete;
  StagingBuffer& operator=(const StagingBuffer&) = delete;

  /// Returns its memory; null when there was none.
  void* memory() const { return memory_; }

 private:
  StagingBuffers& of_;
  const std::size_t tile_;
  void* const memory_;
};

}  // namespace zesvm::levelzero
