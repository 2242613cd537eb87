// Advice, placement and mirrors, followed by real tiles.
#include "node/node_fixture.hpp"
#include "svm/address_space.hpp"

namespace zesvm::simulator::node {
namespace {

class NodePlacementTest : public NodeTest {
 protected:
  void SetUp() override {
    start();
    data_ = shared(size);
    std::memset(pointer_to(data_), 0, size.count);
  }
  svm::AddressSpace& space() { return node_->address_space(); }
  static svm::DeviceId id_of(TileId tile) {
    return svm::DeviceId{static_cast<std::uint16_t>(index_of(tile))};
  }
  std::optional<TileId> tile_holding(Address where) {
    return node_->residence({where, where + 4_KiB}).front().tile;
  }
  static svm::Advice on(TileId tile) {
    return svm::Advice::preferred_location(svm::Place::on(id_of(tile)));
  }

  static constexpr Bytes size = 4_MiB;
  Address data_;
};

// proves: D1
TEST_F(NodePlacementTest, MemoryLivesOnTheAdvisedTileOfTheCard) {
  ASSERT_TRUE(space().advise({data_, data_ + size}, on(second), id_of(first)).has_value());
  ASSERT_EQ(add_one(first, data_, 64), Status::ok);
  EXPECT_EQ(tile_holding(data_), second);
  EXPECT_EQ(*pointer_to<int>(data_), 1);
}

// proves: D1
TEST_F(NodePlacementTest, ATileOutOfReachIsRefused) {
  const auto result = space().advise({data_, data_ + size}, on(other), id_of(first));
  EXPECT_EQ(result.status(), Status::no_interconnect);
}

// proves: D3, D7
TEST_F(NodePlacementTest, AdviceOnPartSplitsTheRangeAndKeepsItsData) {
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  const Interval part{data_ + 64_KiB, data_ + 128_KiB};
  const auto system = svm::Advice::preferred_location(svm::Place::system());
  ASSERT_TRUE(space().advise(part, system).has_value());
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  EXPECT_EQ(tile_holding(part.begin), std::nullopt);
  EXPECT_EQ(tile_holding(part.end), first);
  EXPECT_EQ(space().attributes({data_, data_ + size}).size(), 3u);
  for (Bytes at; at < size; at += 64_KiB) ASSERT_EQ(*pointer_to<int>(data_ + at), 2);
}

// proves: A6, D7
TEST_F(NodePlacementTest, FreedMemoryForgetsItsAdvice) {
  ASSERT_TRUE(space().advise({data_, data_ + size}, on(second)).has_value());
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  ASSERT_EQ(node_->free(data_), Status::ok);
  const auto pieces = space().attributes({data_, data_ + size});
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces.front().attributes, svm::Attributes{});
  EXPECT_TRUE(space().ranges({data_, data_ + size}).empty());
}

// proves: A5
TEST_F(NodePlacementTest, InvalidatedMemoryFaultsInAgain) {
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  const auto faults = node_->statistics(first).gpu_faults;
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  EXPECT_EQ(node_->statistics(first).gpu_faults, faults);
  { const svm::Invalidation nothing{space(), {data_, data_ + size}, svm::Event::protect}; }
  EXPECT_FALSE(space().has_mapping({data_, data_ + size}));
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  EXPECT_GT(node_->statistics(first).gpu_faults, faults);
}

// proves: A8
TEST_F(NodePlacementTest, AMirrorInUseIsNotRemoved) {
  EXPECT_FALSE(space().has_mapping({data_, data_ + size}));
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  EXPECT_TRUE(space().has_mapping({data_, data_ + size}));
  EXPECT_EQ(space().remove_mirror({data_, data_ + size}), Status::busy);
  EXPECT_EQ(add_one(first, data_, 64), Status::ok);
}

// proves: A16
TEST_F(NodePlacementTest, UserPagesAreInSystemMemory) {
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  const auto pages = space().user_pages(id_of(second), {data_, data_ + size}, svm::Access::read);
  ASSERT_TRUE(pages.has_value());
  EXPECT_EQ(tile_holding(data_), std::nullopt);
  space().release_user_pages(*pages);
}

// proves: B1, B5
TEST_F(NodePlacementTest, BlocksMoveDirectlyBetweenTilesOfACard) {
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  ASSERT_EQ(touch(second, data_, size), Status::ok);
  EXPECT_EQ(tile_holding(data_), second);
  EXPECT_EQ(copied_out(), 0_B);
  EXPECT_EQ(node_->statistics(second).copied_in, 0_B);
}

// proves: B12
TEST_F(NodePlacementTest, MemoryIsOnlyOnTheTileThatUsesIt) {
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  EXPECT_EQ(node_->memory_of(first).total - node_->memory_of(first).free, size);
  EXPECT_EQ(node_->memory_of(second).free, node_->memory_of(second).total);
}

}  // namespace
}  // namespace zesvm::simulator::node
