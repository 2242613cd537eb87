/// @file imported_memory.hpp
/// Memory of the program on devices that cannot use any pointer: the driver was asked to import it.
///
/// It stays in system memory, where work that is given a pointer into it uses it. So every hint is
/// ignored, and says why, or holds already.
#pragma once

#include <map>
#include <vector>

#include <level_zero/ze_api.h>

#include "base/mutex.hpp"
#include "levelzero/backing.hpp"

namespace zesvm::levelzero {

/// All imported memory of one context. Safe to use from any thread.
class ImportedMemory final : public MemoryBacking {
 public:
  explicit ImportedMemory(const Context& context) : context_(context) {}

  /// Has the driver import memory that overlaps none imported before. Returns its answer; nothing
  /// was imported unless that is success. Only the simulated driver is asked.
  ze_result_t import(Interval memory);
  /// Returns whether an address is in imported memory.
  bool contains(const void* pointer) const;

  void free(Interval footprint) override;
  HintResult advise(Interval interval, const Advice& advice) override;
  HintResult prefetch(const Tile& tile, Interval interval) override;
  HintResult prefetch_to_system(Interval interval) override;
  HintResult hold_on_host(Interval interval) override;
  void release_on_host(Interval interval) override;
  HintResult discard(Interval interval) override;
  std::vector<ResidentPiece> residency(Interval interval) override;
  bool ever_moves() const override { return false; }

 private:
  const Context& context_;
  // Hints of many threads look here while others import; nothing is called under it.
  mutable Mutex<LockOrder::leaf> lock_;
  // By begin, the end.
  std::map<Address, Address> imported_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::levelzero
