// What happens on devices when the CPU's mappings change.
#include <atomic>
#include <optional>

#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

using InvalidationTest = CoreTest;

// proves: A5
TEST_F(InvalidationTest, UnmapsAllInOnePassWithOneFlush) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 4));
  for (int i = 0; i < 4; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 1), Status::ok);
  gpu.forget_calls();
  machine.invalidate({chunk(1).begin + 4_KiB, chunk(2).begin + 4_KiB}, Event::protect);
  EXPECT_EQ(gpu.mapped(), (std::vector{chunk(0), chunk(3)}));
  EXPECT_EQ(gpu.flushes(), std::vector{chunks(1, 2)});
}

// proves: A5, A12
TEST_F(InvalidationTest, UnmapsFromEveryDevice) {
  Tile& a = machine.add_tile(16_MiB, {.is_discrete = false});
  Tile& b = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.map(chunks(0, 2));
  for (Tile* gpu : {&a, &b}) ASSERT_EQ(gpu->write(chunk(0).begin, 1), Status::ok);
  ASSERT_EQ(b.write(chunk(1).begin, 1), Status::ok);
  machine.invalidate(chunks(0, 2), Event::protect);
  EXPECT_TRUE(a.mapped().empty());
  EXPECT_TRUE(b.mapped().empty());
  EXPECT_EQ(a.flushes(), std::vector{chunk(0)});
  EXPECT_EQ(b.flushes(), std::vector{chunks(0, 2)});
}

// proves: A5
TEST_F(InvalidationTest, KeepsTheRangesUnlessUnmapped) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(chunk(0).begin, 7), Status::ok);
  for (const Event event : {Event::protect, Event::migrate}) {
    machine.invalidate(chunk(0), event);
    EXPECT_EQ(space().collect_unmapped(), 0u);
    EXPECT_EQ(space().range_count(), 1u);
    EXPECT_EQ(*gpu.read(chunk(0).begin), 7u);
  }
}

// proves: A5, A6
TEST_F(InvalidationTest, QueuesUnmappedRangesForCollection) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 3));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 1), Status::ok);
  machine.unmap({chunk(0).begin, chunk(1).end});
  EXPECT_EQ(space().range_count(), 3u);
  EXPECT_EQ(space().collect_unmapped(), 2u);
  EXPECT_EQ(space().ranges(machine.memory()), std::vector{chunk(2)});
  EXPECT_EQ(space().statistics().collected_ranges, 2u);
}

// proves: A5
TEST_F(InvalidationTest, OfNothingTellsNoDevice) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  gpu.forget_calls();
  machine.invalidate({chunk(0).begin, chunk(0).begin}, Event::unmap);
  machine.invalidate(chunk(5), Event::unmap);
  machine.invalidate({{0}, {4096}}, Event::unmap);
  EXPECT_EQ(gpu.unmap_calls(), 0u);
  EXPECT_TRUE(gpu.flushes().empty());
  EXPECT_EQ(space().range_count(), 1u);
}

// proves: A5
TEST_F(InvalidationTest, CrossesNotifiersAndTheEndOfTheSpace) {
  AddressSpaceOptions options;
  options.notifier_size = 2_MiB;
  machine.make_space(options);
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 3));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 1), Status::ok);
  machine.invalidate({{0}, {~std::uint64_t{0}}}, Event::protect);
  EXPECT_TRUE(gpu.mapped().empty());
}

// proves: A8
TEST_F(InvalidationTest, HasMappingSeesExactlyWhatIsMapped) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  EXPECT_FALSE(space().has_mapping(chunks(0, 2)));
  ASSERT_EQ(gpu.write(chunk(1).begin, 1), Status::ok);
  EXPECT_FALSE(space().has_mapping(chunk(0)));
  EXPECT_TRUE(space().has_mapping({chunk(1).end - 4_KiB, chunk(1).end}));
  EXPECT_TRUE(space().has_mapping(chunks(0, 8)));
  machine.invalidate(chunk(1), Event::protect);
  EXPECT_FALSE(space().has_mapping(chunks(0, 8)));
}

// proves: A8
TEST_F(InvalidationTest, RemovingAMappedMirrorIsRefused) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  ASSERT_EQ(gpu.write(chunk(0).begin, 3), Status::ok);
  EXPECT_EQ(space().remove_mirror(chunks(0, 2)), Status::busy);
  EXPECT_EQ(*gpu.read(chunk(0).begin), 3u);
  EXPECT_EQ(gpu.write(chunk(1).begin, 4), Status::ok);
  EXPECT_EQ(space().remove_mirror({chunk(0).begin, chunk(0).begin}), Status::invalid_argument);
}

// proves: A8
TEST_F(InvalidationTest, ARemovedMirrorFaultsNoMore) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 3));
  ASSERT_EQ(gpu.write(chunk(0).begin, 3), Status::ok);
  EXPECT_EQ(space().remove_mirror(chunk(1)), Status::ok);
  EXPECT_EQ(gpu.write(chunk(1).begin, 4), Status::invalid_address);
  EXPECT_EQ(gpu.write(chunk(2).begin, 4), Status::ok);
  EXPECT_EQ(space().restore_mirror(chunk(1)), Status::ok);
  EXPECT_EQ(gpu.write(chunk(1).begin, 4), Status::ok);
  EXPECT_EQ(space().restore_mirror(chunk(1)), Status::invalid_argument);
}

// proves: A10
TEST_F(InvalidationTest, PagesGoBeforeTheRangeLeavesTheTree) {
  // In VRAM, and in system memory, where nothing but the removal takes them.
  for (const DeviceTraits& traits : {DeviceTraits{}, DeviceTraits{.is_discrete = false}}) {
    Tile& gpu = machine.add_tile(16_MiB, traits);
    machine.map(chunk(0));
    ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
    bool was_in_tree = false;
    bool was_mapped = true;
    machine.plan.at(Gate::flush, [&] {
      was_in_tree = space().range_at(chunk(0).begin).has_value();
      was_mapped = gpu.mapping_at(chunk(0).begin).has_value();
    });
    // Advice on a part removes the range while a device has it mapped.
    const auto caching = traits.is_discrete ? Caching::uncached : Caching::write_combined;
    ASSERT_TRUE(space().advise({base, base + 4_KiB}, Advice::caching_class(caching)));
    EXPECT_TRUE(was_in_tree);
    EXPECT_FALSE(was_mapped);
    EXPECT_TRUE(gpu.mapped().empty());
    ASSERT_TRUE(space().advise({base, base + 4_KiB}, Advice::defaults()));
  }
}

// proves: A15
TEST_F(InvalidationTest, RepeatedOnesAreNoOps) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  machine.unmap(chunk(0));
  const std::size_t unmaps = gpu.unmap_calls();
  machine.invalidate(chunk(0), Event::unmap);
  machine.invalidate(chunk(0), Event::unmap);
  EXPECT_EQ(gpu.unmap_calls(), unmaps);
  EXPECT_EQ(space().collect_unmapped(), 1u);
  EXPECT_EQ(space().collect_unmapped(), 0u);
}

// proves: C6
TEST_F(InvalidationTest, ProtectingPartOfARangeCutsIt) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.populate(chunk(0), 50);
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  const Interval read_only{base + 1_MiB, base + 2_MiB};
  machine.protect(read_only, Writable::no);
  EXPECT_EQ(gpu.write(base + 1_MiB, 2), Status::permission_denied);
  EXPECT_EQ(*gpu.read(base + 1_MiB), 50 + (base + 1_MiB).value);
  EXPECT_EQ(gpu.mapping_at(base + 1_MiB)->writable, Writable::no);
  EXPECT_EQ(gpu.write(base, 3), Status::ok);
  EXPECT_EQ(gpu.write(base + 1_MiB, 4), Status::permission_denied);
}

// proves: A8
TEST_F(InvalidationTest, AMirrorRemovedDuringAFaultIsNotMapped) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  machine.plan.at(Gate::mapping_at,
                  [&] { EXPECT_EQ(space().remove_mirror(chunk(0)), Status::ok); });
  EXPECT_EQ(gpu.write(base, 1), Status::invalid_address);
  EXPECT_TRUE(gpu.mapped().empty());
}

// proves: A5
TEST_F(InvalidationTest, MarksRangesUnmappedWhollyOrInPart) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 5), Status::ok);
  machine.plan.clear();
  machine.unmap({base + 1_MiB, base + 4_MiB});
  // What went wholly is dropped; what survives of the other is copied out, and nothing else.
  const Bytes before = machine.copied();
  EXPECT_EQ(space().collect_unmapped(), 2u);
  EXPECT_EQ(machine.copied() - before, 1_MiB);
  EXPECT_FALSE(space().is_valid_hint(gpu.id, base, Access::read));
}

// proves: A5, A9
TEST_F(InvalidationTest, NothingIsMappedWhileANeighbourChanges) {
  Tile& gpu = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.map(chunk(0));
  ASSERT_TRUE(gpu.read(base));
  const Interval high{base + 1_MiB, base + 2_MiB};
  std::optional<Invalidation> changing;
  changing.emplace(space(), high, Event::protect);
  std::atomic<bool> mapped_early{false};
  machine.plan.at(Gate::map, [&] { mapped_early = changing.has_value(); });
  // The range of the fault reaches into what changes.
  machine.meanwhile_until([&] { EXPECT_EQ(gpu.write(base, 1), Status::ok); },
                          [&] { return mapped_early || space().statistics(gpu.id)->retries > 0; });
  EXPECT_FALSE(gpu.mapping_at(base));
  machine.change_permission(high, Writable::no);
  changing.reset();
  machine.join();
  EXPECT_FALSE(mapped_early);
  EXPECT_EQ(gpu.write(high.begin, 1), Status::permission_denied);
}

}  // namespace
}  // namespace zesvm::svm::fake
