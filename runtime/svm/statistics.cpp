#include "svm/statistics.hpp"

namespace zesvm::svm {
namespace {

using Counter = DeviceCounters::Counter;

std::uint64_t count_of(const Counter& counter) { return counter.load(std::memory_order_relaxed); }

std::chrono::nanoseconds time_of(const Counter& counter) {
  return std::chrono::nanoseconds{static_cast<std::int64_t>(count_of(counter))};
}

void raise_to(Counter& counter, std::uint64_t value) {
  std::uint64_t seen = count_of(counter);
  while (seen < value && !counter.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

void lower_to(Counter& counter, std::uint64_t value) {
  std::uint64_t seen = count_of(counter);
  while (seen > value && !counter.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace

PerChunk DeviceCounters::ChunkCounter::read() const {
  PerChunk read;
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    read.by_size[i] = count_of(by_size[i]);
    read.total += read.by_size[i];
  }
  return read;
}

Timed DeviceCounters::TimedCounter::read() const { return {count_of(count), time_of(nanoseconds)}; }

void DeviceCounters::add_migration(Transfer transfer, Bytes size, pagemap::Cause cause,
                                   std::chrono::nanoseconds time) {
  TransferCounter& counter = transfers_[static_cast<std::size_t>(transfer)];
  counter.count.fetch_add(1, std::memory_order_relaxed);
  counter.bytes.fetch_add(size.count, std::memory_order_relaxed);
  counter.nanoseconds.fetch_add(static_cast<std::uint64_t>(time.count()),
                                std::memory_order_relaxed);
  lower_to(counter.smallest, size.count);
  raise_to(counter.largest, size.count);
  causes_[static_cast<std::size_t>(cause)].fetch_add(1, std::memory_order_relaxed);
}

DeviceStatistics DeviceCounters::read() const {
  DeviceStatistics read;
  read.faults = faults.read();
  read.valid_faults = valid_faults.read();
  read.migrations = migrations.read();
  read.atomic_faults = count_of(atomic_faults);
  read.fault_time = time_of(fault_nanoseconds);
  for (std::size_t i = 0; i < transfers_.size(); ++i) {
    const TransferCounter& counter = transfers_[i];
    MigrationTotals& totals = read.transfers[i];
    totals.count = count_of(counter.count);
    totals.bytes = {count_of(counter.bytes)};
    totals.smallest = {totals.count > 0 ? count_of(counter.smallest) : 0};
    totals.largest = {count_of(counter.largest)};
    totals.time = time_of(counter.nanoseconds);
    read.migration_time += totals.time;
  }
  for (std::size_t i = 0; i < causes_.size(); ++i) read.causes[i] = count_of(causes_[i]);
  read.collect = collect.read();
  read.map = map.read();
  read.flush = flush.read();
  read.unmaps = count_of(unmaps);
  read.invalidations = count_of(invalidations);
  read.evictions = count_of(evictions);
  read.retries = count_of(retries);
  read.failures = count_of(failures);
  return read;
}

}  // namespace zesvm::svm
