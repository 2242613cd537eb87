// What page faults that move memory cost, on either side, as ratios to copying the same bytes.
#include <cstring>
#include <memory>

#include "bench/node/level_zero.hpp"
#include "bench/node/timing.hpp"

namespace zesvm::bench {
namespace {

/// Memory that moves in chunks of one size, so many of them.
class Chunks {
 public:
  Chunks(std::size_t size, std::size_t count)
      : size_(size),
        count_(count),
        stride_(std::max(size, 64 * kibibyte)),
        memory_(count * stride_) {
    // Chunks below 2 MiB come about where no larger one fits, those of 4 KiB where the 64 KiB around
    // them have not all their pages.
    for (std::size_t i = 0; i < count_; ++i) std::memset(memory_.begin() + i * stride_, 1, size_);
  }

  void touch_by_gpu(Gpu& gpu, std::size_t first, std::size_t count) const {
    const unsigned long words = stride_ / sizeof(unsigned);
    std::byte* const begin = memory_.begin() + first * stride_;
    gpu.launch("touch", count, begin, words);
  }
  void touch_by_cpu(std::size_t first, std::size_t count) const {
    bench::touch_by_cpu(memory_.begin() + first * stride_, count, stride_);
  }
  std::size_t size() const { return size_; }
  std::size_t count() const { return count_; }
  std::size_t stride() const { return stride_; }
  std::size_t bytes() const { return memory_.bytes(); }

 private:
  std::size_t size_, count_, stride_;
  Memory memory_;
};

/// No more fit where a chunk of 2 MiB must not.
std::size_t count_of(std::size_t size) { return size == chunk ? 32 : 31; }

// Goal at 2 MiB on one tile: ratio at most 1.3. Arguments: chunk size, tiles, each with its own chunks.
void gpu_fault(benchmark::State& state) {
  Machine& machine = Machine::get();
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto tiles = static_cast<std::size_t>(state.range(1));
  if (tiles > machine.gpu_count()) return state.SkipWithError("the node has fewer tiles");
  const std::size_t each = count_of(size);
  std::vector<std::unique_ptr<Chunks>> chunks;
  for (std::size_t i = 0; i < tiles; ++i) chunks.push_back(std::make_unique<Chunks>(size, each));
  PlainCopy copy(tiles * chunks[0]->bytes());
  const auto launch = [&] {
    on_threads(tiles, [&](std::size_t i) { chunks[i]->touch_by_gpu(machine.gpu(i), 0, each); });
  };
  const auto bring_back = [&] {
    for (const auto& one : chunks) one->touch_by_cpu(0, each);
  };
  for (int warm_up = 0; warm_up < 4; ++warm_up) launch(), bring_back();
  Times faulting, copying;
  const std::uint64_t moved_before = machine.bytes_to_vram();
  for (auto unused : state) {
    const double with_faults = seconds(launch);
    const double without = seconds(launch);
    bring_back();
    state.SetIterationTime(with_faults);
    faulting.add(with_faults - without);
    copying.add(seconds([&] { copy.run(tiles * each, size, chunks[0]->stride(), tiles); }));
  }
  const double faults = static_cast<double>(tiles * each);
  report(state, faulting, copying);
  state.counters["us_per_fault"] = faulting.median() / static_cast<double>(each) * 1e6;
  state.counters["faults_per_s"] = faults / faulting.median();
  state.counters["GB_per_s"] = faults * static_cast<double>(size) / faulting.median() / 1e9;
  state.counters["bytes_per_fault"] = static_cast<double>(machine.bytes_to_vram() - moved_before) /
                                      (faults * static_cast<double>(state.iterations()));
}
BENCHMARK(gpu_fault)
    ->Name("gpu_fault")
    ->ArgNames({"bytes", "tiles"})
    ->ArgsProduct({{chunk, 64 * kibibyte, 4 * kibibyte}, {1, 2, 4}})
    ->UseManualTime();

// The first fault on memory that was only just made: with `--backing system` it is adopted, with all
// that finds out what it is. Argument: chunk size.
void first_gpu_fault(benchmark::State& state) {
  Machine& machine = Machine::get();
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::size_t count = count_of(size);
  PlainCopy copy(Chunks(size, count).bytes());
  Times faulting, copying;
  for (auto unused : state) {
    const Chunks chunks(size, count);
    const auto launch = [&] { chunks.touch_by_gpu(machine.gpu(), 0, count); };
    const double with_faults = seconds(launch);
    const double without = seconds(launch);
    state.SetIterationTime(with_faults);
    faulting.add(with_faults - without);
    copying.add(seconds([&] { copy.run(count, size, chunks.stride()); }));
  }
  report(state, faulting, copying);
  state.counters["us_per_fault"] = faulting.median() / static_cast<double>(count) * 1e6;
  state.counters["us_best"] = faulting.best() / static_cast<double>(count) * 1e6;
}
BENCHMARK(first_gpu_fault)
    ->Name("first_gpu_fault")
    ->ArgName("bytes")
    ->Arg(chunk)
    ->Arg(64 * kibibyte)
    ->UseManualTime();

// The way back: CPU touches of memory in VRAM. Arguments: chunk size, threads, each with its own chunks.
void cpu_fault(benchmark::State& state) {
  Machine& machine = Machine::get();
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto threads = static_cast<std::size_t>(state.range(1));
  const Chunks chunks(size, count_of(size));
  const std::size_t count = chunks.count();
  PlainCopy copy(chunks.bytes());
  const auto touch = [&] {
    on_threads(threads, [&](std::size_t i) {
      const std::size_t first = i * count / threads;
      chunks.touch_by_cpu(first, (i + 1) * count / threads - first);
    });
  };
  for (int warm_up = 0; warm_up < 4; ++warm_up) {
    chunks.touch_by_gpu(machine.gpu(), 0, count);
    touch();
  }
  Times faulting, copying;
  const std::uint64_t moved_before = machine.bytes_to_system();
  for (auto unused : state) {
    chunks.touch_by_gpu(machine.gpu(), 0, count);
    const double time = seconds(touch);
    state.SetIterationTime(time);
    faulting.add(time);
    copying.add(seconds([&] { copy.run(count, size, chunks.stride(), threads); }));
  }
  report(state, faulting, copying);
  const double faults = static_cast<double>(count);
  state.counters["us_per_fault"] = faulting.median() / faults * 1e6;
  state.counters["faults_per_s"] = faults / faulting.median();
  state.counters["GB_per_s"] = faults * static_cast<double>(size) / faulting.median() / 1e9;
  state.counters["bytes_per_fault"] =
      static_cast<double>(machine.bytes_to_system() - moved_before) /
      (faults * static_cast<double>(state.iterations()));
}
BENCHMARK(cpu_fault)
    ->Name("cpu_fault")
    ->ArgNames({"bytes", "threads"})
    ->ArgsProduct({{chunk, 64 * kibibyte, 4 * kibibyte}, {1, 2, 4}})
    ->UseManualTime();

// Goal: at least 100 times fewer bytes than whole-allocation migration: bytes_moved at most 10 MiB.
void sparse_read(benchmark::State& state) {
  Machine& machine = Machine::get();
  const Memory memory(1024 * mebibyte);
  machine.gpu().prefetch(memory.begin(), memory.bytes());
  std::size_t at = 0;
  unsigned sum = 0;
  const std::uint64_t moved_before = machine.bytes_to_system();
  for (auto unused : state) {
    sum += *reinterpret_cast<const volatile unsigned*>(memory.begin() + at);
    // An odd number of chunks further: each is met once before any is met again.
    at = (at + 37 * chunk + 4096) % memory.bytes() / 4 * 4;
  }
  benchmark::DoNotOptimize(sum);
  const double moved = static_cast<double>(machine.bytes_to_system() - moved_before) /
                       static_cast<double>(state.iterations());
  state.counters["bytes_moved"] = moved;
  state.counters["fewer_than_whole"] = static_cast<double>(memory.bytes()) / moved;
}
BENCHMARK(sparse_read)->Name("sparse_cpu_read/1GiB")->Iterations(64)->UseRealTime();

// A launch that faults on nothing: what the others stand on.
void launch_alone(benchmark::State& state) {
  Gpu& gpu = Machine::get().gpu();
  const Memory memory(chunk), out(chunk);
  std::byte* const from = memory.begin();
  std::byte* const to = out.begin();
  gpu.launch("read_one", 1, from, to);
  for (auto unused : state) gpu.launch("read_one", 1, from, to);
}
BENCHMARK(launch_alone)->Name("launch/nothing_moves")->UseRealTime();

}  // namespace
}  // namespace zesvm::bench
