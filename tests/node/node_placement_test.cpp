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

// proves: A1
TEST_F(NodePlacementTest, ANodeGoesWithItsRangesAndAnotherComes) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(touch(first, data_, size), Status::ok);
    EXPECT_FALSE(space().ranges({data_, data_ + size}).empty());
    node_.reset();
    SetUp();
    EXPECT_TRUE(space().ranges({data_, data_ + size}).empty());
    EXPECT_EQ(*pointer_to<int>(data_), 0);
  }
  EXPECT_EQ(add_one(first, data_, 64), Status::ok);
}

// proves: A2
TEST_F(NodePlacementTest, RangesAreTheLargestChunksThatFit) {
  const Address odd = shared(2_MiB + 64_KiB);
  ASSERT_EQ(touch(first, odd, 2_MiB + 64_KiB, 4_KiB), Status::ok);
  const auto ranges = space().ranges({odd, odd + 2_MiB + 64_KiB});
  ASSERT_FALSE(ranges.empty());
  EXPECT_EQ(ranges.front(), (Interval{odd, odd + 2_MiB}));
  for (const Interval range : ranges) EXPECT_TRUE(is_power_of_two(range.size()));
  EXPECT_EQ(ranges.back().end, odd + 2_MiB + 64_KiB);
}

// proves: C6
TEST_F(NodePlacementTest, MemoryThatMayOnlyBeReadIsMappedReadOnly) {
  const auto pages = space().user_pages(id_of(first), {data_, data_ + size}, svm::Access::read);
  ASSERT_TRUE(pages.has_value());
  *pointer_to<int>(data_) = 7;
  const Address out = shared(64_KiB);
  EXPECT_EQ(run(first, "copy_ints", {PointerArgument{out}, PointerArgument{data_}}, 64).status,
            Status::ok);
  EXPECT_EQ(*pointer_to<int>(out), 7);
  EXPECT_TRUE(space().user_pages_valid(*pages));
  // A write is not let through: it ends the pages, and gets a mapping that allows it.
  EXPECT_EQ(add_one(first, data_, 64), Status::ok);
  EXPECT_FALSE(space().user_pages_valid(*pages));
  space().release_user_pages(*pages);
  EXPECT_EQ(*pointer_to<int>(data_), 8);
}

// proves: C2, C3, D5
TEST_F(NodePlacementTest, CpuScopeFailsAnAtomicLaunch) {
  const auto cpu = svm::Advice::atomic_access(svm::AtomicAccess::cpu);
  ASSERT_TRUE(space().advise({data_, data_ + size}, cpu).has_value());
  const Outcome refused = run(first, "count_up", {PointerArgument{data_}}, 64);
  EXPECT_EQ(refused.status, Status::permission_denied);
  EXPECT_EQ(*pointer_to<int>(data_), 0);
  EXPECT_EQ(add_one(first, data_, 64), Status::ok);
  ASSERT_TRUE(space().advise({data_, data_ + size}, svm::Advice::defaults()).has_value());
  EXPECT_EQ(run(first, "count_up", {PointerArgument{data_}}, 64).status, Status::ok);
  EXPECT_EQ(*pointer_to<int>(data_), 65);
}

// proves: C3
TEST_F(NodePlacementTest, AnAtomicOnMemoryThatMayNotMoveFailsTheLaunch) {
  topology::NodeDescription description = small_node();
  for (auto& device : description.devices) device.system_atomics = false;
  start(description);
  const Address host = *node_->allocate_host(64_KiB, {});
  *pointer_to<int>(host) = 3;
  const Outcome refused = run(first, "count_up", {PointerArgument{host}}, 64);
  EXPECT_EQ(refused.status, Status::permission_denied);
  EXPECT_FALSE(refused.message.empty());
  EXPECT_EQ(*pointer_to<int>(host), 3);
  EXPECT_EQ(add_one(first, host, 64), Status::ok);
}

// proves: B2
TEST_F(NodePlacementTest, RangesBelowTheSmallestStayInSystemMemory) {
  topology::NodeDescription description = small_node();
  description.devices[0].smallest_migratable = 2_MiB;
  start(description);
  const Address small = shared(64_KiB);
  const Address large = shared(2_MiB);
  std::memset(pointer_to(small), 0, 64 << 10);
  ASSERT_EQ(add_one(first, small, 64), Status::ok);
  ASSERT_EQ(add_one(first, large, 64), Status::ok);
  EXPECT_EQ(tile_holding(small), std::nullopt);
  EXPECT_EQ(tile_holding(large), first);
  ASSERT_EQ(add_one(other, small, 64), Status::ok);
  EXPECT_EQ(tile_holding(small), other);
  EXPECT_EQ(*pointer_to<int>(small), 2);
}

// proves: D9, D10
TEST_F(NodePlacementTest, AFullTileFallsBackAndSaysSo) {
  const Address full = *node_->allocate_device(second, 64_MiB, {});
  ASSERT_EQ(space().pin({full, full + 64_MiB}), Status::ok);
  const auto result =
      space().prefetch(std::vector{Interval{data_, data_ + size}}, svm::Place::on(id_of(second)));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcome, svm::Outcome::fallback);
  EXPECT_EQ(result->reason, svm::Reason::out_of_device_memory);
  // The preferred tile is full, so the memory goes to the one that faulted.
  ASSERT_TRUE(space().advise({data_, data_ + size}, on(second)).has_value());
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  EXPECT_EQ(tile_holding(data_), first);
  space().unpin({full, full + 64_MiB});
  ASSERT_EQ(touch(second, data_, size), Status::ok);
  EXPECT_EQ(tile_holding(data_), second);
  EXPECT_EQ(*pointer_to<int>(data_), 2);
}

// proves: D8
TEST_F(NodePlacementTest, ResidencyTellsWhereWhoAndWhy) {
  ASSERT_TRUE(space().advise({data_, data_ + 2_MiB}, on(second), id_of(first)).has_value());
  ASSERT_EQ(touch(first, data_, size), Status::ok);
  const svm::Residency there = space().residency({data_, data_ + size});
  ASSERT_EQ(there.chunks.size(), 2u);
  EXPECT_TRUE(there.is_mixed());
  EXPECT_EQ(there.chunks[0].attributes.preferred, svm::Place::on(id_of(second)));
  ASSERT_EQ(there.chunks[0].mapped_on.size(), 1u);
  EXPECT_EQ(there.chunks[0].mapped_on[0].device, id_of(first));
  EXPECT_NE(there.chunks[0].mapped_on[0].protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(there.chunks[1].mapped_on[0].protocol, pagemap::Protocol::local_vram);
}

}  // namespace
}  // namespace zesvm::simulator::node
