// Owners: cliques of pagemaps that all reach each other fast.
#include "pagemap/owner.hpp"

#include <gtest/gtest.h>

#include "core/fake_device.hpp"

namespace zesvm::svm::fake {
namespace {

constexpr pagemap::Link fast{pagemap::Protocol::peer_fabric, pagemap::Speed::fast,
                             pagemap::LinkAtomics::present};
constexpr pagemap::Link slow{pagemap::Protocol::peer_pcie, pagemap::Speed::slow,
                             pagemap::LinkAtomics::absent};

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

}  // namespace
}  // namespace zesvm::svm::fake
