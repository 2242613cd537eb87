#include "exchange.hpp"

#include <algorithm>
#include <chrono>

namespace zesvm::bench {
namespace {

constexpr std::size_t steps = 8;
// A field of 4 MiB and borders of 256 KiB; what is given to a peer at once is 2 MiB.
constexpr std::size_t field_items = std::size_t{512} << 10;
constexpr std::size_t border_items = std::size_t{32} << 10;
constexpr std::size_t block_items = std::size_t{256} << 10;

std::size_t add_buffer(Program& program, std::size_t count, std::vector<MemoryUse> uses) {
  program.buffers.push_back({count, std::move(uses)});
  return program.buffers.size() - 1;
}

std::uint64_t bytes_of(std::size_t items) { return items * sizeof(double); }

// Written by one device and read by another, once in each step.
std::size_t add_shared(Program& program, const Device& writer, const Device& reader,
                       std::size_t items) {
  return add_buffer(
      program, block_items,
      {used_by(writer, 0, bytes_of(items), steps), used_by(reader, bytes_of(items), 0, steps)});
}

std::size_t add_private(Program& program, const Device& device, std::size_t items) {
  return add_buffer(program, items, {used_by(device, bytes_of(items), bytes_of(items), steps)});
}

void place(Runtime& runtime, Strategy strategy, const Program& program,
           const std::vector<Array<double>>& memory) {
  if (strategy == Strategy::first_touch) return;
  if (strategy == Strategy::system_memory) {
    for (const Array<double>& array : memory)
      runtime.address_space().advise(array.data(), array.size_bytes(), prefer_system_memory());
    return;
  }
  const PlacementPlanner planner(runtime);
  PlacementPlan whole;
  for (std::size_t i = 0; i < memory.size(); ++i) {
    const auto plan =
        planner.plan(memory[i].data(), memory[i].size_bytes(), program.buffers[i].uses);
    whole.pieces.insert(whole.pieces.end(), plan.pieces.begin(), plan.pieces.end());
  }
  planner.apply(whole);
}

void launch(Stream& stream, const Module& module, const Launch& one,
            const std::vector<Array<double>>& memory) {
  const auto at = [&](std::size_t i) { return memory[one.buffers[i]].data(); };
  const Kernel kernel = module.kernel(one.kernel);
  if (one.buffers.size() == 3)
    stream.launch(kernel, grid(one.items), at(0), at(1), at(2));
  else
    stream.launch(kernel, grid(one.items), at(0), at(1));
}

}  // namespace

const char* name_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::planned: return "planned";
    case Strategy::first_touch: return "first touch";
    case Strategy::system_memory: return "system memory";
  }
  return "unknown";
}

Program halo_exchange(const Runtime& runtime) {
  const auto& devices = runtime.devices();
  const std::size_t n = devices.size();
  Program program{"halo exchange", steps, {}, {{}, {}}};
  std::vector<std::size_t> field, next, to_right, to_left;
  for (std::size_t i = 0; i < n; ++i) {
    field.push_back(add_private(program, devices[i], field_items));
    next.push_back(add_private(program, devices[i], field_items));
    to_right.push_back(add_shared(program, devices[i], devices[(i + 1) % n], border_items));
    to_left.push_back(add_shared(program, devices[i], devices[(i + n - 1) % n], border_items));
  }
  for (std::size_t i = 0; i < n; ++i) {
    program.phases[0].push_back({i, "copy", field_items, {field[i], next[i]}});
    program.phases[0].push_back({i, "copy", border_items, {field[i], to_right[i]}});
    program.phases[0].push_back({i, "copy", border_items, {field[i], to_left[i]}});
    const std::size_t left = to_right[(i + n - 1) % n];
    const std::size_t right = to_left[(i + 1) % n];
    program.phases[1].push_back({i, "add", border_items, {left, right, field[i]}});
  }
  return program;
}

Program all_pairs_exchange(const Runtime& runtime) {
  const auto& devices = runtime.devices();
  Program program{"all-pairs exchange", steps, {}, {{}, {}}};
  std::vector<std::size_t> own, received;
  for (const Device& device : devices) {
    own.push_back(add_private(program, device, block_items));
    received.push_back(add_private(program, device, block_items));
  }
  for (std::size_t i = 0; i < devices.size(); ++i)
    for (std::size_t j = 0; j < devices.size(); ++j) {
      if (i == j) continue;
      const std::size_t sent = add_shared(program, devices[i], devices[j], block_items);
      program.phases[0].push_back({i, "copy", block_items, {own[i], sent}});
      program.phases[1].push_back({j, "copy", block_items, {sent, received[j]}});
    }
  return program;
}

Outcome run(Runtime& runtime, const Program& program, Strategy strategy) {
  std::vector<Array<double>> memory;
  for (const Buffer& buffer : program.buffers) {
    memory.push_back(runtime.address_space().make_array<double>(buffer.count));
    std::fill(memory.back().begin(), memory.back().end(), 1.0);
  }
  const Module module = runtime.load_module("triad");
  std::vector<Stream> streams;
  for (const Device& device : runtime.devices()) streams.emplace_back(device);

  const std::uint64_t before = runtime.statistics().virtual_nanoseconds;
  const auto begun = std::chrono::steady_clock::now();
  place(runtime, strategy, program, memory);
  for (std::size_t step = 0; step < program.steps; ++step)
    for (const auto& phase : program.phases) {
      for (const Launch& one : phase) launch(streams[one.device], module, one, memory);
      for (Stream& stream : streams) stream.wait();
    }
  Outcome outcome;
  outcome.virtual_ms = static_cast<double>(runtime.statistics().virtual_nanoseconds - before) / 1e6;
  outcome.wall_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
  for (const Array<double>& array : memory)
    for (std::size_t i = 0; i < array.size(); i += 1021) outcome.checksum += array[i];
  return outcome;
}

}  // namespace zesvm::bench
