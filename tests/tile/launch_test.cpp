#include "tile/tile_fixture.hpp"

namespace zesvm::simulator::tile {
namespace {

TEST_F(TileTest, ValuesOfManySizesArrive) {
  build();
  struct Pair {
    std::int64_t first;
    double second;
  };
  ASSERT_EQ(tile->run(request("unpack", {PointerArgument{window.begin},
                                         value_argument(Pair{-5, 2.5}), value_argument(2.0f)}))
                .status,
            Status::ok);
  EXPECT_EQ(memory.at<double>(0), -5.0);
  EXPECT_EQ(memory.at<double>(1), 5.0);
}

TEST_F(TileTest, LocalMemoryIsPerGroup) {
  build();
  for (int i = 0; i < 64; ++i) memory.at<int>(static_cast<std::size_t>(i)) = i;
  ASSERT_EQ(
      tile->run(request("reverse", {PointerArgument{window.begin}, LocalArgument{64_B}}, 4, 16))
          .status,
      Status::ok);
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(memory.at<int>(static_cast<std::size_t>(i)), i / 16 * 16 + 15 - i % 16);
}

TEST_F(TileTest, GroupSizesAndOffsetsArrive) {
  build();
  LaunchRequest launch = request("ids", {PointerArgument{window.begin}});
  launch.group_size = {4, 2, 1};
  launch.group_count = {2, 3, 1};
  launch.global_offset = {10, 20, 0};
  ASSERT_EQ(tile->run(launch).status, Status::ok);
  const std::size_t last = 8 * 6 - 1;
  EXPECT_EQ(memory.at<std::uint64_t>(0), 10u);
  EXPECT_EQ(memory.at<std::uint64_t>(last * 3), 17u);
  EXPECT_EQ(memory.at<std::uint64_t>(last * 3 + 1), 2u);
  EXPECT_EQ(memory.at<std::uint64_t>(last * 3 + 2), 402u);
}

TEST_F(TileTest, LaunchesOfOneEngineKeepTheirOrder) {
  build();
  std::promise<Outcome> last;
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(tile->launch(request("store", {PointerArgument{window.begin}, value_argument(i)}),
                           [&, i](const Outcome& end) {
                             if (i == 99) last.set_value(end);
                           }),
              Status::ok);
  EXPECT_EQ(last.get_future().get().status, Status::ok);
  EXPECT_EQ(memory.at<int>(0), 99);
}

TEST_F(TileTest, EnginesRunSideBySide) {
  tile.reset();
  spawn({.workers = 2, .engines = 2});
  build();
  ASSERT_EQ(tile->map(binding(0, 16)), Status::ok);
  std::promise<Outcome> first;
  ASSERT_EQ(tile->launch(request("spin", {PointerArgument{window.begin}}),
                         [&](const Outcome& end) { first.set_value(end); }),
            Status::ok);
  std::promise<Outcome> second;
  const int one = 1;
  ASSERT_EQ(tile->fill(window.begin, 4_B, std::as_bytes(std::span{&one, 1}), EngineId{1},
                       [&](const Outcome& end) { second.set_value(end); }),
            Status::ok);
  EXPECT_EQ(second.get_future().get().status, Status::ok);
  EXPECT_EQ(first.get_future().get().status, Status::ok);
}

TEST_F(TileTest, TimesLieBetweenSubmissionAndEnd) {
  build();
  const auto now = [] {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  };
  const std::uint64_t before = now();
  const Outcome end =
      tile->run(request("store", {PointerArgument{window.begin}, value_argument(1)}, 1000));
  EXPECT_LE(before, end.begin_ns);
  EXPECT_LE(end.begin_ns, end.end_ns);
  EXPECT_LE(end.end_ns, now());
}

TEST_F(TileTest, AGridWithoutGroupsDoesNothing) {
  build();
  EXPECT_EQ(
      tile->run(request("store", {PointerArgument{window.begin}, value_argument(1)}, 0)).status,
      Status::ok);
  EXPECT_EQ(seen_faults().size(), 0u);
}

TEST_F(TileTest, WrongLaunchesSayWhatIsWrong) {
  build();
  EXPECT_EQ(tile->run(request("no_such_kernel", {})).status, Status::invalid_argument);
  const Outcome too_many =
      tile->run(request("count", {PointerArgument{window.begin}, PointerArgument{window.begin}}));
  EXPECT_EQ(too_many.status, Status::invalid_argument);
  EXPECT_THAT(too_many.message, testing::HasSubstr("argument 1 of count"));
  LaunchRequest elsewhere = request("count", {PointerArgument{window.begin}});
  elsewhere.engine = EngineId{7};
  EXPECT_EQ(tile->run(elsewhere).status, Status::invalid_argument);
  elsewhere.engine = EngineId{0};
  elsewhere.module = ModuleId{77};
  EXPECT_EQ(tile->run(elsewhere).status, Status::invalid_argument);
}

TEST_F(TileTest, GarbageGivesALogAndKeepsTheTile) {
  const std::vector<std::byte> garbage(400, std::byte{0x5a});
  const BuildOutcome built = tile->build_module(garbage, "");
  EXPECT_EQ(built.status, Status::invalid_argument);
  EXPECT_FALSE(built.log.empty());
  EXPECT_EQ(tile->build_module({}, "").status, Status::invalid_argument);
  EXPECT_EQ(tile->ping(), Status::ok);
}

TEST_F(TileTest, AReleasedModuleCannotBeLaunched) {
  build();
  EXPECT_EQ(tile->release_module(module), Status::ok);
  EXPECT_EQ(tile->release_module(module), Status::invalid_argument);
  EXPECT_EQ(tile->run(request("count", {PointerArgument{window.begin}})).status,
            Status::invalid_argument);
}

TEST_F(TileTest, ModulesOfManyThreadsAreKeptApart) {
  std::vector<std::thread> threads;
  std::array<ModuleId, 3> modules;
  for (ModuleId& built : modules)
    threads.emplace_back(
        [&] { built = tile->build_module(file_bytes(ZESVM_TEST_KERNELS), "").module; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(modules[0], modules[1]);
  EXPECT_NE(modules[1], modules[2]);
  for (const ModuleId built : modules) EXPECT_EQ(tile->release_module(built), Status::ok);
}

}  // namespace
}  // namespace zesvm::simulator::tile
