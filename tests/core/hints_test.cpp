// Prefetch, discard, and moves on request.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class HintsTest : public CoreTest {
 protected:
  Result<HintResult> prefetch(Interval interval, Place place) {
    return space().prefetch(std::vector{interval}, place);
  }
  bool is_in(const Tile& tile, std::uint64_t n) {
    return space().residency(chunk(n)).place == Place::on(tile.id);
  }
};

class PrefetchTest : public HintsTest {};
class DiscardTest : public HintsTest {};
class MoveTest : public HintsTest {};

// proves: B10
TEST_F(PrefetchTest, BringsManyIntervalsInOneCall) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 8));
  machine.populate(chunks(0, 8), 4);
  const std::vector<Interval> wanted{chunks(0, 2), chunk(5)};
  const auto result = space().prefetch(wanted, Place::on(gpu.id));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::applied);
  EXPECT_EQ(result->moved, 6_MiB);
  EXPECT_EQ(result->ranges_changed, 3u);
  EXPECT_TRUE(is_in(gpu, 0) && is_in(gpu, 1) && is_in(gpu, 5));
  EXPECT_EQ(gpu.mapped(), (std::vector{chunk(0), chunk(1), chunk(5)}));
  EXPECT_EQ(*gpu.read(chunk(5).begin), 4 + chunk(5).begin.value);
  EXPECT_EQ(space().statistics(gpu.id)->faults.total, 0u);
}

// proves: B10, D9
TEST_F(PrefetchTest, OfWhatIsThereDoesNothing) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  ASSERT_TRUE(prefetch(chunks(0, 2), Place::on(gpu.id)));
  machine.plan.clear();
  const auto again = prefetch(chunks(0, 2), Place::on(gpu.id));
  EXPECT_EQ(again->outcome, Outcome::already);
  EXPECT_EQ(again->moved, 0_B);
  EXPECT_EQ(machine.plan.steps(), 0);
  EXPECT_EQ(machine.plan.reached(Gate::mapping_at), 0);
}

// proves: B10
TEST_F(PrefetchTest, GoesToAPeerDirectly) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.interconnect.connect(0, 1, fast);
  machine.map(chunk(0));
  ASSERT_EQ(a.write(base, 3), Status::ok);
  machine.plan.clear();
  ASSERT_TRUE(space().prefetch(std::vector{chunk(0)}, Place::on(b.id), a.id));
  EXPECT_TRUE(is_in(b, 0));
  EXPECT_EQ(machine.plan.reached(Gate::copy_between), 1);
  EXPECT_EQ(*b.read(base), 3u);
}

// proves: B10
TEST_F(PrefetchTest, GoesToTheHost) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, i), Status::ok);
  const auto result = prefetch(chunks(0, 2), Place::system());
  EXPECT_EQ(result->outcome, Outcome::applied);
  EXPECT_EQ(result->moved, 4_MiB);
  EXPECT_FALSE(machine.is_trapped(base));
  EXPECT_EQ(prefetch(chunks(0, 2), Place::system())->outcome, Outcome::already);
}

// proves: B10
TEST_F(PrefetchTest, TheFaultingPlaceIsWhoAsks) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  EXPECT_EQ(prefetch(chunk(0), Place::faulting()).status(), Status::invalid_argument);
  ASSERT_TRUE(space().prefetch(std::vector{chunk(0)}, Place::faulting(), gpu.id));
  EXPECT_TRUE(is_in(gpu, 0));
}

// proves: D2
TEST_F(PrefetchTest, BadArgumentsChangeNothing) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  const std::vector<Interval> second_is_bad{chunk(0), {base + 1_B, base + 4_KiB}};
  EXPECT_EQ(space().prefetch(second_is_bad, Place::on(gpu.id)).status(), Status::invalid_argument);
  EXPECT_EQ(prefetch(chunk(0), Place::on({9})).status(), Status::no_device);
  EXPECT_EQ(space().range_count(), 0u);
}

// proves: D9
TEST_F(PrefetchTest, OfUnmappedMemoryIsIgnoredWithAReason) {
  Tile& gpu = machine.add_tile();
  const auto result = prefetch({base, base + 64_KiB}, Place::on(gpu.id));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::ignored);
  EXPECT_EQ(result->reason, Reason::not_mapped);
}

// proves: D9
TEST_F(PrefetchTest, OfMemoryThatMayNotMoveSaysSo) {
  Tile& gpu = machine.add_tile(16_MiB, {.smallest_migratable = 64_KiB});
  machine.map(chunk(0), Writable::yes, Migratable::no);
  machine.map({chunk(1).begin, chunk(1).begin + 4_KiB});
  EXPECT_EQ(prefetch(chunk(0), Place::on(gpu.id))->reason, Reason::not_migratable);
  EXPECT_EQ(prefetch({chunk(1).begin, chunk(1).begin + 4_KiB}, Place::on(gpu.id))->reason,
            Reason::too_small);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::system());
}

// proves: D10
TEST_F(PrefetchTest, IntoFullVramFallsBackAndSaysSo) {
  Tile& gpu = machine.add_tile(2_MiB);
  machine.map(chunks(0, 2));
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(10)), Status::ok);
  ASSERT_EQ(space().pin(chunk(10)), Status::ok);
  const auto result = prefetch(chunk(0), Place::on(gpu.id));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::fallback);
  EXPECT_NE(result->reason, Reason::none);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::system());
  EXPECT_TRUE(gpu.mapping_at(base));
  space().unpin(chunk(10));
}

// proves: D9
TEST_F(PrefetchTest, EveryOutcomeIsCountedOnce) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  (void)prefetch(chunk(0), Place::on(gpu.id));
  (void)prefetch(chunk(0), Place::on(gpu.id));
  (void)prefetch(chunk(0), Place::system());
  (void)prefetch(chunk(7), Place::on(gpu.id));
  const auto hints = space().statistics().hints;
  EXPECT_EQ(hints[static_cast<std::size_t>(Outcome::applied)], 2u);
  EXPECT_EQ(hints[static_cast<std::size_t>(Outcome::already)], 1u);
  EXPECT_EQ(hints[static_cast<std::size_t>(Outcome::ignored)], 1u);
}

// proves: B11
TEST_F(DiscardTest, FreesBlocksWithoutACopyAndReadsAsZeros) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0), 6);
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  machine.plan.clear();
  EXPECT_EQ(space().discard(chunk(0))->outcome, Outcome::applied);
  EXPECT_EQ(gpu.pagemap.usage().used, 0_B);
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_system), 0);
  EXPECT_EQ(*machine.read(base), 0u);
  EXPECT_EQ(*gpu.read(base + 4_KiB), 0u);
}

// proves: B11
TEST_F(DiscardTest, AFollowingPrefetchMovesNothing) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0), 6);
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  ASSERT_TRUE(space().discard(chunk(0)));
  machine.plan.clear();
  ASSERT_TRUE(prefetch(chunk(0), Place::on(gpu.id)));
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_vram), 0);
  EXPECT_EQ(*gpu.read(base), 0u);
}

// proves: B11
TEST_F(DiscardTest, OfPartOfAChunkKeepsTheRest) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0), 6);
  ASSERT_EQ(gpu.write(base + 1_MiB, 1), Status::ok);
  ASSERT_TRUE(space().discard({base, base + 4_KiB}));
  EXPECT_EQ(*gpu.read(base), 0u);
  EXPECT_EQ(*gpu.read(base + 4_KiB), 6 + (base + 4_KiB).value);
  EXPECT_EQ(*machine.read(base + 1_MiB), 1u);
}

// proves: B11
TEST_F(DiscardTest, ClearsWhatNoDeviceTouched) {
  machine.map(chunks(0, 2));
  machine.populate(chunks(0, 2), 6);
  ASSERT_TRUE(space().discard({base + 1_MiB, base + 3_MiB}));
  EXPECT_EQ(*machine.read(base + 1_MiB), 0u);
  EXPECT_EQ(*machine.read(base + 3_MiB - 4_KiB), 0u);
  EXPECT_EQ(*machine.read(base + 3_MiB), 6 + (base + 3_MiB).value);
  EXPECT_EQ(*machine.read(base), 6 + base.value);
}

// proves: B11
TEST_F(DiscardTest, ReadOnlyMemoryIsNotDiscarded) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(base, 5), Status::ok);
  machine.protect(chunk(0), Writable::no);
  EXPECT_EQ(space().discard(chunk(0))->outcome, Outcome::ignored);
  EXPECT_EQ(*gpu.read(base), 5u);
  EXPECT_EQ(space().discard({base + 1_B, base + 4_KiB}).status(), Status::invalid_argument);
}

// proves: B11
TEST_F(DiscardTest, DeviceMemoryReadsAsZeros) {
  Tile& gpu = machine.add_tile();
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(8)), Status::ok);
  ASSERT_EQ(gpu.write(chunk(8).begin, 5), Status::ok);
  ASSERT_TRUE(space().discard(chunk(8)));
  EXPECT_EQ(*gpu.read(chunk(8).begin), 0u);
}

// proves: B9
TEST_F(MoveTest, TakesWholeChunksToSystemMemory) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 3));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 40 + i), Status::ok);
  const auto result = space().migrate_to_system({chunk(0).end - 4_KiB, chunk(1).begin + 4_KiB});
  EXPECT_EQ(result->outcome, Outcome::applied);
  EXPECT_EQ(result->moved, 4_MiB);
  EXPECT_TRUE(is_in(gpu, 2));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*machine.read(chunk(i).begin), 40u + i);
}

// proves: B9, B8
TEST_F(MoveTest, ThatFailsSaysSoAndKeepsTheData) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(base, 4), Status::ok);
  machine.plan.fail_always(Gate::copy_to_system);
  EXPECT_EQ(space().migrate_to_system(chunk(0)).status(), Status::copy_failed);
  EXPECT_TRUE(is_in(gpu, 0));
  EXPECT_EQ(*gpu.read(base), 4u);
  machine.plan.clear();
  EXPECT_EQ(*machine.read(base), 4u);
}

// proves: H3
TEST_F(MoveTest, AHoldKeepsMemoryOnTheHost) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(base, 4), Status::ok);
  ASSERT_EQ(space().hold_on_host(chunk(0)), Status::ok);
  ASSERT_EQ(gpu.write(base, 5), Status::ok);
  EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::system);
  EXPECT_EQ(prefetch(chunk(0), Place::on(gpu.id))->reason, Reason::held_on_host);
  EXPECT_EQ(gpu.add(base, 1), Status::busy);
  space().release_on_host(chunk(0));
  EXPECT_EQ(gpu.add(base, 1), Status::ok);
  EXPECT_EQ(*machine.read(base), 6u);
}

// proves: B11
TEST_F(DiscardTest, MemoryInUseIsNotDiscarded) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(base, 5), Status::ok);
  ASSERT_EQ(space().pin(chunk(0)), Status::ok);
  const auto result = space().discard(chunk(0));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::ignored);
  EXPECT_EQ(result->reason, Reason::pinned);
  EXPECT_EQ(*gpu.read(base), 5u);
  space().unpin(chunk(0));
}

// proves: D9
TEST_F(MoveTest, OfWhatIsThereOrPinnedSaysSo) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  EXPECT_EQ(space().migrate_to_system(chunk(0))->outcome, Outcome::already);
  ASSERT_EQ(gpu.write(base, 4), Status::ok);
  ASSERT_EQ(space().pin(chunk(0)), Status::ok);
  const auto result = space().migrate_to_system(chunk(0));
  EXPECT_EQ(result->outcome, Outcome::ignored);
  EXPECT_EQ(result->reason, Reason::pinned);
  space().unpin(chunk(0));
  EXPECT_EQ(space().migrate_to_system(chunk(0))->outcome, Outcome::applied);
  EXPECT_EQ(space().migrate_to_system({base, base}).status(), Status::invalid_argument);
}

// proves: D9
TEST_F(DiscardTest, OfWhatIsNotMappedSaysSo) {
  const auto result = space().discard(chunk(0));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::ignored);
  EXPECT_EQ(result->reason, Reason::not_mapped);
}

}  // namespace
}  // namespace zesvm::svm::fake
