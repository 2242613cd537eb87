// Every decision is told with its rule and cause, and counted.
#include <algorithm>

#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class TraceTest : public CoreTest {
 protected:
  TraceTest() : gpu(machine.add_tile(2_MiB)) {
    machine.map(chunks(0, 2));
    machine.populate(chunks(0, 2));
    space().trace({[](void* events, const TraceEvent& event) noexcept {
                     static_cast<std::vector<TraceEvent>*>(events)->push_back(event);
                   },
                   &events});
  }
  std::size_t count(Decision decision) const {
    return static_cast<std::size_t>(std::ranges::count(events, decision, &TraceEvent::decision));
  }
  const TraceEvent& last(Decision decision) const {
    return *std::ranges::find(events.rbegin(), events.rend(), decision, &TraceEvent::decision);
  }
  std::vector<TraceEvent> events;
  Tile& gpu;
};

// proves: E2
TEST_F(TraceTest, TellsEveryMigration) {
  ASSERT_TRUE(gpu.read(base));
  EXPECT_EQ(last(Decision::migrated_to_vram).cause, pagemap::Cause::gpu_fault);
  ASSERT_TRUE(gpu.read(chunk(1).begin));
  EXPECT_EQ(last(Decision::evicted).interval, chunk(0));
  EXPECT_EQ(last(Decision::evicted).cause, pagemap::Cause::eviction);
  ASSERT_TRUE(machine.read(chunk(1).begin));
  EXPECT_EQ(last(Decision::migrated_to_system).cause, pagemap::Cause::cpu_fault);
  EXPECT_EQ(last(Decision::migrated_to_system).interval, chunk(1));
}

// proves: E2
TEST_F(TraceTest, TellsWhatGoes) {
  ASSERT_TRUE(gpu.read(base));
  ASSERT_TRUE(space().discard(chunk(0)));
  EXPECT_EQ(last(Decision::discarded).interval, chunk(0));
  ASSERT_TRUE(gpu.read(base));
  machine.unmap({base + 4_KiB, base + 8_KiB});
  EXPECT_EQ(last(Decision::invalidated).interval, (Interval{base + 4_KiB, base + 8_KiB}));
  EXPECT_EQ(space().collect_unmapped(), 1u);
  EXPECT_EQ(last(Decision::collected).interval, chunk(0));
  EXPECT_EQ(last(Decision::migrated_to_system).cause, pagemap::Cause::unmap);
  EXPECT_EQ(count(Decision::removed), 1u);
}

// proves: E2
TEST_F(TraceTest, TellsWhatFailedAndWhy) {
  machine.plan.fail_always(Gate::copy_to_vram);
  EXPECT_EQ(gpu.add(base, 1), Status::copy_failed);
  EXPECT_EQ(count(Decision::migration_failed), 3u);
  EXPECT_EQ(last(Decision::migration_failed).rule, Rule::atomic_needs_vram);
  EXPECT_EQ(last(Decision::fault_refused).status, Status::copy_failed);
  machine.plan.clear();
  ASSERT_TRUE(gpu.read(base));
  machine.plan.fail_always(Gate::copy_to_system);
  EXPECT_EQ(machine.read(base).status(), Status::copy_failed);
  EXPECT_EQ(last(Decision::migration_failed).cause, pagemap::Cause::cpu_fault);
}

// proves: E2, A9
TEST_F(TraceTest, TellsThatAFaultStartedOver) {
  machine.plan.at(Gate::mapping_at, [&] {
    EXPECT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::system())));
  });
  ASSERT_TRUE(gpu.read(base));
  EXPECT_EQ(last(Decision::started_over).rule, Rule::sequence_moved);
}

// proves: E2, D10
TEST_F(TraceTest, TellsTheRuleOfEachPlace) {
  const auto rule_of_read = [&](Address where) {
    EXPECT_TRUE(gpu.read(where));
    return last(Decision::fault_mapped).rule;
  };
  EXPECT_EQ(rule_of_read(base), Rule::first_touch);
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::system())));
  EXPECT_EQ(rule_of_read(base), Rule::preferred_location);
  ASSERT_EQ(gpu.add(base, 1), Status::ok);
  EXPECT_EQ(last(Decision::fault_mapped).rule, Rule::atomic_needs_vram);
  machine.plan.fail_always(Gate::copy_to_vram);
  EXPECT_EQ(rule_of_read(chunk(1).begin), Rule::fallback);
  machine.plan.clear();
  machine.map(chunk(3), Writable::yes, Migratable::no);
  EXPECT_EQ(rule_of_read(chunk(3).begin), Rule::not_migratable);
}

// proves: E2, B2
TEST_F(TraceTest, TellsThatARangeIsTooSmall) {
  Tile& coarse = machine.add_tile(2_MiB, {.smallest_migratable = 64_KiB});
  machine.map({chunk(4).begin, chunk(4).begin + 4_KiB});
  ASSERT_TRUE(coarse.read(chunk(4).begin));
  EXPECT_EQ(last(Decision::fault_mapped).rule, Rule::too_small);
}

// proves: E1
TEST_F(TraceTest, CountersFollow) {
  ASSERT_EQ(gpu.add(base, 1), Status::ok);
  ASSERT_TRUE(machine.read(base));
  const DeviceStatistics counted = *space().statistics(gpu.id);
  EXPECT_EQ(counted.atomic_faults, 1u);
  EXPECT_EQ(counted.migrations.total, 2u);
  EXPECT_EQ(counted.unmaps, 1u);
  EXPECT_EQ(counted.flush.count, 1u);
  EXPECT_EQ(space().statistics().cpu_faults, 1u);
  machine.invalidate(chunk(0), Event::protect);
  EXPECT_EQ(space().statistics().invalidations, 1u);
}

}  // namespace
}  // namespace zesvm::svm::fake
