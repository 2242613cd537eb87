// Memory in the VRAM of another tile: mapped in place, moved directly, or through the host.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

constexpr pagemap::Link fabric{pagemap::Protocol::peer_fabric, pagemap::Speed::fast,
                               pagemap::LinkAtomics::present};
constexpr pagemap::Link pcie{pagemap::Protocol::peer_pcie, pagemap::Speed::fast,
                             pagemap::LinkAtomics::absent};

class PeerTest : public CoreTest {
 protected:
  PeerTest() : a(machine.add_tile()), b(machine.add_tile()) {
    machine.map(chunk(0));
    machine.populate(chunk(0), 9);
  }
  Tile& a;
  Tile& b;
};

// proves: F3, F4
TEST_F(PeerTest, AdvisedPeerMemoryIsMappedInPlace) {
  machine.interconnect.connect(0, 1, pcie);
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(b.id)), a.id));
  ASSERT_EQ(*a.read(base), 9 + base.value);
  ASSERT_EQ(b.write(base, 70), Status::ok);
  EXPECT_EQ(a.mapping_at(base)->protocol, pagemap::Protocol::peer_pcie);
  EXPECT_EQ(b.mapping_at(base)->protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(a.mapping_at(base)->extent, b.mapping_at(base)->extent);
  EXPECT_EQ(*a.read(base), 70u);
  EXPECT_EQ(machine.plan.reached(Gate::copy_between), 0);
}

// proves: C2, F3
TEST_F(PeerTest, AtomicsOnAnAdvisedPeerFollowALinkThatCarriesThem) {
  machine.interconnect.connect(0, 1, fabric);
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(b.id)), a.id));
  ASSERT_EQ(a.add(base, 1), Status::ok);
  ASSERT_EQ(b.add(base, 1), Status::ok);
  EXPECT_EQ(a.mapping_at(base)->protocol, pagemap::Protocol::peer_fabric);
  EXPECT_EQ(*a.read(base), 9 + base.value + 2);
  EXPECT_EQ(machine.plan.reached(Gate::copy_between), 0);
}

// proves: C4, F3
TEST_F(PeerTest, AtomicsOnAnAdvisedPeerComeHomeOverALinkWithoutThem) {
  machine.interconnect.connect(0, 1, pcie);
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(b.id)), a.id));
  ASSERT_EQ(a.add(base, 1), Status::ok);
  EXPECT_EQ(a.mapping_at(base)->protocol, pagemap::Protocol::local_vram);
}

// proves: D10
TEST_F(PeerTest, AtomicsComeHomeWhereTheAdvisedPeerHasNoRoom) {
  machine.interconnect.connect(0, 1, fabric);
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(b.id)), a.id));
  b.pagemap.close();
  ASSERT_EQ(a.add(base, 1), Status::ok);
  EXPECT_EQ(a.mapping_at(base)->protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(*a.read(base), 9 + base.value + 1);
}

// proves: F3, B5
TEST_F(PeerTest, ALinkForCopiesIsMappedByNobody) {
  machine.interconnect.connect(0, 1,
                               {.protocol = pagemap::Protocol::peer_pcie,
                                .speed = pagemap::Speed::fast,
                                .use = pagemap::LinkUse::copies});
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(b.id))));
  ASSERT_EQ(b.write(base, 70), Status::ok);
  EXPECT_EQ(*a.read(base), 70u);
  EXPECT_EQ(a.mapping_at(base)->protocol, pagemap::Protocol::local_vram);
  EXPECT_FALSE(b.mapping_at(base));
  EXPECT_EQ(machine.plan.reached(Gate::copy_between), 1);
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_system), 0);
}

// proves: F3
TEST_F(PeerTest, WithoutAFastLinkMemoryIsMigrated) {
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(b.id))));
  ASSERT_EQ(b.write(base, 70), Status::ok);
  EXPECT_EQ(*a.read(base), 70u);
  EXPECT_EQ(a.mapping_at(base)->protocol, pagemap::Protocol::local_vram);
  EXPECT_FALSE(b.mapping_at(base));
}

// proves: B5
TEST_F(PeerTest, VramToVramGoesDirectlyOverAFastLink) {
  machine.interconnect.connect(0, 1, fabric);
  ASSERT_EQ(a.write(base, 1), Status::ok);
  machine.plan.clear();
  ASSERT_EQ(*b.read(base), 1u);
  EXPECT_EQ(machine.plan.reached(Gate::copy_between), 1);
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_system), 0);
  EXPECT_EQ(a.pagemap.usage().used, 0_B);
  EXPECT_EQ(b.pagemap.usage().used, 2_MiB);
  EXPECT_EQ(*b.read(base + 4_KiB), 9 + (base + 4_KiB).value);
}

// proves: B5
TEST_F(PeerTest, VramToVramGoesThroughSystemWithoutOne) {
  ASSERT_EQ(a.write(base, 1), Status::ok);
  machine.plan.clear();
  ASSERT_EQ(*b.read(base), 1u);
  EXPECT_EQ(machine.plan.reached(Gate::copy_between), 0);
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_system), 1);
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_vram), 1);
}

// proves: B5
TEST_F(PeerTest, ARangeInTheWantedPagemapIsLeftAlone) {
  ASSERT_EQ(a.write(base, 1), Status::ok);
  machine.invalidate(chunk(0), Event::protect);
  machine.plan.clear();
  ASSERT_EQ(*a.read(base), 1u);
  EXPECT_EQ(machine.plan.steps(), 1);
  EXPECT_EQ(machine.plan.reached(Gate::map), 1);
}

// proves: B5
TEST_F(PeerTest, TheSourceDrivesTheCopy) {
  // Only the link from the source counts for the copy; the other way is missing.
  machine.interconnect.connect_one_way(0, 1, fabric);
  ASSERT_EQ(a.write(base, 1), Status::ok);
  machine.plan.clear();
  ASSERT_EQ(*b.read(base), 1u);
  EXPECT_EQ(machine.plan.reached(Gate::copy_between), 1);
}

// proves: B5, B8
TEST_F(PeerTest, AFailedDirectCopyLeavesTheSource) {
  machine.interconnect.connect(0, 1, fabric);
  ASSERT_EQ(a.write(base, 1), Status::ok);
  machine.plan.fail_always(Gate::copy_between);
  EXPECT_EQ(*b.read(base), 1u);
  EXPECT_EQ(b.mapping_at(base)->protocol, pagemap::Protocol::peer_fabric);
  EXPECT_EQ(a.pagemap.usage().used, 2_MiB);
  EXPECT_EQ(b.pagemap.usage().used, 0_B);
}

// proves: B12
TEST_F(PeerTest, DevicesThatDoNotNeedItGetNoMapping) {
  std::vector<Tile*> others;
  for (int i = 0; i < 4; ++i) others.push_back(&machine.add_tile());
  ASSERT_EQ(a.write(base, 1), Status::ok);
  ASSERT_TRUE(space().prefetch(std::vector{chunk(0)}, Place::on(b.id)));
  for (Tile* other : others) {
    EXPECT_EQ(other->map_calls(), 0u);
    EXPECT_EQ(other->pagemap.usage().used, 0_B);
  }
  EXPECT_EQ(space().residency(chunk(0)).chunks[0].mapped_on.size(), 1u);
}

// proves: A14, B5
TEST_F(PeerTest, ADeviceNeverMapsAPeerItCannotReach) {
  machine.interconnect.connect_one_way(1, 0, fabric);
  ASSERT_TRUE(space().advise(
      chunk(0), Advice::preferred_location(Place::faulting(), MigrationPolicy::system_pages_only)));
  ASSERT_EQ(b.write(base, 5), Status::ok);
  // a reaches b over nothing: the memory has to leave b's VRAM.
  EXPECT_EQ(*a.read(base), 5u);
  EXPECT_NE(a.mapping_at(base)->protocol, pagemap::Protocol::none);
}

}  // namespace
}  // namespace zesvm::svm::fake
