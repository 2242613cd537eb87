/// @file fake_device.hpp
/// A machine that is not there, with real bytes: the CPU's mappings, tiles with page tables and
/// VRAM, and the copies between them. Tests drive the core through it and break it on purpose.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/fault_plan.hpp"
#include "svm/address_space.hpp"

namespace zesvm::svm::fake {

/// Where the machine's memory lies: aligned to a notifier of any size used here.
inline constexpr Address base{std::uint64_t{1} << 40};

// Who faults for ever shows a bug of the core: the test must not hang.
inline constexpr int access_limit = 10000;

/// Returns the word at an address that is a multiple of its size, for accesses of several threads.
inline std::atomic_ref<std::uint64_t> word_at(std::byte* bytes) {
  return std::atomic_ref<std::uint64_t>{*reinterpret_cast<std::uint64_t*>(bytes)};
}

/// The clock that moves only when told, or when somebody waits.
class FakeClock final : public Clock {
 public:
  Instant now() noexcept override { return Instant{now_.load()}; }
  void wait_until(Instant when) noexcept override;
  void advance(Instant by) { now_.fetch_add(by.count()); }
  std::uint64_t waits() const { return waits_.load(); }

 private:
  std::atomic<std::int64_t> now_{1};
  std::atomic<std::uint64_t> waits_{0};
};

/// Links as a test sets them.
class FakeInterconnect final : public pagemap::Interconnect {
 public:
  pagemap::Link link(const pagemap::Pagemap& from,
                     const pagemap::Pagemap& to) const noexcept override;
  /// Links two tiles both ways.
  void connect(std::uint32_t a, std::uint32_t b, pagemap::Link link);
  void connect_one_way(std::uint32_t from, std::uint32_t to, pagemap::Link link);

 private:
  std::map<std::pair<std::uint32_t, std::uint32_t>, pagemap::Link> links_;
};

/// Zeroed memory that is populated where it is used only.
class LazyBytes {
 public:
  explicit LazyBytes(Bytes size);
  ~LazyBytes();
  LazyBytes(const LazyBytes&) = delete;
  LazyBytes& operator=(const LazyBytes&) = delete;
  std::byte* data() { return bytes_; }
  std::uint64_t size() const { return size_.count; }

 private:
  Bytes size_;
  std::byte* bytes_;
};

class Machine;

/// What may be pending while the machine is looked over: pins, and ranges that lost their memory and
/// are not collected yet.
enum class Pending : std::uint8_t { nothing, pins, pins_and_ranges };

/// One tile: a page table and VRAM.
class Tile final : public DevicePort {
 public:
  Tile(Machine& machine, std::uint32_t index, Bytes vram);

  Status map(Interval interval, const Mapping& mapping) noexcept override;
  void unmap(Interval interval, Direction mapped_as) noexcept override;
  void flush(Interval interval) noexcept override;

  /// Accesses memory as a kernel would: faults until it can.
  Status write(Address where, std::uint64_t value);
  Result<std::uint64_t> read(Address where);
  Status add(Address where, std::uint64_t value);

  /// Returns what is mapped at an address.
  std::optional<Mapping> mapping_at(Address where) const;
  std::vector<Interval> mapped() const;
  std::size_t map_calls() const { return map_calls_.load(); }
  std::size_t unmap_calls() const { return unmap_calls_.load(); }
  std::vector<Interval> flushes() const;
  std::vector<std::pair<Interval, Direction>> unmaps() const;
  /// Returns what was unmapped and not flushed since: a device may still use it.
  std::vector<Interval> stale() const;
  /// Returns what no caller of a page table may do, and was done.
  std::vector<std::string> complaints() const;
  void forget_calls();

  pagemap::Pagemap pagemap;
  DeviceId id;
  LazyBytes vram;

 private:
  struct Entry {
    Interval interval;
    Mapping mapping;
  };
  void cut(Interval interval);
  const Entry* find(Address where) const;
  std::byte* bytes_at(Address where, Access access) const;
  template <typename Operation>
  Status access(Address where, Access access, Operation operation);

  Machine& machine_;
  mutable std::mutex lock_;
  std::map<Address, Entry> table_;
  std::vector<Interval> flushes_;
  std::vector<std::pair<Interval, Direction>> unmaps_;
  std::vector<Interval> stale_;
  std::vector<std::string> complaints_;
  std::atomic<std::size_t> map_calls_{0};
  std::atomic<std::size_t> unmap_calls_{0};
};

/// Host memory, what the CPU has mapped of it, and the tiles.
class Machine final : public CpuView, public pagemap::MemoryMover {
 public:
  explicit Machine(Bytes memory = 64_MiB);
  ~Machine() override;

  // CpuView
  Result<CpuMapping> mapping_at(Address where) noexcept override;
  Populated populated(Interval interval) noexcept override;
  Status trap(Interval interval) noexcept override;
  void untrap(Interval interval) noexcept override;
  void clear(Interval interval) noexcept override;
  // MemoryMover
  Status copy_to_vram(Interval from, pagemap::Extent to) noexcept override;
  Status copy_to_system(pagemap::Extent from, Interval to) noexcept override;
  Status copy_between(Interval interval, pagemap::Extent from,
                      pagemap::Extent to) noexcept override;
  Status clear(pagemap::Extent extent) noexcept override;

  /// Makes the address space, without a collector thread unless asked.
  AddressSpace& make_space(AddressSpaceOptions options = {});
  /// Takes an address space made over this machine.
  void adopt_space(std::unique_ptr<AddressSpace> space) { space_ = std::move(space); }
  AddressSpace& space() { return *space_; }
  void drop_space() { space_.reset(); }
  bool has_space() const { return space_ != nullptr; }
  /// Adds a tile and lets it join.
  Tile& add_tile(Bytes vram = 16_MiB, DeviceTraits traits = {});

  /// What the program does with its mappings.
  void map(Interval interval, Writable writable = Writable::yes,
           Migratable migratable = Migratable::yes);
  void unmap(Interval interval);
  void protect(Interval interval, Writable writable);
  /// As protect(), without telling the space.
  void change_permission(Interval interval, Writable writable) {
    replace_mappings(interval, writable);
  }
  /// Tells the space that mappings change, and changes nothing.
  void invalidate(Interval interval, Event event) {
    const Invalidation nothing{*space_, interval, event};
  }
  /// Starts `action`, which invalidates something, on another thread, and returns when the devices
  /// have lost what it invalidates; action may go on until join().
  void meanwhile(std::function<void()> action);
  /// Starts `action` on another thread, and returns when `reached` is true.
  void meanwhile_until(std::function<void()> action, const std::function<bool()>& reached);
  void join();
  /// What the program does with its memory; traps as a CPU would.
  Status write(Address where, std::uint64_t value);
  Result<std::uint64_t> read(Address where);
  /// Gives every page of an interval content.
  void populate(Interval interval, std::uint64_t seed = 1);
  /// Returns whether a CPU access would trap.
  bool is_trapped(Address where) const;
  std::size_t trapped_pages() const;
  /// Notes that a page was written to, whoever did it.
  void note_written(Address where);
  /// Adds what the core, the page tables and the memory disagree about. Only while nothing runs.
  std::vector<std::string> disagreements(Pending pending = Pending::nothing);
  /// Returns the word at an address where it is now, whoever may access it there, and moves nothing.
  Result<std::uint64_t> peek(Address where);
  std::size_t copies() const { return copies_.load(); }
  Bytes copied() const { return {copied_.load()}; }

  std::byte* system_bytes(Address where) { return memory_.data() + (where - base).count; }
  Interval memory() const { return {base, base + Bytes{memory_.size()}}; }

  FaultPlan plan;
  FakeClock clock;
  FakeInterconnect interconnect;
  std::vector<std::unique_ptr<Tile>> tiles;

 private:
  struct Page {
    bool is_populated = false;
    bool is_trapped = false;
  };
  Page& page(Address where) { return pages_[(where - base) / cpu_page]; }
  std::byte* vram_bytes(pagemap::Extent extent);
  /// Copies, or fails and leaves rubbish at the destination.
  Status copy(Gate gate, const std::byte* from, std::byte* to, Bytes size);
  void replace_mappings(Interval interval, std::optional<Writable> writable);
  void compare(const Tile& tile, std::vector<std::string>& found);

  mutable std::mutex lock_;
  LazyBytes memory_;
  std::vector<Page> pages_;
  std::map<Address, CpuMapping> mappings_;
  std::atomic<std::size_t> copies_{0};
  std::atomic<std::uint64_t> copied_{0};
  std::unique_ptr<AddressSpace> space_;
  std::atomic<std::uint64_t> invalidated_{0};
  std::vector<std::thread> threads_;
};

/// Returns the n-th 2 MiB chunk of the machine's memory.
constexpr Interval chunk(std::uint64_t n) { return {base + 2_MiB * n, base + 2_MiB * (n + 1)}; }
/// Returns `count` chunks from the n-th on.
constexpr Interval chunks(std::uint64_t n, std::uint64_t count) {
  return {base + 2_MiB * n, base + 2_MiB * (n + count)};
}

}  // namespace zesvm::svm::fake
