// What the SVM core itself costs: a machine whose copies and page tables do nothing.
//
// Goals: find at most 25 ns at 10^6 ranges; prepare of valid memory at most 15 ns per range, and
// O(intervals) where nothing changed; bookkeeping of one device at most 128 bytes per range, all
// allocations counted. Wall clock. Run on a Release build.
#include <atomic>
#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <unistd.h>

#include "base/arena.hpp"
#include "svm/address_space.hpp"
#include "svm/fault_policy.hpp"

namespace {
std::atomic<std::int64_t> heap_bytes{0};
}  // namespace

// Every allocation of the program is counted, with its size in front of it.
void* operator new(std::size_t size) {
  auto* memory = static_cast<std::size_t*>(std::malloc(size + 16));
  if (!memory) throw std::bad_alloc{};
  *memory = size;
  heap_bytes.fetch_add(static_cast<std::int64_t>(size), std::memory_order_relaxed);
  return memory + 2;
}
void operator delete(void* memory) noexcept {
  if (!memory) return;
  auto* block = static_cast<std::size_t*>(memory) - 2;
  heap_bytes.fetch_sub(static_cast<std::int64_t>(*block), std::memory_order_relaxed);
  std::free(block);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace zesvm::svm {
namespace {

using pagemap::Extent;

constexpr Address base{std::uint64_t{1} << 40};

// Everything is mapped and populated; nothing is ever copied.
class NoMachine final : public CpuView, public pagemap::MemoryMover, public DevicePort {
 public:
  Result<CpuMapping> mapping_at(Address) noexcept override {
    return CpuMapping{{{0}, {std::uint64_t{1} << 47}}, Writable::yes, Migratable::yes};
  }
  Populated populated(Interval) noexcept override { return Populated::all; }
  Status trap(Interval) noexcept override { return Status::ok; }
  void untrap(Interval) noexcept override {}
  void clear(Interval) noexcept override {}
  Status copy_to_vram(Interval, Extent) noexcept override { return Status::ok; }
  Status copy_to_system(Extent, Interval) noexcept override { return Status::ok; }
  Status copy_between(Interval, Extent, Extent) noexcept override { return Status::ok; }
  Status clear(Extent) noexcept override { return Status::ok; }
  Status map(Interval, const Mapping&) noexcept override { return Status::ok; }
  void unmap(Interval, Direction) noexcept override {}
  void flush(Interval) noexcept override {}
};

// An address space with so many ranges of one size, all valid on one device.
class World {
 public:
  World(std::uint64_t count, Bytes size) : count_(count), size_(size) {
    AddressSpaceOptions options;
    options.chunk_sizes = {size};
    if (size != cpu_page) options.chunk_sizes.push_back(cpu_page);
    options.collector = Collector::at_faults;
    space_ = *AddressSpace::create(options, machine_, machine_);
    device_ = *space_->join(machine_, nullptr, {.is_discrete = false});
    const Sample before = sample();
    for (std::uint64_t n = 0; n < count; ++n) touch(n);
    const Sample after = sample();
    const auto per_range = [&](std::int64_t bytes) { return double(bytes) / double(count); };
    allocated_per_range = per_range(after.allocated - before.allocated);
    resident_per_range = per_range(after.resident - before.resident);
  }
  static World& of(std::uint64_t count, Bytes size = 2_MiB) {
    static std::map<std::pair<std::uint64_t, std::uint64_t>, std::unique_ptr<World>> worlds;
    auto& world = worlds[{count, size.count}];
    if (!world) world = std::make_unique<World>(count, size);
    return *world;
  }

  AddressSpace& space() { return *space_; }
  DeviceId device() const { return device_; }
  std::uint64_t count() const { return count_; }
  Interval range(std::uint64_t n) const { return {base + size_ * n, base + size_ * (n + 1)}; }
  void touch(std::uint64_t n) {
    if (space_->fault(device_, range(n).begin, Access::write) != Status::ok) std::abort();
  }

  double allocated_per_range = 0;
  double resident_per_range = 0;

 private:
  struct Sample {
    std::int64_t allocated;
    std::int64_t resident;
  };
  static Sample sample() {
    long pages = 0;
    long resident = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
      if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
      std::fclose(file);
    }
    return {static_cast<std::int64_t>(arena_in_use().count) + heap_bytes.load(),
            resident * ::sysconf(_SC_PAGESIZE)};
  }

  const std::uint64_t count_;
  const Bytes size_;
  NoMachine machine_;
  std::unique_ptr<AddressSpace> space_;
  DeviceId device_;
};

// The same numbers for every benchmark, made before the clock runs.
std::vector<std::uint64_t> random_numbers(std::uint64_t below, int thread) {
  std::mt19937_64 random{17u + static_cast<unsigned>(thread)};
  std::vector<std::uint64_t> numbers(1 << 20);
  for (std::uint64_t& number : numbers) number = random() % below;
  return numbers;
}

// Built by the first thread while the others wait at the start of the loop.
World& shared_world(benchmark::State& state) {
  static std::mutex lock;
  const std::lock_guard guard{lock};
  return World::of(static_cast<std::uint64_t>(state.range(0)));
}

template <typename Use>
void at_random(benchmark::State& state, Use use) {
  World& world = shared_world(state);
  const auto numbers = random_numbers(world.count(), state.thread_index());
  std::size_t i = 0;
  for (auto _ : state) use(world, world.range(numbers[i++ & 0xfffff]));
  state.SetItemsProcessed(state.iterations());
}

void find(benchmark::State& state) {
  at_random(state, [](World& world, Interval range) {
    benchmark::DoNotOptimize(world.space().range_at(range.begin + 4_KiB));
  });
}

void valid_fault(benchmark::State& state) {
  at_random(state, [](World& world, Interval range) {
    benchmark::DoNotOptimize(world.space().fault(world.device(), range.begin, Access::read));
  });
}

void migrate_decision(benchmark::State& state) {
  at_random(state, [](World& world, Interval range) {
    benchmark::DoNotOptimize(
        world.space().is_valid_hint(world.device(), range.begin, Access::write));
  });
}

// One invalidation of one mapped range, and the fault that maps it again.
void invalidate_and_fault(benchmark::State& state) {
  at_random(state, [](World& world, Interval range) {
    { const Invalidation nothing{world.space(), range, Event::protect}; }
    benchmark::DoNotOptimize(world.space().fault(world.device(), range.begin, Access::write));
  });
}

// An unmap, the collection, and the fault that makes the range anew.
void remove_and_insert(benchmark::State& state) {
  at_random(state, [](World& world, Interval range) {
    { const Invalidation gone{world.space(), range, Event::unmap}; }
    world.space().collect_unmapped();
    benchmark::DoNotOptimize(world.space().fault(world.device(), range.begin, Access::write));
  });
}

// Advice that changes one range, and advice that takes it back.
void advise(benchmark::State& state) {
  at_random(state, [](World& world, Interval range) {
    (void)world.space().advise(range, Advice::atomic_access(AtomicAccess::device));
    (void)world.space().advise(range, Advice::defaults());
  });
}

// Making so many ranges in an empty space; tearing them down is not timed.
void insert(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    auto world = std::make_unique<World>(count, 2_MiB);
    state.PauseTiming();
    world.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void prepare_valid(benchmark::State& state) {
  World& world = shared_world(state);
  const std::vector<AccessedInterval> accesses{
      {{world.range(0).begin, world.range(world.count() - 1).end}, Access::write}};
  for (auto _ : state) benchmark::DoNotOptimize(world.space().prepare(world.device(), accesses));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void prepare_unchanged(benchmark::State& state) {
  World& world = shared_world(state);
  const std::vector<AccessedInterval> accesses{
      {{world.range(0).begin, world.range(world.count() - 1).end}, Access::write}};
  PreparedState prepared;
  for (auto _ : state)
    benchmark::DoNotOptimize(world.space().prepare(world.device(), accesses, &prepared));
}

// The decision alone, without the range.
void policy(benchmark::State& state) {
  pagemap::Pagemap own{0, "own", 64_MiB};
  const DeviceTraits traits;
  const PolicyDevices devices{traits, {}, &own, nullptr, nullptr};
  const Attributes attributes;
  for (auto _ : state) {
    const Wanted wanted = wanted_place(devices, attributes, Access::atomic);
    benchmark::DoNotOptimize(
        needed_move(devices, wanted, {nullptr, 2_MiB, true}, attributes.policy));
  }
}

// Bookkeeping, as counters; the time means nothing.
void bookkeeping(benchmark::State& state) {
  World& world = World::of(static_cast<std::uint64_t>(state.range(0)),
                           {static_cast<std::uint64_t>(state.range(1))});
  for (auto _ : state) benchmark::DoNotOptimize(world.space().range_count());
  state.counters["allocated_bytes_per_range"] = world.allocated_per_range;
  state.counters["resident_bytes_per_range"] = world.resident_per_range;
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(1000)->Arg(100000)->Arg(1000000);
}
void sizes_and_threads(benchmark::internal::Benchmark* benchmark) {
  sizes(benchmark);
  benchmark->ThreadRange(1, 2)->UseRealTime();
}

// First, so that what others leave in the arena's free lists is not reused uncounted.
BENCHMARK(bookkeeping)
    ->ArgsProduct({{1000, 100000, 1000000}, {2 << 20, 64 << 10, 4 << 10}})
    ->Iterations(1);
BENCHMARK(find)->Apply(sizes_and_threads);
BENCHMARK(valid_fault)->Apply(sizes_and_threads);
BENCHMARK(migrate_decision)->Apply(sizes_and_threads);
BENCHMARK(invalidate_and_fault)->Apply(sizes_and_threads);
BENCHMARK(remove_and_insert)->Apply(sizes_and_threads);
BENCHMARK(advise)->Apply(sizes_and_threads);
BENCHMARK(insert)->Apply(sizes)->Unit(benchmark::kMillisecond);
BENCHMARK(prepare_valid)->Apply(sizes);
BENCHMARK(prepare_unchanged)->Apply(sizes);
BENCHMARK(policy);

}  // namespace
}  // namespace zesvm::svm

BENCHMARK_MAIN();
