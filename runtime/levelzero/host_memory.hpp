/// @file host_memory.hpp
/// The system memory of paged allocations: what the CPU has mapped at their addresses.
///
/// Each allocation is a memory file, mapped twice: at the allocation's own addresses, where a chunk
/// whose bytes are on a device is shut, and at an alias that only copies use and that always works.
/// The reservation under it belongs to the driver; no address of it is ever without a mapping.
///
/// HM1  an address of a living allocation is open exactly while its bytes are in the file, or in host
///      memory that a device shares (DeviceMemory)
/// HM2  the file keeps its pages while the bytes are on a device: populating them again costs more
///      than the copy
/// HM3  nothing is mapped over memory that anybody uses: what is reserved must be out of the CPU's reach
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/interval.hpp"
#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "svm/cpu_view.hpp"

namespace zesvm::levelzero {

class DeviceMemory;

/// The file behind one allocation.
class HostPages {
 public:
  /// Maps a new file, all zeros, over `interval`, which its owner has reserved.
  /// @errors Error out_of_host_memory; unsupported: the CPU reaches memory there, so that it may be somebody's.
  ///         Then nothing was mapped.
  explicit HostPages(Interval interval);
  /// Leaves the addresses inaccessible.
  ~HostPages();
  HostPages(const HostPages&) = delete;
  HostPages& operator=(const HostPages&) = delete;

  Interval interval() const { return interval_; }
  /// Returns where `where` is always readable and writable.
  std::byte* alias(Address where) const { return alias_ + (where - interval_.begin).count; }
  /// Maps the file, again, at its addresses. @errors out_of_host_memory
  Status open(Interval interval) const noexcept;
  /// Makes every CPU access fault. @errors out_of_host_memory: the kernel has no more mappings
  Status shut(Interval interval) const noexcept;
  /// Returns whether any page of it was ever written, as far as the file knows.
  bool has_content(Interval interval) const noexcept;
  /// Makes the file read as zeros.
  void clear(Interval interval) const noexcept;

 private:
  std::uint64_t offset_of(Address where) const { return (where - interval_.begin).count; }

  Interval interval_;
  UniqueFd file_;
  std::byte* alias_ = nullptr;
};

/// All paged allocations of one context, as the core sees them. Safe to use from any thread.
class HostMemory final : public svm::CpuView {
 public:
  /// Sets who has chunks of it on devices. Before the first use.
  void set_devices(DeviceMemory& devices) { devices_ = &devices; }

  /// Adds an allocation. @errors Error as HostPages: none was added
  void add(Interval interval);
  /// Removes an allocation, which no device uses any more.
  void remove(Interval interval);
  /// Returns the file behind an address; null when there is none. It lives until remove().
  HostPages* find(Address where) const noexcept;
  /// Returns the intervals of all allocations.
  std::vector<Interval> all() const;

  Result<svm::CpuMapping> mapping_at(Address where) noexcept override;
  svm::Populated populated(Interval interval) noexcept override;
  Status trap(Interval interval) noexcept override;
  void untrap(Interval interval) noexcept override;
  void clear(Interval interval) noexcept override;

 private:
  DeviceMemory* devices_ = nullptr;
  mutable Mutex<LockOrder::leaf> lock_;
  std::map<Address, std::unique_ptr<HostPages>> pages_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::levelzero
