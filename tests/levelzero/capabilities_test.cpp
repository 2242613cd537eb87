#include "levelzero/capabilities.hpp"

#include <cstdlib>
#include <gmock/gmock.h>

#include <zesvm/error.hpp>

namespace zesvm::levelzero {
namespace {

using ::testing::HasSubstr;

class CapabilitiesTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("ZESVM_BACKING"); }
  void TearDown() override { ::unsetenv("ZESVM_BACKING"); }

  /// Two tiles, and which of them can use any pointer of the program.
  enum class System { on_both, on_first };
  static std::vector<Tile> tiles(System system) {
    std::vector<Tile> two(2);
    two[0].name = "first card";
    two[1].name = "second card";
    for (Tile& tile : two) {
      tile.capabilities.small_page_bytes = 64 << 10;
      tile.capabilities.system_memory.can_access = true;
    }
    two[1].capabilities.system_memory.can_access = system == System::on_both;
    return two;
  }
  static std::string refusal(Backing wanted, const std::vector<Tile>& tiles) {
    try {
      choose_backing(wanted, tiles, false);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(CapabilitiesTest, SystemWhereEveryDeviceCan) {
  EXPECT_EQ(choose_backing(Backing::automatic, tiles(System::on_both), false).backing,
            Backing::system);
  const auto choice = choose_backing(Backing::automatic, tiles(System::on_first), false);
  EXPECT_EQ(choice.backing, Backing::shared);
  EXPECT_THAT(choice.reason, HasSubstr("second card"));
  EXPECT_EQ(choose_backing(Backing::automatic, tiles(System::on_both), true).backing,
            Backing::shared);
}

TEST_F(CapabilitiesTest, TheProgramGoesBeforeTheEnvironment) {
  ::setenv("ZESVM_BACKING", "paged", 1);
  const auto two = tiles(System::on_both);
  EXPECT_EQ(choose_backing(Backing::automatic, two, false).backing, Backing::paged);
  EXPECT_EQ(choose_backing(Backing::shared, two, false).backing, Backing::shared);
  ::setenv("ZESVM_BACKING", "auto", 1);
  EXPECT_EQ(choose_backing(Backing::automatic, two, false).backing, Backing::system);
}

TEST_F(CapabilitiesTest, WhatADeviceCannotIsRefusedByItsName) {
  EXPECT_THAT(refusal(Backing::system, tiles(System::on_first)), HasSubstr("second card"));
  auto large_pages = tiles(System::on_both);
  large_pages[0].capabilities.small_page_bytes = 2 << 20;
  EXPECT_THAT(refusal(Backing::paged, large_pages), HasSubstr("first card"));
  ::setenv("ZESVM_BACKING", "magic", 1);
  EXPECT_THAT(refusal(Backing::automatic, large_pages), HasSubstr("'magic'"));
}

TEST_F(CapabilitiesTest, FactsNameTheBackingAndItsReason) {
  Capabilities can;
  can.backing = Backing::paged;
  can.backing_reason = "asked for";
  can.peers = {1, 3};
  std::string text;
  for (const auto& [about, fact] : facts_of(can)) text += about + "=" + fact + ";";
  EXPECT_THAT(text, HasSubstr("backing=paged: asked for;"));
  EXPECT_THAT(text, HasSubstr("peers, says the driver=1 3;"));
  EXPECT_THAT(text, HasSubstr("virtual memory=none;"));
}

}  // namespace
}  // namespace zesvm::levelzero
