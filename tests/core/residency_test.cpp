// Where memory is, and who has it mapped.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

using ResidencyTest = CoreTest;

// proves: D8
TEST_F(ResidencyTest, OfUntouchedMemoryIsSystem) {
  machine.map(chunk(0));
  const Residency there = space().residency(chunk(0));
  EXPECT_EQ(there.place, Place::system());
  ASSERT_EQ(there.chunks.size(), 1u);
  EXPECT_FALSE(there.chunks[0].has_range);
  EXPECT_EQ(there.attributes, Attributes{});
  EXPECT_FALSE(there.last_prefetch);
}

// proves: D8
TEST_F(ResidencyTest, SaysWhereEachChunkIsAndWhoMapsIt) {
  Tile& a = machine.add_tile();
  Tile& b = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.map(chunks(0, 3));
  ASSERT_EQ(a.write(chunk(0).begin, 1), Status::ok);
  ASSERT_EQ(b.write(chunk(2).begin, 1), Status::ok);
  const Residency there = space().residency(chunks(0, 3));
  ASSERT_EQ(there.chunks.size(), 3u);
  EXPECT_EQ(there.chunks[0].pagemap, &a.pagemap);
  EXPECT_EQ(there.chunks[0].mapped_on.at(0).device, a.id);
  EXPECT_FALSE(there.chunks[1].has_range);
  EXPECT_EQ(there.chunks[2].pagemap, nullptr);
  EXPECT_EQ(there.chunks[2].mapped_on.at(0).protocol, pagemap::Protocol::system);
}

// proves: D8
TEST_F(ResidencyTest, IsMixedWhereAnIntervalHasSeveral) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  ASSERT_TRUE(space().advise(chunk(1), Advice::atomic_access(AtomicAccess::device)));
  const Residency there = space().residency(chunks(0, 2));
  EXPECT_TRUE(there.is_mixed());
  EXPECT_FALSE(there.attributes);
  EXPECT_FALSE(space().residency(chunk(0)).is_mixed());
}

// proves: D8
TEST_F(ResidencyTest, RemembersTheLastPrefetch) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  ASSERT_TRUE(space().prefetch(std::vector{chunk(0)}, Place::on(gpu.id)));
  EXPECT_EQ(space().residency(chunk(0)).last_prefetch, Place::on(gpu.id));
  ASSERT_EQ(*machine.read(base), 0u);
  EXPECT_EQ(space().residency(chunk(0)).last_prefetch, Place::on(gpu.id));
  ASSERT_TRUE(space().prefetch(std::vector{chunk(0)}, Place::system()));
  EXPECT_EQ(space().residency(chunk(0)).last_prefetch, Place::system());
  EXPECT_FALSE(space().residency(chunks(0, 2)).last_prefetch);
}

// proves: D7
TEST_F(ResidencyTest, AttributesCoverTheIntervalPieceByPiece) {
  ASSERT_TRUE(space().advise(chunk(1), Advice::preferred_location(Place::system())));
  const auto pieces = space().attributes(chunks(0, 3));
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].interval, chunk(0));
  EXPECT_EQ(pieces[1].interval, chunk(1));
  EXPECT_EQ(pieces[1].attributes.preferred, Place::system());
  EXPECT_EQ(pieces[2].interval, chunk(2));
}

// proves: D8
TEST_F(ResidencyTest, MarksPlainDeviceAllocations) {
  Tile& gpu = machine.add_tile();
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(8)), Status::ok);
  EXPECT_TRUE(space().residency(chunk(8)).chunks.at(0).is_device_memory);
  EXPECT_EQ(space().residency(chunk(8)).place, Place::on(gpu.id));
}

}  // namespace
}  // namespace zesvm::svm::fake
