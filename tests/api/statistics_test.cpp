#include <gmock/gmock.h>
#include <sstream>

#include <zesvm/statistics.hpp>

namespace zesvm::tests {
namespace {

using ::testing::HasSubstr;

Statistics sample(std::uint64_t faults, std::uint64_t bytes) {
  TileStatistics tile;
  tile.name = "Card tile 1";
  tile.gpu_faults = faults;
  tile.to_device = {2, bytes, 10};
  tile.from_peer = {1, bytes, 10};
  return {true, {tile}};
}

TEST(Statistics, SubtractCounters) {
  const Statistics between = sample(7, 4096) - sample(3, 1024);
  EXPECT_EQ(between.tiles[0].gpu_faults, 4u);
  EXPECT_EQ(between.tiles[0].to_device.bytes, 3072u);
  EXPECT_EQ(between.tiles[0].migrations(), 0u);
}

TEST(Statistics, PrintALinePerTile) {
  std::ostringstream text;
  text << sample(7, std::uint64_t{3} << 20);
  EXPECT_THAT(text.str(), HasSubstr("GPU faults"));
  EXPECT_THAT(text.str(), HasSubstr("Card tile 1"));
  EXPECT_THAT(text.str(), HasSubstr("3 MiB"));
}

TEST(Statistics, SayWhenThereAreNone) {
  std::ostringstream text;
  text << Statistics{};
  EXPECT_THAT(text.str(), HasSubstr("does not count"));
}

}  // namespace
}  // namespace zesvm::tests
