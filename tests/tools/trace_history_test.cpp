// What is learned from a trace.
#include "tools/trace_history.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <zesvm/error.hpp>

namespace zesvm::tools {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;

class TraceHistoryTest : public testing::Test {
 protected:
  TraceHistoryTest() {
    std::string name = testing::TempDir() + "/zesvm-history-XXXXXX";
    ::close(::mkstemp(name.data()));
    path_ = name;
    lines_ =
        "[\n"
        R"({"name":"zesvm","cat":"__metadata","ph":"M","pid":0,"tid":0,"args":{"version":1,"node":"bmg-2","clock":"wall"}},)"
        "\n"
        R"({"name":"process_name","cat":"__metadata","ph":"M","pid":1,"tid":0,"args":{"name":"device 0"}},)"
        "\n"
        R"({"name":"process_name","cat":"__metadata","ph":"M","pid":2,"tid":0,"args":{"name":"device 1"}},)"
        "\n";
  }
  ~TraceHistoryTest() override { std::filesystem::remove(path_); }

  void allocate(const char* begin, std::uint64_t bytes) {
    lines_ += R"({"name":"allocate","cat":"memory","ph":"i","pid":0,"tid":9,"ts":)" + tick() +
              R"(,"args":{"begin":")" + begin + R"(","bytes":)" + std::to_string(bytes) +
              R"(,"kind":"shared"}},)" + "\n";
  }

  void move(const char* begin, const char* from, const char* to, const char* cause,
            const char* status = "ok") {
    lines_ += R"({"name":"move","cat":"migration","ph":"X","pid":1,"tid":9,"ts":)" + tick() +
              R"(,"dur":2,"args":{"begin":")" + begin + R"(","bytes":2097152,"from":")" + from +
              R"(","to":")" + to + R"(","cause":")" + cause + R"(","status":")" + status +
              "\"}},\n";
  }

  TraceHistory history(const std::string& end = "{\"cat\":\"__metadata\"}\n]\n") {
    std::ofstream(path_) << lines_ << end;
    return read_trace(path_);
  }

  std::string tick() { return std::to_string(now_ += 10); }

  std::string path_;
  std::string lines_;
  int now_ = 1000;
};

TEST_F(TraceHistoryTest, KnowsWhoTold) {
  EXPECT_TRUE(history().is_of_node);
  lines_ =
      "[\n"
      R"({"name":"zesvm","cat":"__metadata","ph":"M","pid":0,"tid":0,"args":{"version":1,"node":"","by":"runtime"}},)"
      "\n";
  const TraceHistory told = history();
  EXPECT_FALSE(told.is_of_node);
  EXPECT_EQ(told.node, "");
}

TEST_F(TraceHistoryTest, TellsWhereMemoryWas) {
  allocate("0x7f0000000000", 4 * mib);
  move("0x7f0000200000", "system", "tile 1", "gpu_fault");
  const TraceHistory read = history();
  EXPECT_EQ(read.node, "bmg-2");
  EXPECT_EQ(read.tiles, (std::vector<std::string>{"device 0", "device 1"}));
  ASSERT_EQ(read.allocations.size(), 1u);
  EXPECT_EQ(read.allocations[0].from, 0);
  EXPECT_EQ(read.allocations[0].until, read.duration);
  ASSERT_EQ(read.moves.size(), 1u);
  EXPECT_EQ(read.moves[0].begin, 0x7f0000200000u);
  EXPECT_EQ(read.moves[0].at, 10);
  EXPECT_EQ(read.moves[0].source, std::nullopt);
  EXPECT_EQ(read.moves[0].destination, 1u);
  EXPECT_EQ(name_of(read, read.moves[0].destination), "device 1");
}

TEST_F(TraceHistoryTest, ReadsWhatACrashLeft) {
  move("0x7f0000200000", "system", "tile 0", "gpu_fault");
  EXPECT_EQ(history("{\"name\":\"allo").moves.size(), 1u);
  EXPECT_EQ(history("").moves.size(), 1u);
}

TEST_F(TraceHistoryTest, RefusesWhatIsNoTrace) {
  lines_.clear();
  EXPECT_THROW(history("no JSON at all"), Error);
  lines_ = "[\n";
  try {
    history("{\"cat\":\"migration\",\"pid\":1}\n]");
    FAIL() << "a migration without an address was read";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("event 0"));
  }
  EXPECT_THROW(read_trace("/nowhere/at/all.json"), Error);
}

TEST_F(TraceHistoryTest, DoesNotCountMovesThatFailed) {
  move("0x7f0000200000", "system", "tile 0", "gpu_fault", "copy_failed");
  EXPECT_TRUE(history().moves.empty());
}

TEST_F(TraceHistoryTest, AddsUpNeighboursThatMovedAlike) {
  for (const char* begin : {"0x7f0000200000", "0x7f0000400000"}) {
    move(begin, "system", "tile 0", "gpu_fault");
    move(begin, "tile 0", "system", "cpu_fault");
  }
  move("0x7f0000800000", "system", "tile 0", "gpu_fault");
  const auto hot = hot_ranges(history());
  ASSERT_EQ(hot.size(), 1u);
  EXPECT_EQ(hot[0].bytes, 4 * mib);
  EXPECT_EQ(hot[0].moves, 2u);
  EXPECT_EQ(hot[0].moved_bytes, 8 * mib);
}

TEST_F(TraceHistoryTest, OnceThereAndBackIsNoPingPong) {
  move("0x7f0000200000", "system", "tile 0", "gpu_fault");
  move("0x7f0000200000", "tile 0", "system", "cpu_fault");
  move("0x7f0000200000", "system", "tile 0", "gpu_fault");
  EXPECT_TRUE(ping_pongs(history()).empty());
}

TEST_F(TraceHistoryTest, AdvisesWhenTheCpuAndADeviceTakeTurns) {
  for (int i = 0; i < 3; ++i) {
    move("0x7f0000200000", "system", "tile 0", "gpu_fault");
    move("0x7f0000200000", "tile 0", "system", "cpu_fault");
  }
  const auto found = ping_pongs(history());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].returns, 5u);
  EXPECT_THAT(found[0].advice, HasSubstr("prefer_system_memory()"));
}

TEST_F(TraceHistoryTest, AdvisesAPlaceWhenTwoDevicesTakeTurns) {
  for (int i = 0; i < 2; ++i) {
    move("0x7f0000200000", "tile 0", "tile 1", "gpu_fault");
    move("0x7f0000200000", "tile 1", "tile 0", "gpu_fault");
  }
  const auto found = ping_pongs(history());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].advice, HasSubstr("preferred_location()"));
}

TEST_F(TraceHistoryTest, AdvisesToWorkOnLessWhenVramIsShort) {
  for (int i = 0; i < 2; ++i) {
    move("0x7f0000200000", "system", "tile 0", "gpu_fault");
    move("0x7f0000200000", "tile 0", "system", "eviction");
  }
  ASSERT_EQ(ping_pongs(history()).size(), 1u);
  EXPECT_THAT(ping_pongs(history())[0].advice, HasSubstr("want of VRAM"));
}

}  // namespace
}  // namespace zesvm::tools
