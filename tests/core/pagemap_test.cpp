// The VRAM of one tile: the buddy allocator, blocks, and their order of use.
#include "pagemap/pagemap.hpp"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "pagemap/buddy_allocator.hpp"

namespace zesvm::pagemap {
namespace {

TEST(BuddyAllocatorTest, TakesTheLowestFreePiece) {
  BuddyAllocator space{1_MiB, 4_KiB};
  EXPECT_EQ(space.take(0), 0_B);
  EXPECT_EQ(space.take(2), 16_KiB);
  EXPECT_EQ(space.take(0), 4_KiB);
  EXPECT_EQ(space.take(1), 8_KiB);
  EXPECT_EQ(space.free(), 1_MiB - 32_KiB);
  space.check_invariants();
}

TEST(BuddyAllocatorTest, MergesBuddiesAgain) {
  BuddyAllocator space{64_KiB, 4_KiB};
  std::vector<Bytes> pieces;
  while (const auto piece = space.take(0)) pieces.push_back(*piece);
  EXPECT_EQ(pieces.size(), 16u);
  EXPECT_FALSE(space.take(0));
  for (const Bytes piece : pieces) space.give(piece, 0);
  space.check_invariants();
  EXPECT_EQ(space.take(4), 0_B);
}

TEST(BuddyAllocatorTest, TakesCapacitiesThatAreNoPowerOfTwo) {
  BuddyAllocator space{28_KiB, 4_KiB};
  EXPECT_EQ(space.take(2), 0_B);
  EXPECT_EQ(space.take(1), 16_KiB);
  EXPECT_EQ(space.take(0), 24_KiB);
  EXPECT_FALSE(space.take(0));
  EXPECT_EQ(space.free(), 0_B);
  EXPECT_EQ(space.order_for(12_KiB), 2u);
  EXPECT_EQ(space.order_for(1_B), 0u);
}

TEST(BuddyAllocatorTest, StaysConsistentUnderRandomUse) {
  BuddyAllocator space{3_MiB, 4_KiB};
  std::mt19937_64 random{7};
  std::vector<std::pair<Bytes, unsigned>> taken;
  Bytes used;
  for (int i = 0; i < 3000; ++i) {
    if (random() % 2 == 0 || taken.empty()) {
      const unsigned order = random() % 8;
      const auto piece = space.take(order);
      if (!piece) continue;
      EXPECT_TRUE(is_aligned(*piece, 4_KiB * (1u << order)));
      taken.emplace_back(*piece, order);
      used += 4_KiB * (1u << order);
    } else {
      std::swap(taken[random() % taken.size()], taken.back());
      space.give(taken.back().first, taken.back().second);
      used -= 4_KiB * (1u << taken.back().second);
      taken.pop_back();
    }
    ASSERT_EQ(space.free(), 3_MiB - used);
  }
  space.check_invariants();
}

TEST(FreeMapTest, FindsTheLeastMember) {
  FreeMap map{100000};
  EXPECT_FALSE(map.least());
  for (const std::uint64_t member : {99999, 4096, 63, 64}) map.insert(member);
  EXPECT_EQ(map.least(), 63u);
  map.erase(63);
  EXPECT_EQ(map.least(), 64u);
  map.erase(64);
  EXPECT_EQ(map.least(), 4096u);
  EXPECT_TRUE(map.contains(99999));
  EXPECT_EQ(map.count(), 2u);
}

// Gives victims back, or refuses.
class Borrower : public BlockUser {
 public:
  Status evict(Block& victim, Cause) noexcept override {
    victims.push_back(&victim);
    if (answer == Status::ok) victim.pagemap()->release(victim);
    return answer;
  }
  Status answer = Status::ok;
  std::vector<Block*> victims;
};

class PagemapTest : public testing::Test {
 protected:
  ~PagemapTest() override {
    for (Block& block : blocks) vram.release(block);
  }
  void TearDown() override { vram.check_invariants(); }
  Status reserve(std::size_t i, Bytes size = 64_KiB, Eviction eviction = Eviction::allowed) {
    const Status status = vram.reserve(blocks[i], size, user, eviction);
    if (status == Status::ok) vram.unpin(blocks[i]);
    return status;
  }
  Pagemap vram{3, "vram", 256_KiB};
  Borrower user;
  std::array<Block, 8> blocks;
};

// proves: B1
TEST_F(PagemapTest, LendsAlignedDisjointBlocks) {
  for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(reserve(i), Status::ok);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(blocks[i].extent().size, 64_KiB);
    EXPECT_TRUE(is_aligned(blocks[i].extent().offset, 64_KiB));
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NE(blocks[i].extent().offset, blocks[j].extent().offset);
  }
  EXPECT_EQ(vram.usage().used, 256_KiB);
  EXPECT_EQ(reserve(4, 64_KiB, Eviction::forbidden), Status::out_of_device_memory);
  EXPECT_EQ(reserve(4, 512_KiB), Status::out_of_device_memory);
}

// proves: B4
TEST_F(PagemapTest, EvictsTheLeastRecentlyUsed) {
  for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(reserve(i), Status::ok);
  vram.touch(blocks[0]);
  ASSERT_EQ(reserve(4), Status::ok);
  EXPECT_EQ(user.victims, std::vector{&blocks[1]});
  ASSERT_EQ(reserve(5, 128_KiB), Status::ok);
  EXPECT_THAT(user.victims, testing::ElementsAre(&blocks[1], &blocks[2], &blocks[3]));
}

// proves: B4
TEST_F(PagemapTest, NeverEvictsWhatIsPinned) {
  for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(reserve(i), Status::ok);
  for (std::size_t i = 0; i < 3; ++i) vram.pin(blocks[i]);
  ASSERT_EQ(reserve(4), Status::ok);
  EXPECT_EQ(user.victims, std::vector{&blocks[3]});
  vram.pin(blocks[4]);
  EXPECT_NE(reserve(5), Status::ok);
  EXPECT_EQ(vram.usage().pinned_blocks, 4u);
}

// proves: B4
TEST_F(PagemapTest, ABusyBorrowerIsAskedOnceOnly) {
  for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(reserve(i), Status::ok);
  user.answer = Status::busy;
  EXPECT_EQ(reserve(4), Status::busy);
  EXPECT_LE(user.victims.size(), 5u);
  EXPECT_FALSE(blocks[4].is_lent());
}

// proves: B8
TEST_F(PagemapTest, HandingOverMovesTheBlock) {
  ASSERT_EQ(vram.reserve(blocks[0], 64_KiB, user, Eviction::allowed), Status::ok);
  const Extent extent = blocks[0].extent();
  ASSERT_EQ(vram.hand_over(blocks[0], blocks[1]), Status::ok);
  EXPECT_FALSE(blocks[0].is_lent());
  EXPECT_EQ(blocks[1].extent(), extent);
  EXPECT_FALSE(vram.is_pinned(blocks[1]));
  EXPECT_EQ(vram.usage().blocks, 1u);
}

// proves: B7
TEST_F(PagemapTest, LendsNothingOnceClosed) {
  ASSERT_EQ(vram.reserve(blocks[0], 64_KiB, user, Eviction::allowed), Status::ok);
  vram.close();
  EXPECT_EQ(reserve(1), Status::no_device);
  EXPECT_EQ(vram.hand_over(blocks[0], blocks[1]), Status::no_device);
  EXPECT_TRUE(blocks[0].is_lent());
}

// proves: A15
TEST_F(PagemapTest, ReleasingTwiceIsANoOp) {
  ASSERT_EQ(reserve(0), Status::ok);
  vram.release(blocks[0]);
  vram.release(blocks[0]);
  vram.release(blocks[1]);
  EXPECT_EQ(vram.usage().blocks, 0u);
}

// proves: B5
TEST_F(PagemapTest, ExchangeMovesBetweenPagemaps) {
  Pagemap other{4, "other", 256_KiB};
  ASSERT_EQ(reserve(0), Status::ok);
  ASSERT_EQ(other.reserve(blocks[1], 64_KiB, user, Eviction::allowed), Status::ok);
  ASSERT_EQ(vram.exchange(blocks[0], blocks[2], blocks[1]), Status::ok);
  EXPECT_EQ(blocks[0].pagemap(), &other);
  EXPECT_EQ(blocks[2].pagemap(), &vram);
  EXPECT_FALSE(blocks[1].is_lent());
  vram.release(blocks[2]);
  other.check_invariants();
  other.release(blocks[0]);
}

// proves: B5, B8
TEST_F(PagemapTest, ExchangeWithAClosedPagemapChangesNothing) {
  Pagemap other{4, "other", 256_KiB};
  ASSERT_EQ(reserve(0), Status::ok);
  ASSERT_EQ(other.reserve(blocks[1], 64_KiB, user, Eviction::allowed), Status::ok);
  other.close();
  EXPECT_EQ(vram.exchange(blocks[0], blocks[2], blocks[1]), Status::no_device);
  EXPECT_EQ(blocks[0].pagemap(), &vram);
  EXPECT_FALSE(blocks[2].is_lent());
  other.release(blocks[1]);
}

}  // namespace
}  // namespace zesvm::pagemap
