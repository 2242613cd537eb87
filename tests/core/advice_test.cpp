// Advice: what it changes, what it leaves alone, what it refuses.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

const Advice to_system = Advice::preferred_location(Place::system());

using AdviceTest = CoreTest;

// proves: D1
TEST_F(AdviceTest, PreferredLocationPlacesMemory) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.interconnect.connect(0, 1, fast);
  machine.map(chunks(0, 3));
  ASSERT_TRUE(space().advise(chunk(1), to_system));
  ASSERT_TRUE(space().advise(chunk(2), Advice::preferred_location(Place::on(b.id)), a.id));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(a.write(chunk(i).begin, 1), Status::ok);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::on(a.id));
  EXPECT_EQ(space().residency(chunk(1)).place, Place::system());
  EXPECT_EQ(space().residency(chunk(2)).place, Place::on(b.id));
  EXPECT_EQ(a.mapping_at(chunk(2).begin)->protocol, pagemap::Protocol::peer_fabric);
}

// proves: D1
TEST_F(AdviceTest, AForeignTileNeedsAFastInterconnect) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.interconnect.connect(0, 1, slow);
  machine.map(chunk(0));
  const auto result = space().advise(chunk(0), Advice::preferred_location(Place::on(b.id)), a.id);
  EXPECT_EQ(result.status(), Status::no_interconnect);
  EXPECT_EQ(space().attributes(chunk(0))[0].attributes, Attributes{});
  EXPECT_EQ(b.pagemap.references(), 0u);
  EXPECT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(a.id)), a.id));
}

// proves: D1
TEST_F(AdviceTest, SystemPagesOnlyLeavesVramWhereItIs) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.interconnect.connect(0, 1, fast);
  machine.map(chunks(0, 2));
  ASSERT_EQ(a.write(chunk(0).begin, 1), Status::ok);
  const auto advice =
      Advice::preferred_location(Place::faulting(), MigrationPolicy::system_pages_only);
  ASSERT_TRUE(space().advise(chunks(0, 2), advice));
  EXPECT_EQ(*b.read(chunk(0).begin), 1u);
  EXPECT_EQ(*b.read(chunk(1).begin), 0u);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::on(a.id));
  EXPECT_EQ(space().residency(chunk(1)).place, Place::on(b.id));
}

// proves: D2
TEST_F(AdviceTest, BadArgumentsAreRefusedAndChangeNothing) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  const auto refused = [&](Interval interval, const Advice& advice) {
    return space().advise(interval, advice).status();
  };
  EXPECT_EQ(refused({base + 1_B, base + 4_KiB}, to_system), Status::invalid_argument);
  EXPECT_EQ(refused({base, base + 5_B}, to_system), Status::invalid_argument);
  EXPECT_EQ(refused({base, base}, to_system), Status::invalid_argument);
  EXPECT_EQ(refused({base + 8_KiB, base}, to_system), Status::invalid_argument);
  EXPECT_EQ(refused({base, {~std::uint64_t{0} & ~std::uint64_t{4095}}}, to_system),
            Status::invalid_argument);
  const Place unknown{static_cast<Place::Kind>(9), {}};
  EXPECT_EQ(refused(chunk(0), Advice::preferred_location(unknown)), Status::invalid_argument);
  const auto no_policy = static_cast<MigrationPolicy>(9);
  EXPECT_EQ(refused(chunk(0), Advice::preferred_location(Place::system(), no_policy)),
            Status::invalid_argument);
  EXPECT_EQ(refused(chunk(0), Advice::atomic_access(static_cast<AtomicAccess>(9))),
            Status::invalid_argument);
  EXPECT_EQ(refused(chunk(0), Advice::preferred_location(Place::on({7}))), Status::no_device);
  EXPECT_EQ(
      space().advise(chunk(0), Advice::preferred_location(Place::on(gpu.id)), DeviceId{9}).status(),
      Status::no_device);
  EXPECT_EQ(space().attributes(chunk(0))[0].attributes, Attributes{});
  EXPECT_EQ(gpu.mapped(), std::vector{chunk(0)});
}

// proves: D5
TEST_F(AdviceTest, CachingIsTheKnownClassesOnly) {
  for (const Caching caching : {Caching::uncached, Caching::write_combined, Caching::write_back}) {
    ASSERT_TRUE(space().advise(chunk(0), Advice::caching_class(caching)));
    EXPECT_EQ(space().attributes(chunk(0))[0].attributes.caching, caching);
  }
  EXPECT_EQ(space().advise(chunk(0), Advice::caching_class(static_cast<Caching>(9))).status(),
            Status::invalid_argument);
  EXPECT_EQ(space().attributes(chunk(0))[0].attributes.caching, Caching::write_back);
}

// proves: D3
TEST_F(AdviceTest, RangesAcrossANewBorderAreEvictedAndKeepTheirData) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0), 7);
  ASSERT_EQ(gpu.write(base + 8_B, 1), Status::ok);
  const auto result = space().advise({base, base + 64_KiB}, to_system);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::applied);
  EXPECT_EQ(result->moved, 2_MiB);
  EXPECT_EQ(space().range_count(), 0u);
  EXPECT_EQ(space().statistics().removed_for_advice, 1u);
  EXPECT_EQ(*gpu.read(base), 7 + base.value);
  EXPECT_EQ(*gpu.read(base + 64_KiB), 7 + (base + 64_KiB).value);
  EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::system);
  EXPECT_EQ(gpu.mapping_at(base + 64_KiB)->protocol, pagemap::Protocol::local_vram);
}

// proves: D4
TEST_F(AdviceTest, AdviceThatChangesNothingInvalidatesNothing) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  ASSERT_TRUE(space().advise(chunks(0, 2), to_system));
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  gpu.forget_calls();
  EXPECT_EQ(space().advise(chunk(0), to_system)->outcome, Outcome::already);
  EXPECT_EQ(space().advise(chunk(4), Advice::defaults())->outcome, Outcome::already);
  EXPECT_EQ(gpu.unmap_calls(), 0u);
  EXPECT_TRUE(gpu.flushes().empty());
}

// proves: D4
TEST_F(AdviceTest, AdviceUnmapsJustTheAffectedRanges) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 3));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 10 + i), Status::ok);
  EXPECT_EQ(space().advise(chunk(1), to_system)->ranges_changed, 1u);
  EXPECT_EQ(gpu.mapped(), (std::vector{chunk(0), chunk(2)}));
  EXPECT_EQ(*gpu.read(chunk(1).begin), 11u);
  EXPECT_EQ(space().residency(chunk(1)).place, Place::system());
}

// proves: D4
TEST_F(AdviceTest, OnlyThePartThatChangesIsUnmapped) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  ASSERT_TRUE(space().advise(chunk(0), to_system));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 1), Status::ok);
  ASSERT_TRUE(space().advise(chunks(0, 2), to_system));
  EXPECT_EQ(gpu.mapped(), std::vector{chunk(0)});
}

// proves: A9, D4
TEST_F(AdviceTest, AdviceGivenDuringAFaultIsFollowed) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.plan.at(Gate::mapping_at, [&] { EXPECT_TRUE(space().advise(chunk(0), to_system)); });
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::system);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::system());
}

// proves: A9, D3
TEST_F(AdviceTest, ABorderDrawnDuringAFaultIsKept) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  const Interval part{base, base + 64_KiB};
  machine.plan.at(Gate::mapping_at, [&] { EXPECT_TRUE(space().advise(part, to_system)); });
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  EXPECT_TRUE(part.contains(*space().range_at(base)));
}

// proves: D6
TEST_F(AdviceTest, HoldsThePagemapUntilTheAdviceIsGone) {
  Tile& gpu = machine.add_tile();
  ASSERT_TRUE(space().advise(chunks(0, 2), Advice::preferred_location(Place::on(gpu.id))));
  EXPECT_EQ(gpu.pagemap.references(), 1u);
  ASSERT_TRUE(space().advise(chunk(0), to_system));
  EXPECT_EQ(gpu.pagemap.references(), 1u);
  ASSERT_TRUE(space().advise(chunks(0, 2), Advice::defaults()));
  EXPECT_EQ(gpu.pagemap.references(), 0u);
}

// proves: D6
TEST_F(AdviceTest, UnmappingDropsThePagemapToo) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(gpu.id))));
  machine.unmap(chunk(0));
  space().collect_unmapped();
  EXPECT_EQ(gpu.pagemap.references(), 0u);
}

// proves: D9
TEST_F(AdviceTest, EveryOutcomeIsCounted) {
  ASSERT_TRUE(space().advise(chunk(0), to_system));
  ASSERT_TRUE(space().advise(chunk(0), to_system));
  ASSERT_TRUE(space().advise(chunk(0), Advice::defaults()));
  const auto hints = space().statistics().hints;
  EXPECT_EQ(hints[static_cast<std::size_t>(Outcome::applied)], 2u);
  EXPECT_EQ(hints[static_cast<std::size_t>(Outcome::already)], 1u);
}

// proves: D10
TEST_F(AdviceTest, AnUnreachablePlaceFallsBackToOwnVram) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(b.id))));
  ASSERT_EQ(a.write(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::on(a.id));
}

// proves: D10
TEST_F(AdviceTest, AFullPeerFallsBackToOwnVramThenToSystem) {
  Tile& a = machine.add_tile(2_MiB);
  Tile& b = machine.add_tile(2_MiB);
  machine.interconnect.connect(0, 1, fast);
  machine.map(chunks(0, 4));
  ASSERT_EQ(space().reserve_device_memory(b.id, chunk(11)), Status::ok);
  ASSERT_EQ(space().pin(chunk(11)), Status::ok);
  ASSERT_TRUE(space().advise(chunks(0, 2), Advice::preferred_location(Place::on(b.id))));
  ASSERT_EQ(a.write(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::on(a.id));
  ASSERT_EQ(space().pin(chunk(0)), Status::ok);
  ASSERT_EQ(a.write(chunk(1).begin, 1), Status::ok);
  EXPECT_EQ(space().residency(chunk(1)).place, Place::system());
  space().unpin(chunk(0));
  space().unpin(chunk(11));
}

// proves: D9
TEST_F(AdviceTest, SaysWhereARangeCouldNotBeDropped) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  machine.plan.fail_always(Gate::copy_to_system);
  const auto result = space().advise({base, base + 4_KiB}, to_system);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::applied);
  EXPECT_EQ(result->reason, Reason::failed);
  machine.plan.clear();
  EXPECT_EQ(*gpu.read(base), 1u);
  EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::system);
}

// proves: D10
TEST_F(AdviceTest, WhatCanGoNowhereGoesToSystemMemory) {
  Tile& a = machine.add_tile(2_MiB);
  Tile& b = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(b.write(base, 6), Status::ok);
  ASSERT_EQ(space().reserve_device_memory(a.id, chunk(8)), Status::ok);
  ASSERT_EQ(space().pin(chunk(8)), Status::ok);
  // a has no room and does not reach b.
  EXPECT_EQ(*a.read(base), 6u);
  EXPECT_EQ(a.mapping_at(base)->protocol, pagemap::Protocol::system);
  space().unpin(chunk(8));
}

}  // namespace
}  // namespace zesvm::svm::fake
