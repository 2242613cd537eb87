/// @file timing.hpp
/// What the benchmarks share: times of things done in turns, as medians, and plain copies to compare
/// them with.
#pragma once

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

namespace zesvm::bench {

inline constexpr std::size_t kibibyte = std::size_t{1} << 10;
inline constexpr std::size_t mebibyte = std::size_t{1} << 20;
/// The largest chunk, which memory moves in unless it is too small for it.
inline constexpr std::size_t chunk = 2 * mebibyte;

/// Returns how many seconds `work` takes.
template <typename Work>
double seconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Times of one thing, done again and again.
class Times {
 public:
  void add(double time) { times_.push_back(time); }
  double median() { return at(times_.size() / 2); }
  double best() { return at(0); }

 private:
  double at(std::size_t rank) {
    if (times_.empty()) return 0;
    const auto place = times_.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(times_.begin(), place, times_.end());
    return *place;
  }
  std::vector<double> times_;
};

/// Reports how `measured` compares with `baseline`, taken in turns in the same run: "ratio" of the
/// medians, and "ratio_best" of the fastest of each, which other programs disturb least.
inline void report(benchmark::State& state, Times& measured, Times& baseline) {
  state.counters["ratio"] = measured.median() / baseline.median();
  state.counters["ratio_best"] = measured.best() / baseline.best();
}

/// Calls `work(i)` for each i below `count`, each on a thread of its own; on this one if there is one.
template <typename Work>
void on_threads(std::size_t count, const Work& work) {
  if (count == 1) return work(0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

/// Two buffers whose pages exist, as those behind migrated memory do, copied piece by piece.
class PlainCopy {
 public:
  explicit PlainCopy(std::size_t bytes) : from_(bytes, 1), to_(bytes, 2) {}

  /// Copies `count` pieces that begin `stride` bytes apart, with so many threads.
  void run(std::size_t count, std::size_t piece, std::size_t stride, std::size_t threads = 1) {
    on_threads(threads, [&](std::size_t thread) {
      for (std::size_t i = thread * count / threads; i < (thread + 1) * count / threads; ++i)
        std::memcpy(to_.data() + i * stride, from_.data() + i * stride, piece);
      benchmark::ClobberMemory();
    });
  }
  /// Copies all of it in chunks.
  void run(std::size_t threads = 1) { run(to_.size() / chunk, chunk, chunk, threads); }

 private:
  std::vector<char> from_, to_;
};

/// Writes one word in every `stride` bytes.
inline void touch_by_cpu(std::byte* memory, std::size_t count, std::size_t stride) {
  for (std::size_t i = 0; i < count; ++i) {
    auto* word = reinterpret_cast<volatile unsigned*>(memory + i * stride);
    *word = *word + 1;
  }
}

}  // namespace zesvm::bench
