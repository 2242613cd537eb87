// What shared memory costs on the simulated node, through the Level Zero loader, as ratios to plain
// copies in the same run. Wall clock; the "GPU" is this machine's CPU, so only the ratios carry over.
//
//   ratio   time of what is measured / time of the plain copy or the explicit version
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "bench/node/level_zero.hpp"

namespace {

using zesvm::bench::Gpu;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::size_t chunk = 2 * mebibyte;

Gpu& gpu() {
  static auto* const instance = [] {
    auto* made = new Gpu;
    made->load(ZESVM_BENCH_KERNELS "/touch.spv");
    return made;
  }();
  return *instance;
}

template <typename Work>
double seconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return Seconds(std::chrono::steady_clock::now() - begin).count();
}

// Two buffers whose pages exist, as those behind migrated memory do.
class PlainCopy {
 public:
  explicit PlainCopy(std::size_t bytes) : from_(bytes, 1), to_(bytes, 2) {}
  double run() {
    return seconds([&] {
      std::memcpy(to_.data(), from_.data(), to_.size());
      benchmark::ClobberMemory();
    });
  }

 private:
  std::vector<char> from_, to_;
};

void touch_by_cpu(std::byte* memory, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += chunk) {
    auto* word = reinterpret_cast<volatile unsigned*>(memory + at);
    *word = *word + 1;
  }
}

// Goal: at most 1.3 x a plain copy of 2 MiB per fault.
void fault_to_vram(benchmark::State& state) {
  const std::size_t chunks = 32;
  const std::size_t bytes = chunks * chunk;
  std::byte* memory = gpu().allocate_shared(bytes);
  std::memset(memory, 1, bytes);
  PlainCopy copy(bytes);
  const unsigned long stride = chunk / sizeof(unsigned);
  gpu().launch("touch", chunks, memory, stride);
  double faulting = 0, launching = 0, copying = 0;
  for (auto unused : state) {
    touch_by_cpu(memory, bytes);
    const double with_faults = seconds([&] { gpu().launch("touch", chunks, memory, stride); });
    state.SetIterationTime(with_faults);
    faulting += with_faults;
    launching += seconds([&] { gpu().launch("touch", chunks, memory, stride); });
    copying += copy.run();
  }
  const double runs = static_cast<double>(state.iterations());
  state.counters["us_per_fault"] = (faulting - launching) / runs / chunks * 1e6;
  state.counters["ratio"] = (faulting - launching) / copying;
  gpu().free(memory);
}
BENCHMARK(fault_to_vram)->Name("fault/system_to_vram_2MiB")->UseManualTime();

// The way back: CPU touches of memory in VRAM.
void fault_to_system(benchmark::State& state) {
  const std::size_t chunks = 32;
  const std::size_t bytes = chunks * chunk;
  std::byte* memory = gpu().allocate_shared(bytes);
  std::memset(memory, 1, bytes);
  PlainCopy copy(bytes);
  const unsigned long stride = chunk / sizeof(unsigned);
  double faulting = 0, copying = 0;
  for (auto unused : state) {
    gpu().launch("touch", chunks, memory, stride);
    const double time = seconds([&] { touch_by_cpu(memory, bytes); });
    state.SetIterationTime(time);
    faulting += time;
    copying += copy.run();
  }
  state.counters["us_per_fault"] =
      faulting / static_cast<double>(state.iterations()) / chunks * 1e6;
  state.counters["ratio"] = faulting / copying;
  gpu().free(memory);
}
BENCHMARK(fault_to_system)->Name("fault/vram_to_system_2MiB")->UseManualTime();

// Goal: at least 0.9 x the bandwidth of memcpy, so a ratio of at most 1.1.
void prefetch_bulk(benchmark::State& state) {
  const std::size_t bytes = 256 * mebibyte;
  std::byte* memory = gpu().allocate_shared(bytes);
  std::memset(memory, 1, bytes);
  PlainCopy copy(bytes);
  gpu().prefetch(memory, bytes);
  double prefetching = 0, copying = 0;
  for (auto unused : state) {
    touch_by_cpu(memory, bytes);
    const double time = seconds([&] { gpu().prefetch(memory, bytes); });
    state.SetIterationTime(time);
    prefetching += time;
    copying += copy.run();
  }
  state.counters["ratio"] = prefetching / copying;
  gpu().free(memory);
}
BENCHMARK(prefetch_bulk)->Name("prefetch/256MiB")->UseManualTime();

// A prefetch of memory that is there already.
void prefetch_valid(benchmark::State& state) {
  const std::size_t bytes = 256 * mebibyte;
  std::byte* memory = gpu().allocate_shared(bytes);
  gpu().prefetch(memory, bytes);
  for (auto unused : state) gpu().prefetch(memory, bytes);
  gpu().free(memory);
}
BENCHMARK(prefetch_valid)->Name("prefetch/256MiB_already_there")->UseRealTime();

// Goal: at most 1.05 x device allocations with explicit copies. Both begin with initialised host
// memory and end with the result readable by the CPU.
void triad(benchmark::State& state) {
  const std::size_t count = 256 * mebibyte / sizeof(double);
  const std::size_t bytes = count * sizeof(double);
  const double scalar = 3.0;
  std::byte* shared[3];
  std::byte* device[3];
  for (auto& memory : shared) memory = gpu().allocate_shared(bytes);
  for (auto& memory : device) memory = gpu().allocate_device(bytes);
  const auto host = std::make_unique<std::vector<double>[]>(3);
  for (int i = 0; i < 3; ++i) host[i].assign(count, i + 1.0);

  double with_pointers = 0, with_copies = 0;
  for (auto unused : state) {
    for (int i = 0; i < 3; ++i) std::memcpy(shared[i], host[i].data(), bytes);
    const double time = seconds([&] {
      gpu().launch("triad", count, shared[0], shared[1], shared[2], scalar);
      touch_by_cpu(shared[0], bytes);
    });
    state.SetIterationTime(time);
    with_pointers += time;
    with_copies += seconds([&] {
      gpu().copy(device[1], host[1].data(), bytes);
      gpu().copy(device[2], host[2].data(), bytes);
      gpu().launch("triad", count, device[0], device[1], device[2], scalar);
      gpu().copy(host[0].data(), device[0], bytes);
    });
  }
  state.counters["ratio"] = with_pointers / with_copies;
  for (auto* memory : shared) gpu().free(memory);
  for (auto* memory : device) gpu().free(memory);
}
BENCHMARK(triad)->Name("triad/256MiB_arrays")->UseManualTime()->Iterations(3);

// A launch that faults on nothing: what the others stand on.
void launch_alone(benchmark::State& state) {
  std::byte* memory = gpu().allocate_shared(chunk);
  std::byte* out = gpu().allocate_shared(chunk);
  gpu().launch("read_one", 1, memory, out);
  for (auto unused : state) gpu().launch("read_one", 1, memory, out);
  gpu().free(memory);
  gpu().free(out);
}
BENCHMARK(launch_alone)->Name("launch/nothing_moves")->UseRealTime();

}  // namespace

int main(int argc, char** argv) {
  ::setenv("ZE_ENABLE_ALT_DRIVERS", ZESVM_BENCH_DRIVER, 0);
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("clock", "wall, simulated node");
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
