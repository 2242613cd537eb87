// Owners: cliques of pagemaps that all reach each other fast.
#include "pagemap/owner.hpp"

#include <gtest/gtest.h>
#include <random>

#include "core/core_fixture.hpp"
#include "svm/fault_policy.hpp"

namespace zesvm::svm::fake {
namespace {

class OwnerTest : public testing::Test {
 protected:
  OwnerTest() {
    for (std::uint32_t i = 0; i < 4; ++i)
      maps.push_back(std::make_unique<pagemap::Pagemap>(i, "tile", 2_MiB));
  }
  void TearDown() override { owners.check_invariants(); }
  pagemap::OwnerId join(std::size_t i) { return owners.join(*maps[i]); }

  FakeInterconnect links;
  std::vector<std::unique_ptr<pagemap::Pagemap>> maps;
  pagemap::OwnerList owners{links};
};

// proves: F2
TEST_F(OwnerTest, UnlinkedPagemapsAreAlone) {
  EXPECT_NE(join(0), join(1));
  EXPECT_FALSE(owners.share_owner(*maps[0], *maps[1]));
  EXPECT_TRUE(owners.share_owner(*maps[0], *maps[0]));
}

// proves: F2
TEST_F(OwnerTest, JoinsOnlyWithEveryMemberFast) {
  links.connect(0, 1, fast);
  links.connect(1, 2, fast);
  EXPECT_EQ(join(0), join(1));
  EXPECT_NE(join(2), join(0));
  links.connect(3, 0, fast);
  links.connect(3, 1, fast);
  EXPECT_EQ(join(3), join(0));
  EXPECT_EQ(owners.members(join(0)).size(), 3u);
}

// proves: F2
TEST_F(OwnerTest, OneSlowDirectionKeepsThemApart) {
  links.connect_one_way(0, 1, fast);
  links.connect_one_way(1, 0, slow);
  EXPECT_NE(join(0), join(1));
}

// proves: F2
TEST_F(OwnerTest, JoiningAgainChangesNothing) {
  links.connect(0, 1, fast);
  const pagemap::OwnerId owner = join(0);
  (void)join(1);
  EXPECT_EQ(join(0), owner);
  EXPECT_EQ(owners.members(owner).size(), 2u);
}

// proves: F2
TEST_F(OwnerTest, LeavingBringsOthersTogether) {
  links.connect(0, 1, fast);
  links.connect(1, 2, fast);
  for (const std::size_t i : {0u, 1u, 2u}) (void)join(i);
  EXPECT_FALSE(owners.share_owner(*maps[1], *maps[2]));
  owners.leave(*maps[0]);
  EXPECT_TRUE(owners.share_owner(*maps[1], *maps[2]));
}

// proves: F2
TEST_F(OwnerTest, LeavingFreesThePlace) {
  links.connect(0, 1, fast);
  links.connect(1, 2, fast);
  (void)join(0);
  (void)join(1);
  EXPECT_NE(join(2), join(1));
  owners.leave(*maps[2]);
  owners.leave(*maps[0]);
  owners.leave(*maps[0]);
  EXPECT_EQ(join(2), join(1));
}

/// Six tiles, each pair linked fast, slowly, fast one way only, or not at all.
class OwnersAndPolicyTest : public testing::TestWithParam<unsigned> {
 protected:
  OwnersAndPolicyTest() {
    std::mt19937 random{GetParam()};
    for (std::uint32_t i = 0; i < 6; ++i) {
      maps.push_back(std::make_unique<pagemap::Pagemap>(i, "tile", 2_MiB));
      for (std::uint32_t other = 0; other < i; ++other) connect(i, other, random() % 6);
    }
    for (const auto& map : maps) (void)owners.join(*map);
  }
  void connect(std::uint32_t a, std::uint32_t b, unsigned kind) {
    if (kind < 3) links.connect(a, b, fast);
    if (kind == 3) links.connect(a, b, slow);
    if (kind == 4) links.connect_one_way(a, b, fast);
  }
  /// Returns where a tile wants memory that is advised to live on another.
  pagemap::Pagemap* wanted_by(std::size_t self, std::size_t advised) {
    const PolicyDevices devices{traits, {}, maps[self].get(), maps[advised].get(), &links};
    Attributes attributes;
    attributes.preferred.kind = Place::Kind::device;
    return wanted_place(devices, attributes, Access::read).pagemap;
  }
  void check_pair(std::size_t a, std::size_t b) {
    const bool both_ways = pagemap::has_fast_interconnect(links, *maps[a], *maps[b]);
    const bool served = wanted_by(a, b) == maps[b].get() && wanted_by(b, a) == maps[a].get();
    EXPECT_EQ(served, both_ways);
    EXPECT_TRUE(served || !owners.share_owner(*maps[a], *maps[b]));
  }

  FakeInterconnect links;
  DeviceTraits traits;
  std::vector<std::unique_ptr<pagemap::Pagemap>> maps;
  pagemap::OwnerList owners{links};
};

// What the owners promise, the policy keeps, before and after tiles go away: members of one owner use
// each other's memory in place, and nobody does without a fast link.
// proves: D1, F2, F3
TEST_P(OwnersAndPolicyTest, MembersOfAnOwnerAreServedInPlace) {
  for (std::size_t gone = 0; gone < 3; ++gone) {
    owners.check_invariants();
    for (std::size_t a = gone; a < maps.size(); ++a)
      for (std::size_t b = a + 1; b < maps.size(); ++b) check_pair(a, b);
    owners.leave(*maps[gone]);
  }
}

INSTANTIATE_TEST_SUITE_P(Graphs, OwnersAndPolicyTest, testing::Range(0u, 40u));

}  // namespace
}  // namespace zesvm::svm::fake
