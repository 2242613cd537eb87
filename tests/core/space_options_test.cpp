// Making, closing and destroying an address space.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class SpaceOptionsTest : public CoreTest {
 protected:
  Status create(std::vector<Bytes> chunk_sizes, Bytes notifier_size,
                Interval interval = {base, base + 2_GiB}) {
    AddressSpaceOptions options;
    options.collector = Collector::at_faults;
    options.interval = interval;
    options.chunk_sizes = std::move(chunk_sizes);
    options.notifier_size = notifier_size;
    return AddressSpace::create(std::move(options), machine, machine).status();
  }
};

// proves: A1
TEST_F(SpaceOptionsTest, TakesAnyDescendingPowersOfTwo) {
  EXPECT_EQ(create({2_MiB, 64_KiB, 4_KiB}, 512_MiB), Status::ok);
  EXPECT_EQ(create({4_KiB}, 4_KiB), Status::ok);
  EXPECT_EQ(create({1_GiB, 2_MiB, 4_KiB}, 1_GiB), Status::ok);
}

// proves: A1
TEST_F(SpaceOptionsTest, RefusesMalformedChunkSizes) {
  EXPECT_EQ(create({}, 512_MiB), Status::invalid_argument);
  EXPECT_EQ(create({2_MiB, 64_KiB}, 512_MiB), Status::invalid_argument);
  EXPECT_EQ(create({64_KiB, 2_MiB, 4_KiB}, 512_MiB), Status::invalid_argument);
  EXPECT_EQ(create({64_KiB, 64_KiB, 4_KiB}, 512_MiB), Status::invalid_argument);
  EXPECT_EQ(create({3_MiB, 4_KiB}, 512_MiB), Status::invalid_argument);
  EXPECT_EQ(create({2_MiB, 4_KiB, 2_KiB}, 512_MiB), Status::invalid_argument);
  EXPECT_EQ(create({2_MiB, 4_KiB, 0_B}, 512_MiB), Status::invalid_argument);
}

// proves: A1
TEST_F(SpaceOptionsTest, RefusesMalformedNotifiersAndIntervals) {
  EXPECT_EQ(create({2_MiB, 4_KiB}, 1_MiB), Status::invalid_argument);
  EXPECT_EQ(create({2_MiB, 4_KiB}, 3_MiB), Status::invalid_argument);
  EXPECT_EQ(create({2_MiB, 4_KiB}, 0_B), Status::invalid_argument);
  EXPECT_EQ(create({4_KiB}, 2_MiB, {base, base}), Status::invalid_argument);
  EXPECT_EQ(create({4_KiB}, 2_MiB, {base + 4_KiB, base + 2_MiB}), Status::invalid_argument);
}

// proves: A1
TEST_F(SpaceOptionsTest, NothingIsInvalidatedAfterClose) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  space().close();
  machine.invalidate(chunk(0), Event::unmap);
  EXPECT_EQ(gpu.mapped(), std::vector{chunk(0)});
  EXPECT_EQ(space().fault(gpu.id, chunk(0).begin, Access::read), Status::invalid_address);
}

// proves: A1
TEST_F(SpaceOptionsTest, ReleasesLiveRangesWhenDestroyed) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 3));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 1), Status::ok);
  machine.drop_space();
  EXPECT_TRUE(gpu.mapped().empty());
  EXPECT_TRUE(gpu.stale().empty());
  EXPECT_EQ(gpu.pagemap.usage().blocks, 0u);
}

// proves: A1
TEST_F(SpaceOptionsTest, ClosingKeepsVramReachableForTheCpu) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(chunk(0).begin, 9), Status::ok);
  space().close();
  EXPECT_EQ(*machine.read(chunk(0).begin), 9u);
}

// proves: A1
TEST_F(SpaceOptionsTest, StopsABackgroundCollectorWhenDestroyed) {
  AddressSpaceOptions options;
  options.interval = {base, base + 2_GiB};
  auto made = AddressSpace::create(options, machine, machine);
  ASSERT_TRUE(made);
  (*made)->close();
}

// proves: A1
TEST_F(SpaceOptionsTest, AClosedSpaceStillReleasesItsMappings) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 2));
  const auto pages = space().user_pages(gpu.id, chunk(1), Access::read);
  ASSERT_TRUE(pages);
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  space().close();
  machine.drop_space();
  EXPECT_TRUE(gpu.mapped().empty());
  EXPECT_TRUE(gpu.stale().empty());
  EXPECT_EQ(gpu.pagemap.usage().blocks, 0u);
}

}  // namespace
}  // namespace zesvm::svm::fake
