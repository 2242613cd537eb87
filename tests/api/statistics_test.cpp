#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include <zesvm/statistics.hpp>

namespace zesvm::tests {
namespace {

using ::testing::HasSubstr;

Statistics sample(std::uint64_t faults, std::uint64_t bytes) {
  TileStatistics tile;
  tile.name = "Card tile 1";
  tile.gpu_faults = faults;
  tile.to_device = {2, bytes, 10, 0, 0};
  tile.from_peer = {1, bytes, 10, 0, 0};
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

// proves: E3
TEST(Report, HasEveryDirectionAlsoWithoutMoves) {
  const std::string text = report_text({true, {TileStatistics{}}});
  for (const char* direction : {"host to device", "device to host", "device to device"})
    EXPECT_THAT(text, HasSubstr(direction));
  const auto json = nlohmann::json::parse(report_json({true, {TileStatistics{}}}));
  EXPECT_EQ(json["devices"][0]["directions"].size(), 3u);
  EXPECT_EQ(json["devices"][0]["causes"].size(), cause_count);
  EXPECT_EQ(nlohmann::json::parse(report_json({}))["devices"].size(), 0u);
}

// proves: E3
TEST(Report, GivesAveragesAndThroughput) {
  TileStatistics tile;
  tile.to_device = {2, 3000, 1000, 1000, 2000};
  tile.causes[static_cast<std::size_t>(Cause::prefetch)] = 2;
  const auto json = nlohmann::json::parse(report_json({true, {tile}}));
  const auto& moves = json["devices"][0]["directions"]["host_to_device"];
  EXPECT_EQ(moves["average_bytes"], 1500);
  EXPECT_EQ(moves["smallest_bytes"], 1000);
  EXPECT_EQ(moves["largest_bytes"], 2000);
  EXPECT_EQ(moves["bytes_per_second"], 3e9);
  EXPECT_EQ(json["devices"][0]["causes"]["prefetch"], 2);
  EXPECT_THAT(report_text({true, {tile}}), HasSubstr("prefetch 2"));
}

TEST(Statistics, SayWhenThereAreNone) {
  std::ostringstream text;
  text << Statistics{};
  EXPECT_THAT(text.str(), HasSubstr("does not count"));
}

}  // namespace
}  // namespace zesvm::tests
