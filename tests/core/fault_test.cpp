// Faults on one device, step by step: from an address to a mapping.
#include <gtest/gtest.h>

#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class FaultTest : public CoreTest {};

TEST_F(FaultTest, ReadsInVramWhatTheCpuWrote) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  EXPECT_EQ(machine.write(chunk(0).begin, 42), Status::ok);
  EXPECT_EQ(*gpu.read(chunk(0).begin), 42u);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::local_vram);
  EXPECT_TRUE(machine.is_trapped(chunk(0).begin));
  EXPECT_EQ(*machine.read(chunk(0).begin), 42u);
  EXPECT_FALSE(machine.is_trapped(chunk(0).begin));
}

// proves: A2
TEST_F(FaultTest, TakesTheLargestChunkThatFits) {
  Tile& gpu = machine.add_tile();
  machine.map({base, base + 2_MiB + 64_KiB + 4_KiB});
  machine.populate({base, base + 2_MiB + 64_KiB + 4_KiB});
  for (const Address where : {base, base + 2_MiB, base + 2_MiB + 64_KiB})
    EXPECT_EQ(space().fault(gpu.id, where, Access::read), Status::ok);
  const std::vector<Interval> expected{{base, base + 2_MiB},
                                       {base + 2_MiB, base + 2_MiB + 64_KiB},
                                       {base + 2_MiB + 64_KiB, base + 2_MiB + 68_KiB}};
  EXPECT_EQ(space().ranges(machine.memory()), expected);
}

// proves: A2
TEST_F(FaultTest, NeverOverlapsAnExistingRange) {
  Tile& gpu = machine.add_tile();
  machine.map({base, base + 4_KiB});
  EXPECT_EQ(space().fault(gpu.id, base, Access::read), Status::ok);
  machine.map({base + 4_KiB, base + 2_MiB});
  machine.populate({base, base + 2_MiB});
  EXPECT_EQ(space().fault(gpu.id, base + 4_KiB, Access::read), Status::ok);
  EXPECT_EQ(space().fault(gpu.id, base + 64_KiB, Access::read), Status::ok);
  EXPECT_EQ(*space().range_at(base + 4_KiB), (Interval{base + 4_KiB, base + 8_KiB}));
  EXPECT_EQ(*space().range_at(base + 64_KiB), (Interval{base + 64_KiB, base + 128_KiB}));
}

// proves: A2
TEST_F(FaultTest, SaysWhyAnAddressCannotBeHad) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0), Writable::no);
  EXPECT_EQ(space().fault(gpu.id, chunk(1).begin, Access::read), Status::not_mapped);
  EXPECT_EQ(space().fault(gpu.id, chunk(0).begin, Access::write), Status::permission_denied);
  EXPECT_EQ(space().fault(gpu.id, {4096}, Access::read), Status::invalid_address);
  EXPECT_EQ(space().fault({7}, chunk(0).begin, Access::read), Status::no_device);
  EXPECT_EQ(space().range_count(), 0u);
}

// proves: A2
TEST_F(FaultTest, StaysInsideTheAttributeInterval) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  machine.populate(chunks(0, 2));
  const Interval advised{base + 64_KiB, base + 128_KiB};
  EXPECT_TRUE(space().advise(advised, Advice::preferred_location(Place::system())));
  EXPECT_EQ(space().fault(gpu.id, base + 64_KiB, Access::read), Status::ok);
  EXPECT_EQ(*space().range_at(base + 64_KiB), advised);
}

// proves: A3
TEST_F(FaultTest, TakesSmallChunksOnlyWherePopulated) {
  Tile& gpu = machine.add_tile();
  machine.map({base, base + 64_KiB});
  machine.populate({base, base + 32_KiB});
  EXPECT_EQ(space().fault(gpu.id, base, Access::read), Status::ok);
  EXPECT_EQ(space().range_at(base)->size(), 4_KiB);
}

// proves: A3
TEST_F(FaultTest, TakesSmallChunksAnywhereOnIntegrated) {
  Tile& gpu = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.map({base, base + 64_KiB});
  EXPECT_EQ(space().fault(gpu.id, base, Access::read), Status::ok);
  EXPECT_EQ(space().range_at(base)->size(), 64_KiB);
}

// proves: C1
TEST_F(FaultTest, GoesToTheTileThatFaulted) {
  machine.add_tile();
  Tile& second = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0));
  EXPECT_EQ(second.write(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(space().residency(chunk(0)).place, Place::on(second.id));
}

// proves: C5
TEST_F(FaultTest, CostsNothingWhereEverythingIsValid) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  EXPECT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  const std::size_t maps = gpu.map_calls();
  const std::size_t copies = machine.copies();
  for (const Access access : {Access::read, Access::write, Access::atomic})
    EXPECT_EQ(space().fault(gpu.id, chunk(0).begin + 8_B, access), Status::ok);
  EXPECT_EQ(gpu.map_calls(), maps);
  EXPECT_EQ(machine.copies(), copies);
  EXPECT_EQ(space().statistics(gpu.id)->valid_faults.total, 3u);
}

// proves: C6
TEST_F(FaultTest, MapsReadOnlyWhatTheCpuHasReadOnly) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0));
  EXPECT_EQ(gpu.write(chunk(0).begin, 5), Status::ok);
  machine.protect(chunk(0), Writable::no);
  EXPECT_EQ(*gpu.read(chunk(0).begin), 5u);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->writable, Writable::no);
  EXPECT_EQ(gpu.write(chunk(0).begin, 6), Status::permission_denied);
}

// proves: A9
TEST_F(FaultTest, StartsOverWhenUnmappedDuringCollect) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  EXPECT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  machine.protect(chunk(0), Writable::yes);
  machine.plan.at(Gate::mapping_at, [&] { machine.meanwhile([&] { machine.unmap(chunk(0)); }); });
  EXPECT_EQ(space().fault(gpu.id, chunk(0).begin, Access::read), Status::not_mapped);
  EXPECT_TRUE(gpu.mapped().empty());
}

// proves: A9
TEST_F(FaultTest, CommitsUnderTheSequenceItCollectedUnder) {
  Tile& gpu = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.map(chunk(0));
  EXPECT_EQ(*gpu.read(chunk(0).begin), 0u);
  machine.protect(chunk(0), Writable::yes);
  gpu.forget_calls();
  machine.plan.at(Gate::mapping_at,
                  [&] { machine.meanwhile([&] { machine.protect(chunk(0), Writable::no); }); });
  EXPECT_EQ(space().fault(gpu.id, chunk(0).begin, Access::read), Status::ok);
  EXPECT_EQ(gpu.map_calls(), 1u);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->writable, Writable::no);
  EXPECT_GE(space().statistics(gpu.id)->retries, 1u);
}

// proves: A14
TEST_F(FaultTest, EvictsAndStartsOverWhenPagesAreMixed) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0), 100);
  EXPECT_EQ(gpu.write(chunk(0).begin, 77), Status::ok);
  machine.protect(chunk(0), Writable::yes);
  const Interval gone{base + 1_MiB, base + 2_MiB};
  machine.plan.at(Gate::mapping_at, [&] { machine.meanwhile([&] { machine.unmap(gone); }); });
  EXPECT_EQ(space().fault(gpu.id, chunk(0).begin, Access::read), Status::ok);
  EXPECT_EQ(*gpu.read(chunk(0).begin), 77u);
  EXPECT_EQ(*gpu.read(base + 512_KiB), 100 + (base + 512_KiB).value);
  EXPECT_LT(space().range_at(base)->size(), 2_MiB);
  EXPECT_EQ(space().fault(gpu.id, gone.begin, Access::read), Status::not_mapped);
}

// proves: A12
TEST_F(FaultTest, MapsOneRangeOnManyDevicesIndependently) {
  std::vector<Tile*> gpus;
  for (int i = 0; i < 5; ++i) gpus.push_back(&machine.add_tile(16_MiB, {.is_discrete = false}));
  machine.map(chunk(0));
  EXPECT_EQ(gpus[0]->write(chunk(0).begin, 9), Status::ok);
  for (Tile* gpu : gpus) EXPECT_EQ(*gpu->read(chunk(0).begin), 9u);
  EXPECT_EQ(gpus[0]->unmap_calls(), 0u);
  EXPECT_EQ(space().range_count(), 1u);
  EXPECT_EQ(space().residency(chunk(0)).chunks[0].mapped_on.size(), 5u);
  machine.unmap(chunk(0));
  for (Tile* gpu : gpus) EXPECT_TRUE(gpu->mapped().empty());
}

// proves: A13
TEST_F(FaultTest, WorksWithoutDevicesAndLetsThemJoinLater) {
  machine.map(chunk(0));
  EXPECT_EQ(machine.write(chunk(0).begin, 3), Status::ok);
  machine.invalidate(chunk(0), Event::protect);
  EXPECT_EQ(space().cpu_fault(chunk(0).begin, Access::read), Status::ok);
  Tile& late = machine.add_tile();
  EXPECT_EQ(*late.read(chunk(0).begin), 3u);
}

// proves: F4
TEST_F(FaultTest, RecordsTheProtocolOfEachMapping) {
  Tile& own = machine.add_tile();
  Tile& host = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.map(chunks(0, 2));
  EXPECT_EQ(own.write(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(host.write(chunk(1).begin, 1), Status::ok);
  const Residency there = space().residency(chunks(0, 2));
  EXPECT_EQ(there.chunks[0].mapped_on[0].protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(there.chunks[1].mapped_on[0].protocol, pagemap::Protocol::system);
  EXPECT_TRUE(there.is_mixed());
}

// proves: A9
TEST_F(FaultTest, MakesNoRangeInAMappingThatIsCutMeanwhile) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0));
  machine.plan.at(Gate::mapping_at, [&] { machine.unmap({base + 1_MiB, base + 2_MiB}); });
  ASSERT_TRUE(gpu.read(base));
  EXPECT_LT(space().range_at(base)->size(), 2_MiB);
  EXPECT_LT(machine.copied(), 2_MiB);
}

// proves: A3
TEST_F(FaultTest, TakesWhatTheCpuPopulatedWhole) {
  Tile& gpu = machine.add_tile();
  machine.map({base, base + 128_KiB});
  machine.populate({base, base + 64_KiB});
  for (const Address where : {base, base + 64_KiB})
    ASSERT_EQ(space().fault(gpu.id, where, Access::read), Status::ok);
  EXPECT_EQ(space().range_at(base)->size(), 64_KiB);
  EXPECT_EQ(space().range_at(base + 64_KiB)->size(), 4_KiB);
}

// proves: A2
TEST_F(FaultTest, TellsAFaultOutsideEveryMappingInTheSpace) {
  Tile& gpu = machine.add_tile();
  machine.map({base + 4_KiB, base + 8_KiB});
  EXPECT_EQ(space().fault(gpu.id, base, Access::read), Status::not_mapped);
  EXPECT_EQ(space().fault(gpu.id, base + 8_KiB, Access::read), Status::not_mapped);
  ASSERT_EQ(space().fault(gpu.id, base + 8_KiB - 1_B, Access::read), Status::ok);
  EXPECT_EQ(*space().range_at(base + 4_KiB), (Interval{base + 4_KiB, base + 8_KiB}));
  EXPECT_EQ(space().fault(gpu.id, base + 2_GiB, Access::read), Status::invalid_address);
}

}  // namespace
}  // namespace zesvm::svm::fake
