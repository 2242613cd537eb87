// What moving much at once costs: prefetches, and a triad over large arrays.
#include <cstring>
#include <memory>

#include "bench/node/level_zero.hpp"
#include "bench/node/timing.hpp"

namespace zesvm::bench {
namespace {

// Goal on one tile: at least 0.9 x the bandwidth of memcpy, so a ratio of at most 1.1. 256 MiB in all,
// an equal part to each tile, from a thread of its own; so is the copy it is compared with.
void prefetch_bulk(benchmark::State& state) {
  Machine& machine = Machine::get();
  const auto tiles = static_cast<std::size_t>(state.range(0));
  if (tiles > machine.gpu_count()) return state.SkipWithError("the node has fewer tiles");
  const Memory memory(256 * mebibyte);
  std::memset(memory.begin(), 1, memory.bytes());
  PlainCopy copy(memory.bytes());
  const std::size_t part = memory.bytes() / tiles;
  const auto prefetch = [&] {
    on_threads(tiles,
               [&](std::size_t i) { machine.gpu(i).prefetch(memory.begin() + i * part, part); });
  };
  const auto bring_back = [&] { touch_by_cpu(memory.begin(), memory.bytes() / chunk, chunk); };
  for (int warm_up = 0; warm_up < 3; ++warm_up) prefetch(), bring_back();
  Times prefetching, copying;
  for (auto unused : state) {
    const double time = seconds(prefetch);
    state.SetIterationTime(time);
    bring_back();
    prefetching.add(time);
    copying.add(seconds([&] { copy.run(tiles); }));
  }
  report(state, prefetching, copying);
  state.counters["GB/s"] = static_cast<double>(memory.bytes()) / prefetching.median() * 1e-9;
}
BENCHMARK(prefetch_bulk)
    ->Name("prefetch/256MiB")
    ->ArgName("tiles")
    ->Arg(1)
    ->Arg(2)
    ->Arg(4)
    ->UseManualTime();

// A prefetch of memory that is there already.
void prefetch_valid(benchmark::State& state) {
  Gpu& gpu = Machine::get().gpu();
  const Memory memory(256 * mebibyte);
  gpu.prefetch(memory.begin(), memory.bytes());
  for (auto unused : state) gpu.prefetch(memory.begin(), memory.bytes());
}
BENCHMARK(prefetch_valid)->Name("prefetch/256MiB_already_there")->UseRealTime();

// Goal: at most 1.05 x device allocations with explicit copies. Both begin with initialised host
// memory and end with the result readable by the CPU.
void triad(benchmark::State& state) {
  Gpu& gpu = Machine::get().gpu();
  const std::size_t count = 256 * mebibyte / sizeof(double);
  const std::size_t bytes = count * sizeof(double);
  const double scalar = 3.0;
  const Memory shared[3] = {Memory(bytes), Memory(bytes), Memory(bytes)};
  std::byte* const a = shared[0].begin();
  std::byte* const b = shared[1].begin();
  std::byte* const c = shared[2].begin();
  std::byte* device[3];
  for (auto& memory : device) memory = gpu.allocate_device(bytes);
  const auto host = std::make_unique<std::vector<double>[]>(3);
  for (int i = 0; i < 3; ++i) host[i].assign(count, i + 1.0);

  Times with_pointers, with_copies;
  for (auto unused : state) {
    for (int i = 0; i < 3; ++i) std::memcpy(shared[i].begin(), host[i].data(), bytes);
    const double time = seconds([&] {
      gpu.launch("triad", count, a, b, c, scalar);
      touch_by_cpu(a, bytes / chunk, chunk);
    });
    state.SetIterationTime(time);
    with_pointers.add(time);
    with_copies.add(seconds([&] {
      gpu.copy(device[1], host[1].data(), bytes);
      gpu.copy(device[2], host[2].data(), bytes);
      gpu.launch("triad", count, device[0], device[1], device[2], scalar);
      gpu.copy(host[0].data(), device[0], bytes);
    }));
  }
  report(state, with_pointers, with_copies);
  for (auto* memory : device) gpu.free_device(memory);
}
BENCHMARK(triad)->Name("triad/256MiB_arrays")->UseManualTime()->Iterations(5);

}  // namespace
}  // namespace zesvm::bench
