// A stencil on a ring of devices, each with a field of its own, which give their borders to their
// neighbours in every step. Run once with memory that goes wherever it is touched, and once as
// planned for the links of this node; the gain is in virtual time, so it needs a simulated node:
//
//   ZESVM_NODE=pvc-1 placed_stencil        (or bmg-2, pvc-6, arc-2)
#include <iostream>

#include <zesvm/zesvm.hpp>

namespace {

constexpr std::size_t field_items = 1 << 19;   // 4 MiB
constexpr std::size_t border_items = 1 << 15;  // 256 KiB
constexpr std::size_t steps = 10;

struct Part {
  zesvm::Array<double> field, next, to_left, to_right;
};

std::vector<Part> make_parts(zesvm::Runtime& runtime) {
  auto& space = runtime.address_space();
  std::vector<Part> parts;
  for (std::size_t i = 0; i < runtime.devices().size(); ++i) {
    parts.push_back({space.make_array<double>(field_items), space.make_array<double>(field_items),
                     space.make_array<double>(field_items / 2),
                     space.make_array<double>(field_items / 2)});
    for (double& value : parts.back().field) value = static_cast<double>(i);
  }
  return parts;
}

enum class Talks { no, yes };

// Says who uses what, and lets the planner place it.
void place(zesvm::Runtime& runtime, const std::vector<Part>& parts, Talks talks) {
  using zesvm::used_by;
  const zesvm::PlacementPlanner planner(runtime);
  const auto& devices = runtime.devices();
  const std::size_t n = parts.size();
  const std::size_t field = field_items * sizeof(double), border = border_items * sizeof(double);
  zesvm::PlacementPlan whole;
  const auto add = [&](const zesvm::Array<double>& array,
                       const std::vector<zesvm::MemoryUse>& uses) {
    const auto plan = planner.plan(array.data(), array.size_bytes(), uses);
    if (talks == Talks::yes && whole.pieces.size() < 4) std::cout << plan;
    whole.pieces.insert(whole.pieces.end(), plan.pieces.begin(), plan.pieces.end());
  };
  for (std::size_t i = 0; i < n; ++i) {
    const auto& own = devices[i];
    const auto& left = devices[(i + n - 1) % n];
    const auto& right = devices[(i + 1) % n];
    add(parts[i].field, {used_by(own, field, field, steps)});
    add(parts[i].next, {used_by(own, field, field, steps)});
    add(parts[i].to_left, {used_by(own, 0, border, steps), used_by(left, border, 0, steps)});
    add(parts[i].to_right, {used_by(own, 0, border, steps), used_by(right, border, 0, steps)});
  }
  planner.apply(whole);
}

void run_steps(zesvm::Runtime& runtime, const std::vector<Part>& parts) {
  const auto module = runtime.load_module("triad");
  const auto copy = module.kernel("copy"), add = module.kernel("add");
  std::vector<zesvm::Stream> streams;
  for (const auto& device : runtime.devices()) streams.emplace_back(device);
  const auto wait_for_all = [&] {
    for (auto& stream : streams) stream.wait();
  };
  const std::size_t n = parts.size();
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < n; ++i) {
      streams[i].launch(copy, zesvm::grid(field_items), parts[i].field, parts[i].next);
      streams[i].launch(copy, zesvm::grid(border_items), parts[i].field, parts[i].to_left);
      streams[i].launch(copy, zesvm::grid(border_items), parts[i].field, parts[i].to_right);
    }
    wait_for_all();
    for (std::size_t i = 0; i < n; ++i)
      streams[i].launch(add, zesvm::grid(border_items), parts[(i + n - 1) % n].to_right,
                        parts[(i + 1) % n].to_left, parts[i].field);
    wait_for_all();
  }
}

struct Outcome {
  double virtual_ms = 0;
  double sum = 0;
};

enum class Placed { by_touch, by_plan };

Outcome run(zesvm::Runtime& runtime, Placed placed, Talks talks = Talks::no) {
  const auto parts = make_parts(runtime);
  const auto before = runtime.statistics();
  if (placed == Placed::by_plan) place(runtime, parts, talks);
  run_steps(runtime, parts);
  const auto used = runtime.statistics() - before;
  Outcome outcome;
  outcome.virtual_ms = static_cast<double>(used.virtual_nanoseconds) / 1e6;
  for (const Part& part : parts) outcome.sum += part.field[0];
  return outcome;
}

}  // namespace

int main() {
  try {
    zesvm::Runtime runtime;
    if (!runtime.is_simulated() || runtime.devices().size() < 2) {
      std::cerr
          << "placed_stencil: needs a simulated node of two tiles, such as ZESVM_NODE=pvc-1\n";
      return 1;
    }
    std::cout << "Where the planner puts the memory of the first device, and why:\n";
    // Once before it counts: the first advice for a peer sends data to all of them, to see it arrive.
    run(runtime, Placed::by_plan, Talks::yes);
    const Outcome touched = run(runtime, Placed::by_touch);
    const Outcome planned = run(runtime, Placed::by_plan);
    std::cout << "by touch: " << touched.virtual_ms << " ms virtual time\n"
              << "planned:  " << planned.virtual_ms << " ms virtual time, "
              << touched.virtual_ms / planned.virtual_ms << " times faster\n";
    return touched.sum == planned.sum ? 0 : 1;
  } catch (const zesvm::Error& error) {
    std::cerr << "placed_stencil: " << error.what() << "\n";
    return 1;
  }
}
