// What is counted, and what the trace tells.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class StatisticsTest : public CoreTest {
 protected:
  const MigrationTotals& totals(const DeviceStatistics& statistics, Transfer transfer) {
    return statistics.transfers[static_cast<std::size_t>(transfer)];
  }
  std::uint64_t cause(const Tile& tile, pagemap::Cause cause) {
    return space().statistics(tile.id)->causes[static_cast<std::size_t>(cause)];
  }
};

// proves: E3
TEST_F(StatisticsTest, AllDirectionsAreThereWithoutData) {
  Tile& gpu = machine.add_tile();
  const DeviceStatistics none = *space().statistics(gpu.id);
  EXPECT_EQ(none.transfers.size(), 3u);
  for (const MigrationTotals& total : none.transfers) {
    EXPECT_EQ(total.count, 0u);
    EXPECT_EQ(total.smallest, 0_B);
    EXPECT_EQ(total.largest, 0_B);
  }
  EXPECT_EQ(space().statistics({9}).status(), Status::no_device);
}

// proves: E1
TEST_F(StatisticsTest, FaultsAreCountedPerChunkSize) {
  Tile& gpu = machine.add_tile();
  machine.map({base, base + 2_MiB + 64_KiB + 4_KiB});
  machine.populate({base, base + 2_MiB + 64_KiB + 4_KiB});
  for (const Address where : {base, base + 2_MiB, base + 2_MiB + 64_KiB})
    for (int i = 0; i < 2; ++i) ASSERT_EQ(space().fault(gpu.id, where, Access::read), Status::ok);
  const DeviceStatistics counted = *space().statistics(gpu.id);
  EXPECT_EQ(counted.faults.total, 6u);
  EXPECT_EQ(counted.valid_faults.total, 3u);
  EXPECT_EQ(counted.migrations.total, 3u);
  for (int size = 0; size < 3; ++size) {
    EXPECT_EQ(counted.faults.by_size[size], 2u);
    EXPECT_EQ(counted.migrations.by_size[size], 1u);
  }
  EXPECT_EQ(counted.map.count, 3u);
  EXPECT_EQ(counted.collect.count, 3u);
}

// proves: E1, E3
TEST_F(StatisticsTest, BytesAreCountedPerDirection) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.interconnect.connect(
      0, 1, {pagemap::Protocol::peer_fabric, pagemap::Speed::fast, pagemap::LinkAtomics::present});
  machine.map({base, base + 2_MiB + 64_KiB});
  machine.populate({base, base + 2_MiB + 64_KiB});
  ASSERT_TRUE(a.read(base));
  ASSERT_TRUE(a.read(base + 2_MiB));
  ASSERT_TRUE(b.read(base));
  ASSERT_TRUE(machine.read(base));
  const auto in = totals(*space().statistics(a.id), Transfer::host_to_device);
  EXPECT_EQ(in.count, 2u);
  EXPECT_EQ(in.bytes, 2_MiB + 64_KiB);
  EXPECT_EQ(in.smallest, 64_KiB);
  EXPECT_EQ(in.largest, 2_MiB);
  EXPECT_EQ(totals(*space().statistics(b.id), Transfer::device_to_device).bytes, 2_MiB);
  EXPECT_EQ(totals(*space().statistics(b.id), Transfer::device_to_host).bytes, 2_MiB);
  EXPECT_EQ(totals(*space().statistics(a.id), Transfer::device_to_host).count, 0u);
}

// proves: E1
TEST_F(StatisticsTest, TimeIsThatOfTheClock) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0));
  machine.plan.at(Gate::copy_to_vram,
                  [&] { machine.clock.advance(std::chrono::microseconds{30}); });
  ASSERT_TRUE(gpu.read(base));
  const DeviceStatistics counted = *space().statistics(gpu.id);
  EXPECT_EQ(counted.migration_time, std::chrono::microseconds{30});
  EXPECT_EQ(counted.fault_time, std::chrono::microseconds{30});
  EXPECT_EQ(totals(counted, Transfer::host_to_device).time, std::chrono::microseconds{30});
}

// proves: E1
TEST_F(StatisticsTest, FlushesAndInvalidationsAreCounted) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 1), Status::ok);
  const DeviceStatistics before = *space().statistics(gpu.id);
  machine.plan.at(Gate::flush, [&] { machine.clock.advance(std::chrono::microseconds{7}); });
  machine.unmap(chunks(0, 2));
  const DeviceStatistics after = *space().statistics(gpu.id);
  EXPECT_EQ(after.flush.count - before.flush.count, 1u);
  EXPECT_EQ(after.flush.time - before.flush.time, std::chrono::microseconds{7});
  EXPECT_EQ(after.invalidations - before.invalidations, 1u);
  EXPECT_EQ(after.unmaps - before.unmaps, 2u);
}

// proves: E2
TEST_F(StatisticsTest, MigrationsCarryTheirCause) {
  Tile& gpu = machine.add_tile(2_MiB);
  machine.map(chunks(0, 2));
  machine.populate(chunks(0, 2));
  ASSERT_TRUE(gpu.read(base));
  ASSERT_TRUE(machine.read(base));
  ASSERT_EQ(gpu.add(base, 1), Status::ok);
  ASSERT_TRUE(gpu.read(chunk(1).begin));
  ASSERT_TRUE(space().migrate_to_system(chunk(1)));
  ASSERT_TRUE(space().prefetch(std::vector{chunk(0)}, Place::on(gpu.id)));
  ASSERT_TRUE(space().advise({base, base + 4_KiB}, Advice::atomic_access(AtomicAccess::device)));
  EXPECT_EQ(cause(gpu, pagemap::Cause::gpu_fault), 2u);
  for (const pagemap::Cause once :
       {pagemap::Cause::cpu_fault, pagemap::Cause::gpu_atomic, pagemap::Cause::eviction,
        pagemap::Cause::explicit_request, pagemap::Cause::prefetch, pagemap::Cause::advice})
    EXPECT_EQ(cause(gpu, once), 1u) << name_of(once);
}

// proves: E2
TEST_F(StatisticsTest, TheTraceTellsDecisionsAndRules) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  std::vector<TraceEvent> events;
  space().trace({[](void* context, const TraceEvent& event) noexcept {
                   static_cast<std::vector<TraceEvent>*>(context)->push_back(event);
                 },
                 &events});
  ASSERT_TRUE(gpu.read(base));
  ASSERT_EQ(space().fault(gpu.id, base, Access::read), Status::ok);
  space().trace({});
  ASSERT_EQ(space().fault(gpu.id, base, Access::read), Status::ok);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].decision, Decision::migrated_to_vram);
  EXPECT_EQ(events[0].interval, chunk(0));
  EXPECT_EQ(events[1].decision, Decision::fault_mapped);
  EXPECT_EQ(events[1].rule, Rule::first_touch);
  EXPECT_EQ(events[2].decision, Decision::fault_valid);
}

// proves: E2
TEST_F(StatisticsTest, TheTraceTellsWhereBytesWentAndSinceWhen) {
  Tile& one = machine.add_tile();
  Tile& other = machine.add_tile();
  machine.interconnect.connect(
      0, 1, {pagemap::Protocol::peer_fabric, pagemap::Speed::fast, pagemap::LinkAtomics::present});
  machine.map(chunk(0));
  ASSERT_TRUE(one.read(base));
  std::vector<TraceEvent> moves;
  space().trace({[](void* context, const TraceEvent& event) noexcept {
                   if (event.source || event.destination)
                     static_cast<std::vector<TraceEvent>*>(context)->push_back(event);
                 },
                 &moves});
  const auto before = machine.clock.now();
  ASSERT_TRUE(space().prefetch(std::vector{chunk(0)}, Place::on(other.id)));
  ASSERT_TRUE(space().migrate_to_system(chunk(0)));
  space().trace({});
  ASSERT_EQ(moves.size(), 2u);
  EXPECT_EQ(moves[0].decision, Decision::migrated_between);
  EXPECT_EQ(moves[0].source, one.id);
  EXPECT_EQ(moves[0].destination, other.id);
  EXPECT_GE(moves[0].begun, before);
  EXPECT_EQ(moves[1].decision, Decision::migrated_to_system);
  EXPECT_EQ(moves[1].source, other.id);
  EXPECT_EQ(moves[1].destination, std::nullopt);
}

// proves: E2
TEST_F(StatisticsTest, EveryNameIsThere) {
  for (int i = 0; i <= static_cast<int>(Decision::discarded); ++i)
    EXPECT_NE(name_of(static_cast<Decision>(i)), "unknown");
  for (int i = 0; i <= static_cast<int>(Rule::mixed_pages); ++i)
    EXPECT_NE(name_of(static_cast<Rule>(i)), "unknown");
  for (std::size_t i = 0; i < pagemap::cause_count; ++i)
    EXPECT_NE(name_of(static_cast<pagemap::Cause>(i)), "unknown");
}

}  // namespace
}  // namespace zesvm::svm::fake
