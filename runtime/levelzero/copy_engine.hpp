/// @file copy_engine.hpp
/// The copies of one tile that move memory: done one after the other, each before its call returns.
#pragma once

#include <cstddef>

#include <level_zero/ze_api.h>

#include "base/mutex.hpp"
#include "base/status.hpp"

namespace zesvm::levelzero {

class Context;
class Tile;

/// A synchronous immediate command list, made when first needed and anew after a copy that failed: on
/// queues that only copy, where the tile has such.
class CopyEngine {
 public:
  CopyEngine(Context& context, const Tile& tile) : context_(context), tile_(tile) {}
  ~CopyEngine();
  CopyEngine(const CopyEngine&) = delete;
  CopyEngine& operator=(const CopyEngine&) = delete;

  /// Copies; returns when it is done. @errors copy_failed, device_lost
  /// @locks  takes tile
  Status copy(void* to, const void* from, std::size_t bytes) noexcept;
  /// Sets to zeros; returns when it is done. @errors copy_failed, device_lost
  Status clear(void* to, std::size_t bytes) noexcept;

 private:
  ze_result_t ready() ZESVM_REQUIRES(lock_);
  Status finish(ze_result_t appended) ZESVM_REQUIRES(lock_);

  Context& context_;
  const Tile& tile_;
  Mutex<LockOrder::tile> lock_;
  ze_command_list_handle_t list_ ZESVM_GUARDED_BY(lock_) = nullptr;
};

}  // namespace zesvm::levelzero
