/// @file paged_memory.hpp
/// The `paged` backing: memory whose every range is moved by the runtime, on devices with and without
/// page faults.
///
/// The SVM core (svm/address_space.hpp) decides; HostMemory and DeviceMemory do. A device reaches only
/// what was prepared for its work, and all of that stays in place until the work is done. The CPU
/// reaches what is in system memory; a touch of the rest traps, waits for the work that uses the
/// range, and brings it back.
///
/// PB1  the ranges a piece of work was prepared with are pinned from before it is appended until its
///      signal is seen
/// PB2  whoever takes ranges away from a device waits first for the work that uses them; only one
///      thread at a time appends work, or takes away
/// Not here: memory reached by work that zesvm was not told of.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include <zesvm/access.hpp>
#include <zesvm/statistics.hpp>

#include "base/cpu_faults.hpp"
#include "levelzero/backing.hpp"
#include "levelzero/device_memory.hpp"
#include "levelzero/host_memory.hpp"
#include "levelzero/peer_links.hpp"
#include "levelzero/signal.hpp"
#include "pagemap/pagemap.hpp"
#include "svm/address_space.hpp"

namespace zesvm::levelzero {

/// All paged memory of one context. Safe to use from any thread.
class PagedMemory final : public MemoryBacking, private CpuFaultResolver {
 public:
  /// @errors Error unsupported: the driver has no virtual memory, or needs larger pages
  explicit PagedMemory(Context& context);
  /// Reserves a page of addresses, and gives it back.
  /// @errors Error unsupported: paged memory cannot be mapped at what this driver reserves (HM3)
  static void try_reservation(const Context& context);
  ~PagedMemory() override;

  /// Returns memory for `size` bytes: the interval the driver gave, `size` rounded up to whole chunks.
  /// @errors Error, as AddressSpace::allocate_bytes()
  Interval allocate(Bytes size, Bytes alignment);
  void free(Interval footprint) override;
  HintResult advise(Interval interval, const Advice& advice) override;
  HintResult prefetch(const Tile& tile, Interval interval) override;
  HintResult prefetch_to_system(Interval interval) override;
  HintResult hold_on_host(Interval interval) override;
  void release_on_host(Interval interval) override;
  HintResult discard(Interval interval) override;
  std::vector<ResidentPiece> residency(Interval interval) override;
  /// Makes memory ready for work of a tile that zesvm does not append. @errors Error
  HintResult prepare(const Tile& tile, Interval interval, AccessMode mode);

  /// Appends work of a tile: what of `accesses` is paged memory is ready for it and stays so until the
  /// signal that `append` returns. What is not is left out.
  /// @errors what `append` throws; launch_failed: the memory cannot be had on the device. Nothing was
  ///         appended, or what `append` says.
  void run(const Tile& tile, std::span<const Access> accesses,
           const std::function<std::shared_ptr<Signal>()>& append);
  /// Returns whether an address is in paged memory.
  bool contains(const void* pointer) const { return host_.find(address_of(pointer)) != nullptr; }
  /// Returns whether any of the accesses begins in paged memory.
  bool is_any_paged(std::span<const Access> accesses) const;
  /// Returns accesses to all of it.
  std::vector<Access> everything(AccessMode mode) const;
  /// Adds what moved to the statistics of a tile.
  void add_statistics(TileStatistics& tile) const;

 private:
  /// Work that may still be running.
  struct Use {
    std::size_t tile = 0;
    std::shared_ptr<Signal> done;
    std::vector<Interval> pinned;
  };
  enum class Whose { anybody, other_tiles };

  Status resolve(Address where, CpuAccess access) override;
  bool is_on_a_device(Interval page) const;
  Status resolve_for(const CpuFault& fault) override;
  std::vector<svm::AccessedInterval> paged_part(std::span<const Access> accesses) const;
  Interval whole_pages(Interval interval) const;
  Status make_ready(const Tile& tile, svm::AccessedInterval access) ZESVM_REQUIRES(work_lock_);
  Status try_to_make_ready(const Tile& tile, svm::AccessedInterval access)
      ZESVM_REQUIRES(work_lock_);
  Status make_ready_and_pin(const Tile& tile, svm::AccessedInterval access,
                            std::vector<Interval>& pinned) ZESVM_REQUIRES(work_lock_);
  [[noreturn]] static void throw_not_ready(const Tile& tile, Status status);
  void look_at_links(const Tile& tile, Interval interval) ZESVM_REQUIRES(work_lock_);
  bool is_used_in_place(const Tile& tile, svm::AccessedInterval access) const;
  void wait_for_uses(Interval interval, Whose whose, std::size_t tile = 0);
  std::shared_ptr<Signal> use_of(Interval interval, Whose whose, std::size_t tile) const;
  void retire(const Signal* done);
  void retire_done();
  void stop_sharing(Interval interval) ZESVM_REQUIRES(work_lock_);
  void watch(Interval interval) ZESVM_REQUIRES(work_lock_);
  void release(Address begin) ZESVM_REQUIRES(work_lock_);
  void release_freed() ZESVM_REQUIRES(work_lock_);

  Context& context_;
  HostMemory host_;
  DeviceMemory devices_;
  PeerLinks links_;
  std::vector<std::unique_ptr<pagemap::Pagemap>> vram_;
  std::vector<std::unique_ptr<svm::DevicePort>> ports_;
  std::unique_ptr<svm::AddressSpace> core_;
  // Null where CPU touches are left unhandled.
  std::unique_ptr<CpuFaults> faults_;

  // Held while work is prepared and appended, and while memory is taken away from devices.
  Mutex<LockOrder::work> work_lock_;
  // By the begin of its allocation: what the driver reserved for it.
  std::map<Address, Interval> reservations_ ZESVM_GUARDED_BY(work_lock_);
  std::vector<Interval> freed_ ZESVM_GUARDED_BY(work_lock_);
  // Where the next reservation is wished, on real drivers; and what faults are watched in.
  Address next_wish_ ZESVM_GUARDED_BY(work_lock_);
  std::vector<Interval> watched_ ZESVM_GUARDED_BY(work_lock_);
  mutable Mutex<LockOrder::leaf> uses_lock_;
  std::vector<Use> uses_ ZESVM_GUARDED_BY(uses_lock_);
};

}  // namespace zesvm::levelzero
