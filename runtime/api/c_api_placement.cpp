// zesvm.h: plans.
#include <algorithm>
#include <memory>
#include <sstream>

#include "api/c_api.hpp"

struct zesvm_planner {
  zesvm::Runtime& runtime;
  zesvm::PlacementPlanner planner;
};
struct zesvm_plan {
  zesvm::PlacementPlan plan;
};

namespace zesvm::c_api {
namespace {

std::vector<MemoryUse> uses_of(const char* function, const Runtime& runtime,
                               const zesvm_memory_use* uses, std::size_t count) {
  if (count > 0) require(function, uses);
  std::vector<MemoryUse> all;
  for (std::size_t i = 0; i < count; ++i) {
    check_structure(function, &uses[i]);
    MemoryUse use;
    if (uses[i].device != ZESVM_SYSTEM) use.device = runtime.device(uses[i].device);
    use.read_bytes = uses[i].read_bytes;
    use.written_bytes = uses[i].written_bytes;
    use.atomics = uses[i].atomics;
    use.times = std::max<std::uint64_t>(uses[i].times, 1);
    use.begin = uses[i].begin;
    use.end = uses[i].end;
    all.push_back(use);
  }
  return all;
}

std::vector<Device> devices_of(const char* function, const Runtime& runtime,
                               const std::size_t* devices, std::size_t count) {
  if (count > 0) require(function, devices);
  std::vector<Device> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(runtime.device(devices[i]));
  return all;
}

std::size_t device_of(const PlacedPiece& piece) {
  switch (piece.where) {
    case PlacedPiece::Where::device: return piece.device.value_or(ZESVM_ANYWHERE);
    case PlacedPiece::Where::system: return ZESVM_SYSTEM;
    case PlacedPiece::Where::anywhere: break;
  }
  return ZESVM_ANYWHERE;
}

HintResult worst_of(const std::vector<HintResult>& results) {
  const auto ignored = std::find_if(results.begin(), results.end(), [](const HintResult& one) {
    return one.outcome == HintOutcome::ignored;
  });
  return ignored != results.end() ? *ignored : HintResult{};
}

}  // namespace
}  // namespace zesvm::c_api

using namespace zesvm::c_api;

extern "C" {

zesvm_code zesvm_planner_create(zesvm_runtime* runtime, zesvm_planner** planner) {
  return guarded([&] {
    require("zesvm_planner_create", runtime, planner);
    *planner = new zesvm_planner{runtime->runtime, zesvm::PlacementPlanner(runtime->runtime)};
  });
}

void zesvm_planner_destroy(zesvm_planner* planner) { delete planner; }

zesvm_code zesvm_plan_uses(const zesvm_planner* planner, const void* pointer, size_t bytes,
                           const zesvm_memory_use* uses, size_t count, zesvm_plan** plan) {
  return guarded([&] {
    require("zesvm_plan_uses", planner, plan);
    const auto all = uses_of("zesvm_plan_uses", planner->runtime, uses, count);
    *plan = new zesvm_plan{planner->planner.plan(pointer, bytes, all)};
  });
}

zesvm_code zesvm_plan_block(const zesvm_planner* planner, const void* pointer, size_t bytes,
                            const size_t* devices, size_t count, zesvm_plan** plan) {
  return guarded([&] {
    require("zesvm_plan_block", planner, plan);
    const auto over = devices_of("zesvm_plan_block", planner->runtime, devices, count);
    *plan = new zesvm_plan{planner->planner.block(pointer, bytes, over)};
  });
}

zesvm_code zesvm_plan_cyclic(const zesvm_planner* planner, const void* pointer, size_t bytes,
                             size_t stride, const size_t* devices, size_t count,
                             zesvm_plan** plan) {
  return guarded([&] {
    require("zesvm_plan_cyclic", planner, plan);
    const auto over = devices_of("zesvm_plan_cyclic", planner->runtime, devices, count);
    *plan = new zesvm_plan{planner->planner.cyclic(pointer, bytes, stride, over)};
  });
}

zesvm_code zesvm_plan_first_touch(const zesvm_planner* planner, const void* pointer, size_t bytes,
                                  const zesvm_memory_use* touches, size_t count,
                                  zesvm_plan** plan) {
  return guarded([&] {
    require("zesvm_plan_first_touch", planner, plan);
    const auto all = uses_of("zesvm_plan_first_touch", planner->runtime, touches, count);
    *plan = new zesvm_plan{planner->planner.first_touch(pointer, bytes, all)};
  });
}

void zesvm_plan_destroy(zesvm_plan* plan) { delete plan; }

size_t zesvm_plan_piece_count(const zesvm_plan* plan) {
  return plan != nullptr ? plan->plan.pieces.size() : 0;
}

zesvm_code zesvm_plan_piece(const zesvm_plan* plan, size_t index, zesvm_placed_piece* piece) {
  return guarded([&] {
    require("zesvm_plan_piece", plan);
    check_structure("zesvm_plan_piece", piece);
    if (index >= plan->plan.pieces.size())
      refuse("zesvm_plan_piece", "the plan has " + std::to_string(plan->plan.pieces.size()) +
                                     " pieces, and none of number " + std::to_string(index));
    const zesvm::PlacedPiece& from = plan->plan.pieces[index];
    piece->begin = reinterpret_cast<const void*>(from.begin);
    piece->bytes = from.end - from.begin;
    piece->device = device_of(from);
    piece->cost_nanoseconds = from.cost_nanoseconds;
    piece->reason = from.reason.c_str();
  });
}

uint64_t zesvm_plan_cost(const zesvm_plan* plan) {
  return plan != nullptr ? plan->plan.cost_nanoseconds() : 0;
}

zesvm_code zesvm_plan_text(const zesvm_plan* plan, char* text, size_t* length) {
  return guarded([&] {
    require("zesvm_plan_text", plan, length);
    std::ostringstream lines;
    lines << plan->plan;
    write_text(lines.str(), text, length);
  });
}

zesvm_code zesvm_plan_apply(const zesvm_planner* planner, const zesvm_plan* plan,
                            zesvm_hint* hint) {
  return guarded([&] {
    require("zesvm_plan_apply", planner, plan);
    check_hint("zesvm_plan_apply", hint);
    give(worst_of(planner->planner.apply(plan->plan)), hint);
  });
}

zesvm_code zesvm_place_host_memory(const zesvm_planner* planner, const void* pointer, size_t bytes,
                                   size_t device, zesvm_hint* hint) {
  return guarded([&] {
    require("zesvm_place_host_memory", planner);
    check_hint("zesvm_place_host_memory", hint);
    const zesvm::Device& near = planner->runtime.device(device);
    give(planner->planner.place_host_memory(pointer, bytes, near), hint);
  });
}

zesvm_code zesvm_bind_thread_near(const zesvm_planner* planner, size_t device, zesvm_hint* hint) {
  return guarded([&] {
    require("zesvm_bind_thread_near", planner);
    check_hint("zesvm_bind_thread_near", hint);
    give(planner->planner.bind_thread_near(planner->runtime.device(device)), hint);
  });
}

}  // extern "C"
