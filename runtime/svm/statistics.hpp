/// @file statistics.hpp
/// What happened on one device of an address space: always counted, with relaxed atomics (E1).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/sizes.hpp"
#include "pagemap/block.hpp"
#include "svm/attributes.hpp"

namespace zesvm::svm {

/// Chunk sizes are counted apart up to so many; later ones count with the last.
inline constexpr std::size_t counted_chunk_sizes = 8;

/// Which way bytes moved.
enum class Transfer : std::uint8_t { host_to_device, device_to_host, device_to_device };
inline constexpr std::size_t transfer_count = 3;

/// Events of one kind and the time they took together.
struct Timed {
  std::uint64_t count = 0;
  std::chrono::nanoseconds time{0};
};

/// A number of events, in total and per chunk size (largest first).
struct PerChunk {
  std::uint64_t total = 0;
  std::array<std::uint64_t, counted_chunk_sizes> by_size{};
};

/// The migrations of one direction (E3).
struct MigrationTotals {
  std::uint64_t count = 0;
  Bytes bytes;
  /// Zero while the count is.
  Bytes smallest;
  Bytes largest;
  std::chrono::nanoseconds time{0};
};

/// A snapshot of what was counted; fields may be of slightly different instants.
struct DeviceStatistics {
  PerChunk faults;
  PerChunk valid_faults;
  PerChunk migrations;
  std::uint64_t atomic_faults = 0;
  std::chrono::nanoseconds fault_time{0};
  std::chrono::nanoseconds migration_time{0};
  std::array<MigrationTotals, transfer_count> transfers{};
  std::array<std::uint64_t, pagemap::cause_count> causes{};
  Timed collect;
  Timed map;
  Timed flush;
  std::uint64_t unmaps = 0;
  std::uint64_t invalidations = 0;
  std::uint64_t evictions = 0;
  std::uint64_t retries = 0;
  std::uint64_t failures = 0;
};

/// What was counted for the whole address space.
struct SpaceStatistics {
  std::array<std::uint64_t, outcome_count> hints{};
  std::uint64_t cpu_faults = 0;
  std::uint64_t collected_ranges = 0;
  std::uint64_t removed_for_advice = 0;
  std::uint64_t invalidations = 0;
};

/// The counters behind DeviceStatistics.
class DeviceCounters {
 public:
  using Counter = std::atomic<std::uint64_t>;
  struct ChunkCounter {
    std::array<Counter, counted_chunk_sizes> by_size{};
    void add(std::size_t chunk) { by_size[chunk].fetch_add(1, std::memory_order_relaxed); }
    PerChunk read() const;
  };
  struct TimedCounter {
    Counter count{0};
    Counter nanoseconds{0};
    void add(std::chrono::nanoseconds time) {
      count.fetch_add(1, std::memory_order_relaxed);
      nanoseconds.fetch_add(static_cast<std::uint64_t>(time.count()), std::memory_order_relaxed);
    }
    Timed read() const;
  };

  /// Counts one migration.
  void add_migration(Transfer transfer, Bytes size, pagemap::Cause cause,
                     std::chrono::nanoseconds time);
  DeviceStatistics read() const;

  ChunkCounter faults;
  ChunkCounter valid_faults;
  ChunkCounter migrations;
  Counter atomic_faults{0};
  Counter fault_nanoseconds{0};
  TimedCounter collect;
  TimedCounter map;
  TimedCounter flush;
  Counter unmaps{0};
  Counter invalidations{0};
  Counter evictions{0};
  Counter retries{0};
  Counter failures{0};

 private:
  struct TransferCounter {
    Counter count{0};
    Counter bytes{0};
    Counter smallest{~std::uint64_t{0}};
    Counter largest{0};
    Counter nanoseconds{0};
  };
  std::array<TransferCounter, transfer_count> transfers_{};
  std::array<Counter, pagemap::cause_count> causes_{};
};

}  // namespace zesvm::svm
