// Collection of unmapped ranges, and what survives a partial unmap.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class CollectionTest : public CoreTest {
 protected:
  // A populated chunk in VRAM, each word holding its own address plus `seed`.
  Tile& chunk_in_vram(std::uint64_t seed) {
    Tile& gpu = machine.add_tile();
    machine.map(chunk(0));
    machine.populate(chunk(0), seed);
    EXPECT_EQ(*gpu.read(base), seed + base.value);
    EXPECT_EQ(gpu.pagemap.usage().used, 2_MiB);
    return gpu;
  }
  const Interval low{base, base + 1_MiB};
  const Interval high{base + 1_MiB, base + 2_MiB};
};

// proves: A6
TEST_F(CollectionTest, RunsAtTheStartOfEveryFault) {
  Tile& gpu = chunk_in_vram(1);
  machine.map(chunk(4));
  machine.unmap(chunk(0));
  ASSERT_EQ(gpu.write(chunk(4).begin, 1), Status::ok);
  EXPECT_EQ(space().ranges(machine.memory()), std::vector{chunk(4)});
  EXPECT_EQ(gpu.pagemap.usage().used, 2_MiB);
}

// proves: A6
TEST_F(CollectionTest, RunsInTheBackground) {
  AddressSpaceOptions options;
  options.interval = {base, base + 512_MiB};
  options.collector = Collector::background;
  options.clock = &machine.clock;
  auto made = AddressSpace::create(options, machine, machine);
  std::unique_ptr<AddressSpace> with_collector = *std::move(made);
  Tile tile{machine, 0, 16_MiB};
  tile.id = *with_collector->join(tile, nullptr, {.is_discrete = false});
  machine.map(chunk(0));
  ASSERT_EQ(with_collector->fault(tile.id, base, Access::read), Status::ok);
  { const Invalidation gone{*with_collector, chunk(0), Event::unmap}; }
  while (with_collector->notifier_count() != 0) std::this_thread::yield();
  EXPECT_EQ(with_collector->range_count(), 0u);
}

// proves: A6, D7
TEST_F(CollectionTest, ResetsTheAttributesOfWhatWasUnmapped) {
  machine.map(chunks(0, 2));
  ASSERT_TRUE(space().advise(chunks(0, 2), Advice::preferred_location(Place::system())));
  machine.unmap(chunk(0));
  space().collect_unmapped();
  const auto pieces = space().attributes(chunks(0, 2));
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].attributes, Attributes{});
  EXPECT_EQ(pieces[0].interval, chunk(0));
  EXPECT_EQ(pieces[1].attributes.preferred, Place::system());
}

// proves: A6
TEST_F(CollectionTest, AdviceOnNewMemoryOutlivesTheOld) {
  machine.map(chunk(0));
  ASSERT_TRUE(space().advise(chunk(0), Advice::atomic_access(AtomicAccess::cpu)));
  machine.unmap(chunk(0));
  machine.map(chunk(0));
  ASSERT_TRUE(space().advise(chunk(0), Advice::preferred_location(Place::system())));
  space().collect_unmapped();
  EXPECT_EQ(space().attributes(chunk(0))[0].attributes.preferred, Place::system());
  EXPECT_EQ(space().attributes(chunk(0))[0].attributes.atomic, AtomicAccess::undefined);
}

// proves: A7
TEST_F(CollectionTest, SurvivorsOfAPartialUnmapKeepTheirData) {
  Tile& gpu = chunk_in_vram(10);
  machine.unmap(low);
  for (Address at = high.begin; at < high.end; at += 64_KiB)
    EXPECT_EQ(*gpu.read(at), 10 + at.value);
  EXPECT_EQ(space().fault(gpu.id, low.begin, Access::read), Status::not_mapped);
  for (const Interval range : space().ranges(machine.memory())) EXPECT_TRUE(high.contains(range));
}

// proves: A7
TEST_F(CollectionTest, SurvivorsAreThereForTheCpuFirst) {
  chunk_in_vram(20);
  machine.unmap(high);
  EXPECT_EQ(*machine.read(low.begin + 4_KiB), 20 + (low.begin + 4_KiB).value);
  EXPECT_FALSE(machine.is_trapped(low.begin));
}

// proves: A7
TEST_F(CollectionTest, ARemappedPartReadsAsNew) {
  Tile& gpu = chunk_in_vram(30);
  machine.unmap(high);
  machine.map(high);
  EXPECT_EQ(*gpu.read(high.begin), 0u);
  EXPECT_EQ(*gpu.read(low.begin), 30 + low.begin.value);
}

// proves: A7
TEST_F(CollectionTest, ARemappedWholeReadsAsNew) {
  Tile& gpu = chunk_in_vram(30);
  machine.unmap(chunk(0));
  machine.map(chunk(0));
  ASSERT_EQ(machine.write(high.begin, 5), Status::ok);
  EXPECT_EQ(*gpu.read(low.begin), 0u);
  EXPECT_EQ(*gpu.read(high.begin), 5u);
}

// proves: A7
TEST_F(CollectionTest, SurvivesManyPartialUnmapsBeforeCollection) {
  Tile& gpu = chunk_in_vram(40);
  for (std::uint64_t i = 0; i < 512; i += 3)
    machine.unmap({base + cpu_page * i, base + cpu_page * (i + 1)});
  for (std::uint64_t i = 1; i < 512; i += 3) {
    const Address at = base + cpu_page * i;
    EXPECT_EQ(*machine.read(at), 40 + at.value);
  }
  EXPECT_EQ(gpu.pagemap.usage().used, 0_B);
}

// proves: A7
TEST_F(CollectionTest, AnAtomicKeepsTheSurvivorsOfAPartialUnmap) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0), 0);
  ASSERT_EQ(gpu.add(high.begin, 5), Status::ok);
  machine.unmap(low);
  ASSERT_EQ(gpu.add(high.begin, 5), Status::ok);
  EXPECT_EQ(*machine.read(high.begin), 10 + high.begin.value);
}

// proves: A6, B8
TEST_F(CollectionTest, WhatCannotBeSavedStaysUntilItCan) {
  Tile& gpu = chunk_in_vram(60);
  machine.plan.fail_always(Gate::copy_to_system);
  machine.unmap(low);
  EXPECT_EQ(space().collect_unmapped(), 0u);
  EXPECT_EQ(gpu.pagemap.usage().used, 2_MiB);
  EXPECT_NE(space().fault(gpu.id, high.begin, Access::read), Status::ok);
  EXPECT_EQ(machine.read(high.begin).status(), Status::copy_failed);
  machine.plan.clear();
  EXPECT_EQ(*machine.read(high.begin), 60 + high.begin.value);
}

}  // namespace
}  // namespace zesvm::svm::fake
