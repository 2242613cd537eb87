// What the runtime itself writes to a trace, on a driver that writes none: the simulated one, which
// looks for ZESVM_TRACE when it is initialised, and is not asked then.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

#include <level_zero/ze_api.h>

#include <zesvm/zesvm.hpp>

namespace zesvm {
namespace {

using nlohmann::json;

constexpr std::size_t chunk = std::size_t{2} << 20;

class RuntimeTraceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(zeInit(ZE_INIT_FLAG_GPU_ONLY), ZE_RESULT_SUCCESS);
    path() = testing::TempDir() + "/zesvm-runtime-trace-" + std::to_string(::getpid()) + ".json";
    ::setenv("ZESVM_TRACE", path().c_str(), 1);
  }
  static void TearDownTestSuite() { std::filesystem::remove(path()); }

  static std::string& path() {
    static std::string path;
    return path;
  }

  /// Returns the events of a category that this test wrote so far, those of `name` if one is given.
  std::vector<json> events(const std::string& category, const std::string& name = "") {
    std::ifstream file(path());
    std::stringstream text;
    text << file.rdbuf();
    std::vector<json> found;
    std::string line;
    for (std::size_t i = 0; std::getline(text, line); ++i) {
      if (i < written_before_) continue;
      if (line.empty() || line.front() != '{') continue;
      if (line.back() == ',') line.pop_back();
      json event = json::parse(line);
      if (event["cat"] == category && (name.empty() || event["name"] == name))
        found.push_back(std::move(event));
    }
    return found;
  }

  /// Returns the events of a category whose interval begins at `begin`.
  std::vector<json> events_at(const std::string& category, const void* begin) {
    std::stringstream text;
    text << "0x" << std::hex << reinterpret_cast<std::uintptr_t>(begin);
    std::vector<json> found;
    for (json& event : events(category))
      if (event["args"].value("begin", "") == text.str()) found.push_back(std::move(event));
    return found;
  }

  void increment(std::uint32_t* values, std::size_t count) {
    Stream stream(rt.device(0));
    stream.launch(rt.load_module("fill").kernel("increment"), grid(count), values);
    stream.wait();
  }

  static std::size_t lines_now() {
    std::ifstream file(path());
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
  }

  std::size_t written_before_ = lines_now();
  Runtime rt;
  AddressSpace& space = rt.address_space();
};

// proves: E2
TEST_F(RuntimeTraceTest, PagedMemoryMovesWithItsReasons) {
  auto* const values = space.allocate<std::uint32_t>(chunk / 4, Backing::paged);
  values[0] = 1;
  increment(values, chunk / 4);
  const volatile std::uint32_t seen = values[0];
  EXPECT_EQ(seen, 2u);

  const auto moves = events_at("migration", values);
  ASSERT_EQ(moves.size(), 2u);
  EXPECT_EQ(moves[0]["name"], "to VRAM");
  EXPECT_EQ(moves[0]["args"]["to"], "tile 0");
  EXPECT_EQ(moves[1]["name"], "to system memory");
  EXPECT_EQ(moves[1]["args"]["from"], "tile 0");
  EXPECT_EQ(moves[1]["args"]["cause"], "cpu_fault");
  const auto faults = events_at("fault", values);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0]["tid"], ::gettid());
  EXPECT_EQ(faults[0]["args"]["access"], "read");
}

TEST_F(RuntimeTraceTest, KernelsAreTimedByTheirDevice) {
  auto* const values = space.allocate<std::uint32_t>(chunk / 4, Backing::shared);
  increment(values, chunk / 4);
  const auto launches = events("launch", "increment");
  ASSERT_EQ(launches.size(), 1u);
  EXPECT_EQ(launches.back()["pid"], 1);
  EXPECT_EQ(launches.back()["args"]["clock"], "device");
  EXPECT_GT(launches.back()["dur"], 0);
  const json call = events("call", "launch").back();
  EXPECT_GE(launches.back()["ts"], call["ts"]);
}

TEST_F(RuntimeTraceTest, LaunchesMoreThanAPoolOfEventsAreTimed) {
  auto* const values = space.allocate<std::uint32_t>(1024, Backing::shared);
  Stream stream(rt.device(0));
  const Kernel kernel = rt.load_module("fill").kernel("increment");
  for (int i = 0; i < 70; ++i) stream.launch(kernel, grid(1024), values);
  stream.wait();
  EXPECT_EQ(events("launch").size(), 70u);
}

// proves: D9
TEST_F(RuntimeTraceTest, HintsSayWhatBecameOfThem) {
  auto* const values = space.allocate<std::uint32_t>(chunk / 4, Backing::shared);
  space.advise(values, chunk, preferred_location(rt.device(0)));
  space.advise(values, chunk, preferred_location(rt.device(0)));
  space.prefetch(values, chunk, rt.device(0));
  space.prefetch_to_system(values, chunk);
  space.pin(values, chunk);
  const auto hints = events_at("hint", values);
  ASSERT_EQ(hints.size(), 6u) << "prefetches of pin() included";
  EXPECT_EQ(hints[0]["name"], "advise preferred_location");
  EXPECT_EQ(hints[0]["args"]["to"], "tile 0");
  EXPECT_EQ(hints[1]["args"]["outcome"], "already_so");
  EXPECT_EQ(hints[1]["args"]["reason"], "advised before");
  EXPECT_EQ(hints[2]["name"], "prefetch");
  EXPECT_EQ(hints[3]["args"]["to"], "system");
}

TEST_F(RuntimeTraceTest, SharedMemoryHasNoMigrationsToTellOf) {
  auto* const values = space.allocate<std::uint32_t>(chunk / 4, Backing::shared);
  increment(values, chunk / 4);
  EXPECT_TRUE(events_at("migration", values).empty());
  EXPECT_EQ(events_at("memory", values).size(), 1u);
  space.free(values);
  EXPECT_EQ(events_at("memory", values).size(), 2u);
}

TEST_F(RuntimeTraceTest, SaysWhoseDevicesTheyAre) {
  written_before_ = 0;
  const auto about = events("__metadata", "zesvm");
  ASSERT_EQ(about.size(), 1u);
  EXPECT_EQ(about[0]["args"]["by"], "runtime");
  const auto names = events("__metadata", "process_name");
  ASSERT_EQ(names.size(), 1 + rt.devices().size());
  EXPECT_EQ(names[1]["args"]["name"], "device 0, " + rt.device(0).name());
}

}  // namespace
}  // namespace zesvm
