/// @file pipeline.hpp
/// A program of two stages on two devices, the same on every node.
#pragma once

#include <cstdint>
#include <numeric>

#include <zesvm/zesvm.hpp>

namespace zesvm::tests {

/// 2 MiB: the largest chunk.
inline constexpr std::size_t chunk = std::size_t{2} << 20;

/// What a pipeline computed, and what moved until it had.
struct PipelineOutcome {
  std::uint64_t sum = 0;
  Statistics moved;
};

/// Fills blocks on device 0 and increments them on device 1, a block behind. The CPU touches
/// nothing before both are done.
inline PipelineOutcome run_pipeline(Runtime& runtime, std::size_t blocks) {
  const std::size_t items = chunk / sizeof(std::uint32_t);
  const auto module = runtime.load_module("fill");
  auto data = runtime.address_space().make_array<std::uint32_t>(blocks * items);
  const Statistics before = runtime.statistics();
  Stream producer(runtime.device(0));
  Stream consumer(runtime.device(1));
  for (std::size_t i = 0; i < blocks; ++i) {
    producer.launch(module.kernel("fill"), grid(items), data.data() + i * items,
                    static_cast<std::uint32_t>(i));
    consumer.wait_for(producer.record());
    consumer.launch(module.kernel("increment"), grid(items), data.data() + i * items);
  }
  producer.wait();
  consumer.wait();
  PipelineOutcome outcome;
  outcome.moved = runtime.statistics() - before;
  outcome.sum = std::accumulate(data.begin(), data.end(), std::uint64_t{0});
  return outcome;
}

/// Returns what the pipeline must compute.
inline std::uint64_t pipeline_sum(std::size_t blocks) {
  return blocks * (blocks + 1) / 2 * (chunk / sizeof(std::uint32_t));
}

}  // namespace zesvm::tests
