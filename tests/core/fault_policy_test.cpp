// Where memory should be for an access, as functions and as faults.
#include "svm/fault_policy.hpp"

#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

constexpr pagemap::Link fast_without_atomics{pagemap::Protocol::peer_pcie, pagemap::Speed::fast,
                                             pagemap::LinkAtomics::absent};

class FaultPolicyTest : public CoreTest {
 protected:
  Status atomic_on(Tile& gpu, AtomicAccess attribute) {
    EXPECT_TRUE(space().advise(chunk(0), Advice::atomic_access(attribute)));
    return gpu.add(chunk(0).begin, 1);
  }
};

// proves: C2
TEST_F(FaultPolicyTest, AnAtomicNeedsVramByDefault) {
  Tile& gpu = machine.add_tile(16_MiB, {.has_system_atomics = true});
  machine.map(chunk(0));
  for (const AtomicAccess attribute : {AtomicAccess::undefined, AtomicAccess::global}) {
    (void)machine.write(chunk(0).begin, 0);
    ASSERT_EQ(atomic_on(gpu, attribute), Status::ok);
    EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::local_vram);
  }
}

// proves: C2, C4
TEST_F(FaultPolicyTest, AnAtomicOnSystemMemoryFaultsAgain) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::system())));
  ASSERT_EQ(gpu.write(chunk(0).begin, 4), Status::ok);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->atomics, Atomics::faulting);
  ASSERT_EQ(gpu.add(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(*machine.read(chunk(0).begin), 5u);
}

// proves: C2
TEST_F(FaultPolicyTest, DeviceScopeStaysInSystemMemoryWhereThatWorks) {
  Tile& able = machine.add_tile(16_MiB, {.has_system_atomics = true});
  Tile& unable = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::system())));
  ASSERT_EQ(atomic_on(able, AtomicAccess::device), Status::ok);
  EXPECT_EQ(able.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::system);
  ASSERT_EQ(unable.add(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(unable.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(*machine.read(chunk(0).begin), 2u);
}

// proves: C2
TEST_F(FaultPolicyTest, CpuScopeRefusesAtomicsOfAnyDevice) {
  Tile& discrete = machine.add_tile(16_MiB, {.has_system_atomics = true});
  Tile& integrated = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.map(chunk(0));
  ASSERT_EQ(machine.write(chunk(0).begin, 6), Status::ok);
  EXPECT_EQ(atomic_on(discrete, AtomicAccess::cpu), Status::permission_denied);
  EXPECT_EQ(integrated.add(chunk(0).begin, 1), Status::permission_denied);
  EXPECT_EQ(*integrated.read(chunk(0).begin), 6u);
}

// proves: C2
TEST_F(FaultPolicyTest, IntegratedDevicesNeedNoVram) {
  Tile& gpu = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.map(chunk(0));
  ASSERT_EQ(gpu.add(chunk(0).begin, 3), Status::ok);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::system);
  EXPECT_EQ(*machine.read(chunk(0).begin), 3u);
}

// proves: C3
TEST_F(FaultPolicyTest, NeededVramThatMayNotMoveIsDenied) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0), Writable::yes, Migratable::no);
  ASSERT_EQ(machine.write(chunk(0).begin, 2), Status::ok);
  EXPECT_EQ(gpu.add(chunk(0).begin, 1), Status::permission_denied);
  EXPECT_EQ(space().statistics(gpu.id)->collect.count, 0u);
  EXPECT_EQ(*gpu.read(chunk(0).begin), 2u);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::system);
  EXPECT_EQ(space().statistics(gpu.id)->failures, 1u);
}

// proves: C3
TEST_F(FaultPolicyTest, NeededVramIsTriedThreeTimesThenFails) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(machine.write(chunk(0).begin, 2), Status::ok);
  machine.plan.fail_always(Gate::copy_to_vram);
  EXPECT_EQ(gpu.add(chunk(0).begin, 1), Status::copy_failed);
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_vram), 3);
  EXPECT_EQ(space().statistics(gpu.id)->retries, 2u);
  machine.plan.clear();
  EXPECT_EQ(*machine.read(chunk(0).begin), 2u);
  EXPECT_TRUE(gpu.mapped().empty());
}

// proves: C3
TEST_F(FaultPolicyTest, ATransientFailureOfAnAtomicIsSurvived) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(machine.write(chunk(0).begin, 2), Status::ok);
  machine.plan.fail_at(2);
  EXPECT_EQ(gpu.add(chunk(0).begin, 1), Status::ok);
  EXPECT_TRUE(machine.plan.has_failed());
  EXPECT_EQ(*machine.read(chunk(0).begin), 3u);
}

// proves: B2
TEST_F(FaultPolicyTest, WantedVramIsTriedOnce) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(machine.write(chunk(0).begin, 2), Status::ok);
  machine.plan.fail_always(Gate::copy_to_vram);
  EXPECT_EQ(*gpu.read(chunk(0).begin), 2u);
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_vram), 1);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::system);
}

// proves: D1, D10
TEST_F(FaultPolicyTest, AdviceThatADeviceCannotReachDoesNotFailItsWork) {
  Tile& gpu = machine.add_tile(16_MiB, {.maps_system_memory = false});
  machine.map(chunk(0));
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::system())));
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(*machine.read(chunk(0).begin), 1u);
}

// proves: B2
TEST_F(FaultPolicyTest, RangesBelowTheSmallestStayInSystemMemory) {
  Tile& gpu = machine.add_tile(16_MiB, {.smallest_migratable = 64_KiB});
  machine.map({base, base + 64_KiB + 4_KiB});
  machine.populate({base, base + 64_KiB + 4_KiB});
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  ASSERT_EQ(gpu.write(base + 64_KiB, 1), Status::ok);
  EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(gpu.mapping_at(base + 64_KiB)->protocol, pagemap::Protocol::system);
  EXPECT_EQ(gpu.add(base + 64_KiB, 1), Status::permission_denied);
}

// proves: C5
TEST_F(FaultPolicyTest, ARangeElsewhereThanWantedIsNotValid) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.interconnect.connect(0, 1, fast);
  machine.map(chunk(0));
  ASSERT_EQ(a.write(chunk(0).begin, 1), Status::ok);
  EXPECT_TRUE(space().is_valid_hint(a.id, chunk(0).begin, Access::write));
  EXPECT_FALSE(space().is_valid_hint(b.id, chunk(0).begin, Access::read));
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::system())));
  EXPECT_FALSE(space().is_valid_hint(a.id, chunk(0).begin, Access::read));
  ASSERT_EQ(*a.read(chunk(0).begin), 1u);
  EXPECT_TRUE(space().is_valid_hint(a.id, chunk(0).begin, Access::read));
  EXPECT_FALSE(space().is_valid_hint(a.id, chunk(0).begin, Access::atomic));
}

// proves: C2, C4
TEST_F(FaultPolicyTest, APeerWithoutAtomicsDoesNotServeThem) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.interconnect.connect(0, 1, fast_without_atomics);
  machine.map(chunk(0));
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::on(b.id))));
  ASSERT_EQ(a.write(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(a.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::peer_pcie);
  EXPECT_EQ(a.mapping_at(chunk(0).begin)->atomics, Atomics::faulting);
  ASSERT_EQ(a.add(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(a.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(*machine.read(chunk(0).begin), 2u);
}

// proves: C5, D1
TEST_F(FaultPolicyTest, TheDecisionFollowsTheFactsAlone) {
  pagemap::Pagemap own{0, "own", 4_MiB};
  const DeviceTraits traits;
  const PolicyDevices devices{traits, {}, &own, nullptr, nullptr};
  const Wanted wanted = wanted_place(devices, {}, Access::read);
  EXPECT_EQ(wanted.pagemap, &own);
  EXPECT_FALSE(wanted.is_required);
  const auto move = [&](RangeFacts facts) {
    return needed_move(devices, wanted, facts, MigrationPolicy::all_pages);
  };
  EXPECT_EQ(move({&own, 2_MiB, true}).move, Move::none);
  EXPECT_EQ(move({nullptr, 2_MiB, true}).move, Move::to_vram);
  EXPECT_EQ(move({nullptr, 2_MiB, false}).rule, Rule::not_migratable);
  EXPECT_EQ(move({nullptr, 2_MiB, false}).move, Move::none);
  EXPECT_TRUE(wanted_place(devices, {}, Access::atomic).is_required);
}

// proves: C2, C4
TEST_F(FaultPolicyTest, AtomicsAreServedInPlaceWhereNothingNeedsToMove) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0), Writable::yes, Migratable::not_needed);
  ASSERT_EQ(gpu.write(base, 4), Status::ok);
  ASSERT_EQ(gpu.add(base, 1), Status::ok);
  EXPECT_EQ(*machine.read(base), 5u);
  EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::system);
  EXPECT_EQ(machine.copies(), 0u);
  EXPECT_EQ(atomic_on(gpu, AtomicAccess::cpu), Status::permission_denied);
  EXPECT_EQ(atomic_on(gpu, AtomicAccess::global), Status::ok);
}

// proves: C2
TEST_F(FaultPolicyTest, CpuScopeMovesNothingForARefusedAtomic) {
  Tile& gpu = machine.add_tile(16_MiB, {.has_system_atomics = true});
  machine.map(chunk(0));
  ASSERT_EQ(machine.write(base, 6), Status::ok);
  ASSERT_EQ(atomic_on(gpu, AtomicAccess::cpu), Status::permission_denied);
  EXPECT_EQ(machine.copies(), 0u);
  // Nor does an atomic slip through where the memory was mapped for a write.
  ASSERT_EQ(gpu.write(base, 7), Status::ok);
  EXPECT_EQ(gpu.mapping_at(base)->atomics, Atomics::faulting);
  EXPECT_EQ(gpu.add(base, 1), Status::permission_denied);
  EXPECT_EQ(*gpu.read(base), 7u);
}

// proves: C2, C4
TEST_F(FaultPolicyTest, OnlyDeviceScopeUsesAtomicsOnSystemMemory) {
  Tile& gpu = machine.add_tile(16_MiB, {.has_system_atomics = true});
  machine.map(chunk(0));
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::system())));
  for (const AtomicAccess attribute : {AtomicAccess::undefined, AtomicAccess::global}) {
    ASSERT_TRUE(space().advise(chunk(0), Advice::atomic_access(attribute)));
    ASSERT_EQ(gpu.write(base, 1), Status::ok);
    EXPECT_EQ(gpu.mapping_at(base)->atomics, Atomics::faulting);
    ASSERT_EQ(gpu.add(base, 1), Status::ok);
    EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::local_vram);
    ASSERT_EQ(*machine.read(base), 2u);
  }
}

// proves: C3
TEST_F(FaultPolicyTest, AnAtomicWithoutVramIsDenied) {
  Tile& gpu = machine.add_tile();
  Tile bare{machine, 1, 4_KiB};
  bare.id = *space().join(bare, nullptr, {});
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  EXPECT_EQ(space().fault(bare.id, base, Access::atomic), Status::permission_denied);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::on(gpu.id));
  EXPECT_EQ(space().fault(bare.id, base, Access::read), Status::ok);
  EXPECT_EQ(space().leave(bare.id), Status::ok);
  EXPECT_EQ(gpu.add(base, 1), Status::ok);
}

// proves: B2
TEST_F(FaultPolicyTest, ARangeOfJustTheSmallestSizeMigrates) {
  Tile& gpu = machine.add_tile(16_MiB, {.smallest_migratable = 2_MiB});
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::local_vram);
}

// proves: C5
TEST_F(FaultPolicyTest, ValidIsWhatHoldsForThatTileAndAccess) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.map(chunk(0), Writable::no);
  EXPECT_FALSE(space().is_valid_hint(a.id, base, Access::read));
  ASSERT_EQ(a.read(base).status(), Status::ok);
  EXPECT_TRUE(space().is_valid_hint(a.id, base, Access::read));
  EXPECT_FALSE(space().is_valid_hint(a.id, base, Access::write));
  EXPECT_FALSE(space().is_valid_hint(b.id, base, Access::read));
  machine.invalidate(chunk(0), Event::protect);
  EXPECT_FALSE(space().is_valid_hint(a.id, base, Access::read));
}

// proves: C2, D10
TEST_F(FaultPolicyTest, AnAtomicFallsBackToWhereAtomicsWork) {
  Tile& a = machine.add_tile(2_MiB, {.has_system_atomics = true});
  Tile& b = machine.add_tile();
  machine.interconnect.connect(0, 1, fast_without_atomics);
  machine.map(chunk(0));
  ASSERT_EQ(b.write(base, 4), Status::ok);
  ASSERT_TRUE(space().advise(chunk(0), Advice::atomic_access(AtomicAccess::device)));
  ASSERT_EQ(space().reserve_device_memory(a.id, chunk(8)), Status::ok);
  ASSERT_EQ(space().pin(chunk(8)), Status::ok);
  // Its own VRAM is full, and the peer that has the memory takes no atomics from it.
  EXPECT_EQ(a.add(base, 1), Status::ok);
  EXPECT_EQ(a.mapping_at(base)->protocol, pagemap::Protocol::system);
  EXPECT_EQ(*machine.read(base), 5u);
  space().unpin(chunk(8));
}

// proves: C2, D1
TEST_F(FaultPolicyTest, AnAtomicMovesWhatAReadWouldLeave) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile();
  machine.interconnect.connect(0, 1, fast_without_atomics);
  machine.map(chunk(0));
  ASSERT_EQ(a.write(base, 1), Status::ok);
  ASSERT_TRUE(space().advise(
      chunk(0), Advice::preferred_location(Place::faulting(), MigrationPolicy::system_pages_only)));
  ASSERT_EQ(*b.read(base), 1u);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::on(a.id));
  ASSERT_EQ(b.add(base, 1), Status::ok);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::on(b.id));
}

// proves: C5
TEST_F(FaultPolicyTest, WhatCouldNotMoveIsTriedAgainAtTheNextFault) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0), 3);
  machine.plan.fail_always(Gate::copy_to_vram);
  ASSERT_TRUE(gpu.read(base));
  EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::system);
  EXPECT_FALSE(space().is_valid_hint(gpu.id, base, Access::read));
  machine.plan.clear();
  ASSERT_EQ(space().fault(gpu.id, base, Access::read), Status::ok);
  EXPECT_EQ(gpu.mapping_at(base)->protocol, pagemap::Protocol::local_vram);
  EXPECT_TRUE(space().is_valid_hint(gpu.id, base, Access::read));
}

// proves: C2, C3
TEST_F(FaultPolicyTest, VramIsNeededUnlessDeviceScopeWorksOnSystemMemory) {
  Tile& able = machine.add_tile(16_MiB, {.has_system_atomics = true});
  Tile& unable = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(machine.write(base, 2), Status::ok);
  machine.plan.fail_always(Gate::copy_to_vram);
  ASSERT_TRUE(space().advise(chunk(0), Advice::atomic_access(AtomicAccess::device)));
  EXPECT_EQ(unable.add(base, 1), Status::copy_failed);
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_vram), 3);
  EXPECT_EQ(able.add(base, 1), Status::ok);
  EXPECT_EQ(able.mapping_at(base)->protocol, pagemap::Protocol::system);
  ASSERT_TRUE(space().advise(chunk(0), Advice::atomic_access(AtomicAccess::global)));
  EXPECT_EQ(able.add(base, 1), Status::copy_failed);
  EXPECT_EQ(*machine.read(base), 3u);
}

}  // namespace
}  // namespace zesvm::svm::fake
