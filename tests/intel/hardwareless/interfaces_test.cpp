// What else a program has to do with the library: its own Level Zero objects, containers, plans, and the C interface.
#include <cstdint>

#include <zesvm/interop.hpp>
#include <zesvm/memory_resource.hpp>
#include <zesvm/placement.hpp>
#include <zesvm/zesvm.h>

#include "intel/hardwareless/driver_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using InterfacesTest = HardwarelessTest;

#define EXPECT_ZE(call) EXPECT_EQ((call), ZE_RESULT_SUCCESS) << #call
#define EXPECT_OK(call) EXPECT_EQ((call), ZESVM_OK) << zesvm_last_error()

TEST_F(InterfacesTest, StreamsWorkThroughAListOfTheProgram) {
  ze_command_queue_desc_t queue{};
  queue.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
  ze_command_list_handle_t list = nullptr;
  EXPECT_ZE(
      zeCommandListCreateImmediate(native_context(rt), native_device(rt.device(0)), &queue, &list));
  {
    auto words = space.make_array<std::uint32_t>(256);
    space.prepare(rt.device(0), {{words.data(), words.size_bytes(), AccessMode::write}});
    Stream stream = make_stream(rt.device(0), list);
    stream.launch(rt.load_module("fill").kernel("increment"), grid(words.size()), words);
    stream.wait();
    EXPECT_EQ(native_list(stream), list);
  }
  EXPECT_ZE(zeCommandListDestroy(list));
}

TEST_F(InterfacesTest, StreamsSignalAnEventOfTheProgram) {
  ze_event_pool_desc_t pools{};
  pools.stype = ZE_STRUCTURE_TYPE_EVENT_POOL_DESC;
  pools.flags = ZE_EVENT_POOL_FLAG_HOST_VISIBLE;
  pools.count = 1;
  ze_event_pool_handle_t pool = nullptr;
  EXPECT_ZE(zeEventPoolCreate(native_context(rt), &pools, 0, nullptr, &pool));
  ze_event_desc_t events{};
  events.stype = ZE_STRUCTURE_TYPE_EVENT_DESC;
  events.signal = events.wait = ZE_EVENT_SCOPE_FLAG_HOST;
  ze_event_handle_t event = nullptr;
  EXPECT_ZE(zeEventCreate(pool, &events, &event));
  {
    Stream stream(rt.device(0));
    signal(stream, event);
    wait_for(stream, event);
    stream.wait();
  }
  EXPECT_ZE(zeEventDestroy(event));
  EXPECT_ZE(zeEventPoolDestroy(pool));
}

TEST_F(InterfacesTest, ContainersAreArgumentsOfKernels) {
  const Vector<std::uint32_t> values(1000, 41u, space);
  EXPECT_TRUE(space.contains(values.data()));
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("fill").kernel("increment"), grid(values.size()), values);
  stream.wait();
  EXPECT_EQ(space.prefetch(values, rt.device(0)).outcome, HintOutcome::ignored);
  // Nothing executes.
  EXPECT_THAT(values, Each(41u));
}

TEST_F(InterfacesTest, PlansAreMadeAndTheirHintsIgnored) {
  auto words = space.make_array<std::uint32_t>(chunk);
  const PlacementPlanner planner(rt);
  const PlacementPlan plan = planner.plan(words.data(), words.size_bytes(),
                                          {used_by(rt.device(0), 0, words.size_bytes(), 100)});
  ASSERT_FALSE(plan.pieces.empty());
  for (const HintResult& result : planner.apply(plan)) {
    EXPECT_EQ(result.outcome, HintOutcome::ignored);
    EXPECT_FALSE(result.reason.empty());
  }
}

TEST_F(InterfacesTest, TheSameForC) {
  zesvm_runtime* runtime = nullptr;
  ASSERT_EQ(zesvm_runtime_create(nullptr, &runtime), ZESVM_OK) << zesvm_last_error();
  void* memory = nullptr;
  EXPECT_OK(zesvm_allocate(runtime, chunk, 0, &memory));
  zesvm_stream* stream = nullptr;
  EXPECT_OK(zesvm_stream_create(runtime, 0, &stream));
  zesvm_kernel* increment = nullptr;
  EXPECT_OK(zesvm_kernel_load(runtime, "fill", "increment", &increment));
  const zesvm_argument argument{ZESVM_POINTER, 0, memory, 0};
  const std::uint64_t items[3] = {64, 1, 1};
  EXPECT_OK(zesvm_launch(stream, increment, items, nullptr, &argument, 1));
  EXPECT_OK(zesvm_stream_wait(stream));
  EXPECT_NE(zesvm_launch(stream, increment, items, nullptr, nullptr, 0), ZESVM_OK);
  EXPECT_THAT(zesvm_last_error(), HasSubstr("increment"));
  zesvm_kernel_destroy(increment);
  zesvm_stream_destroy(stream);
  EXPECT_OK(zesvm_free(runtime, memory));
  zesvm_runtime_destroy(runtime);
}

}  // namespace
}  // namespace zesvm::tests
