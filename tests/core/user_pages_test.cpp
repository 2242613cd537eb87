// User pages: an interval mapped on one device without ranges.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class UserPagesTest : public CoreTest {
 protected:
  UserPagesTest() : gpu(machine.add_tile()) {
    machine.map(chunks(0, 2));
    machine.populate(chunks(0, 2), 5);
  }
  Tile& gpu;
  const Interval odd{base + 12_KiB, base + 2_MiB + 20_KiB};
};

// proves: A16
TEST_F(UserPagesTest, MapAnyPagesWithoutRanges) {
  const auto pages = space().user_pages(gpu.id, odd, Access::write);
  ASSERT_TRUE(pages);
  EXPECT_EQ(space().range_count(), 0u);
  EXPECT_EQ(gpu.mapped(), std::vector{odd});
  EXPECT_EQ(gpu.mapping_at(odd.begin)->protocol, pagemap::Protocol::system);
  ASSERT_EQ(gpu.write(odd.begin, 1), Status::ok);
  EXPECT_EQ(*machine.read(odd.begin), 1u);
  EXPECT_TRUE(space().has_mapping(odd));
  space().release_user_pages(*pages);
  EXPECT_TRUE(gpu.mapped().empty());
  EXPECT_TRUE(gpu.stale().empty());
  EXPECT_EQ(space().notifier_count(), 0u);
}

// proves: A16
TEST_F(UserPagesTest, MoveVramToSystemMemoryFirst) {
  ASSERT_EQ(gpu.write(base, 9), Status::ok);
  const auto pages = space().user_pages(gpu.id, chunks(0, 2), Access::read);
  ASSERT_TRUE(pages);
  EXPECT_EQ(gpu.pagemap.usage().used, 0_B);
  EXPECT_EQ(*gpu.read(base), 9u);
  EXPECT_EQ(gpu.mapping_at(base)->writable, Writable::no);
  space().release_user_pages(*pages);
}

// proves: A16
TEST_F(UserPagesTest, AnInvalidationEndsThem) {
  const auto pages = space().user_pages(gpu.id, odd, Access::write);
  EXPECT_TRUE(space().user_pages_valid(*pages));
  machine.unmap({base + 1_MiB, base + 1_MiB + 4_KiB});
  EXPECT_FALSE(space().user_pages_valid(*pages));
  EXPECT_TRUE(gpu.mapped().empty());
  EXPECT_TRUE(gpu.stale().empty());
  space().release_user_pages(*pages);
}

// proves: A15
TEST_F(UserPagesTest, ReleasingTwiceIsANoOp) {
  const auto pages = space().user_pages(gpu.id, odd, Access::write);
  space().release_user_pages(*pages);
  const std::size_t unmaps = gpu.unmap_calls();
  space().release_user_pages(*pages);
  space().release_user_pages({12345});
  EXPECT_EQ(gpu.unmap_calls(), unmaps);
  EXPECT_FALSE(space().user_pages_valid(*pages));
}

// proves: A16
TEST_F(UserPagesTest, RefuseWhatIsNotMappedOrWritable) {
  EXPECT_EQ(space().user_pages(gpu.id, chunks(1, 2), Access::read).status(), Status::not_mapped);
  EXPECT_TRUE(gpu.mapped().empty());
  machine.protect(chunk(1), Writable::no);
  EXPECT_EQ(space().user_pages(gpu.id, chunks(0, 2), Access::write).status(),
            Status::permission_denied);
  EXPECT_TRUE(gpu.mapped().empty());
  EXPECT_EQ(space().user_pages({9}, chunk(0), Access::read).status(), Status::no_device);
  EXPECT_EQ(space().user_pages(gpu.id, {base, base}, Access::read).status(),
            Status::invalid_argument);
}

// proves: A14
TEST_F(UserPagesTest, AFailureHalfWayReleasesWhatWasMapped) {
  machine.protect(chunk(1), Writable::yes);  // Two CPU mappings, so two device mappings.
  machine.plan.fail_at(2);
  EXPECT_EQ(space().user_pages(gpu.id, chunks(0, 2), Access::write).status(), Status::map_failed);
  EXPECT_TRUE(gpu.mapped().empty());
  EXPECT_TRUE(gpu.stale().empty());
  EXPECT_EQ(gpu.unmaps().back(), (std::pair{chunk(0), Direction::bidirectional}));
  EXPECT_EQ(space().notifier_count(), 0u);
}

// proves: A14
TEST_F(UserPagesTest, MixedMemoryIsMovedAndTriedAgain) {
  Tile& other = machine.add_tile();
  // Another device takes part of it to its VRAM just after the pages were looked up.
  machine.plan.at(Gate::mapping_at, [&] { EXPECT_EQ(other.write(base + 8_B, 77), Status::ok); });
  const auto pages = space().user_pages(gpu.id, chunk(0), Access::read);
  ASSERT_TRUE(pages);
  EXPECT_EQ(*gpu.read(base + 8_B), 77u);
  EXPECT_EQ(other.pagemap.usage().used, 0_B);
  space().release_user_pages(*pages);
}

// proves: A16
TEST_F(UserPagesTest, AFaultInThemLeavesTheDeviceServed) {
  Tile& integrated = machine.add_tile(16_MiB, {.is_discrete = false});
  for (Tile* tile : {&gpu, &integrated}) {
    const auto pages = space().user_pages(tile->id, chunk(0), Access::read);
    ASSERT_TRUE(pages);
    ASSERT_EQ(tile->write(base, 4), Status::ok);
    space().release_user_pages(*pages);
    EXPECT_EQ(*tile->read(base), 4u);
    EXPECT_EQ(*machine.read(base), 4u);
  }
}

// proves: A16
TEST_F(UserPagesTest, TwoOverTheSameMemoryBothWork) {
  const auto first = space().user_pages(gpu.id, chunk(0), Access::write);
  const auto second = space().user_pages(gpu.id, chunk(0), Access::write);
  ASSERT_TRUE(first && second);
  space().release_user_pages(*first);
  EXPECT_EQ(gpu.write(base, 4), Status::ok);
  space().release_user_pages(*second);
  EXPECT_TRUE(space().fault(gpu.id, base, Access::write) == Status::ok);
  EXPECT_EQ(gpu.write(base, 5), Status::ok);
}

// proves: A14, A16
TEST_F(UserPagesTest, ATryThatFailedLeavesNothingBehind) {
  machine.protect(chunk(1), Writable::yes);  // Two CPU mappings, so two device mappings.
  // After the first is mapped, the second is taken away once.
  machine.plan.at(Gate::map, [&] {
    machine.plan.at(Gate::mapping_at, [&] { machine.protect(chunk(1), Writable::yes); });
  });
  const auto pages = space().user_pages(gpu.id, chunks(0, 2), Access::write);
  ASSERT_TRUE(pages);
  EXPECT_TRUE(space().user_pages_valid(*pages));
  EXPECT_EQ(gpu.mapped(), (std::vector{chunk(0), chunk(1)}));
  space().release_user_pages(*pages);
}

// proves: A14, A16
TEST_F(UserPagesTest, ARangeMadeMeanwhileGivesWay) {
  Tile& integrated = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.plan.at(Gate::mapping_at, [&] { EXPECT_EQ(integrated.write(base, 3), Status::ok); });
  const auto pages = space().user_pages(integrated.id, chunk(0), Access::read);
  ASSERT_TRUE(pages);
  EXPECT_EQ(space().range_count(), 0u);
  EXPECT_EQ(integrated.mapping_at(base)->writable, Writable::no);
  space().release_user_pages(*pages);
}

// proves: A16, B7
TEST_F(UserPagesTest, GoWithTheirDevice) {
  const auto pages = space().user_pages(gpu.id, odd, Access::write);
  ASSERT_TRUE(pages);
  ASSERT_EQ(space().leave(gpu.id), Status::ok);
  EXPECT_TRUE(gpu.mapped().empty());
  EXPECT_TRUE(gpu.stale().empty());
  EXPECT_FALSE(space().user_pages_valid(*pages));
  space().release_user_pages(*pages);
}

}  // namespace
}  // namespace zesvm::svm::fake
