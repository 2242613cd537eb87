#include <fstream>
#include <string>

#include "tile/tile_fixture.hpp"

namespace zesvm::simulator::tile {
namespace {

// An interval the helper's own code is at.
Interval own_memory_of(pid_t process) {
  std::ifstream maps{"/proc/" + std::to_string(process) + "/maps"};
  std::uint64_t begin = 0, end = 0;
  char dash = 0;
  maps >> std::hex >> begin >> dash >> end;
  return {{begin}, {end}};
}

std::size_t mappings_of(pid_t process) {
  std::ifstream maps{"/proc/" + std::to_string(process) + "/maps"};
  std::size_t lines = 0;
  for (std::string line; std::getline(maps, line);) ++lines;
  return lines;
}

TEST_F(TileTest, RefusesAWindowOverItsOwnMemory) {
  EXPECT_EQ(tile->reserve(own_memory_of(tile->process_id())), Status::busy);
  EXPECT_EQ(tile->ping(), Status::ok);
}

TEST_F(TileTest, RefusesAWindowThatOverlapsAnother) {
  EXPECT_EQ(tile->reserve({window.begin, window.end + chunk}), Status::busy);
}

TEST_F(TileTest, ReservingTwiceChangesNothing) {
  ASSERT_EQ(tile->map(binding(0)), Status::ok);
  EXPECT_EQ(tile->reserve(window), Status::ok);
  EXPECT_EQ(tile->reserve({window.begin, window.begin + chunk}), Status::ok);
  build();
  EXPECT_EQ(tile->run(request("store", {PointerArgument{window.begin}, value_argument(4)})).status,
            Status::ok);
  EXPECT_EQ(seen_faults().size(), 0u);
}

TEST_F(TileTest, RefusesMalformedBindings) {
  Binding unaligned = binding(0);
  unaligned.interval.begin += 1_B;
  EXPECT_EQ(tile->map(unaligned), Status::invalid_argument);
  Binding outside = binding(0);
  outside.interval = {window.end, window.end + chunk};
  EXPECT_EQ(tile->map(outside), Status::invalid_address);
  Binding beyond_file = binding(15);
  beyond_file.offset = memory.size();
  EXPECT_EQ(tile->map(beyond_file), Status::invalid_argument);
  Binding no_file = binding(0);
  no_file.file = FileId{99};
  EXPECT_EQ(tile->map(no_file), Status::invalid_argument);
}

TEST_F(TileTest, ReleasesOnlyWholeWindows) {
  EXPECT_EQ(tile->release({window.begin, window.begin + chunk}), Status::invalid_argument);
  EXPECT_EQ(tile->release(window), Status::ok);
  EXPECT_EQ(tile->map(binding(0)), Status::invalid_address);
  EXPECT_EQ(tile->reserve(window), Status::ok);
}

TEST_F(TileTest, BindsManyAtOnce) {
  std::vector<Binding> pages;
  for (std::size_t i = 0; i < 1000; ++i) {
    const Address begin = window.begin + cpu_page * i;
    pages.push_back({{begin, begin + cpu_page}, file, cpu_page * (999 - i)});
  }
  ASSERT_EQ(tile->map(pages), Status::ok);
  build();
  ASSERT_EQ(
      tile->run(request("touch", {PointerArgument{window.begin}, value_argument(cpu_page.count)},
                        1000))
          .status,
      Status::ok);
  EXPECT_EQ(seen_faults().size(), 0u);
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(memory.at<char>(0, cpu_page * i), 1);
}

TEST_F(TileTest, AnUnboundIntervalFaultsAgain) {
  build();
  const auto launch = request("store", {PointerArgument{window.begin}, value_argument(7)});
  EXPECT_EQ(tile->run(launch).status, Status::ok);
  ASSERT_EQ(tile->unmap({window.begin, window.begin + chunk}), Status::ok);
  EXPECT_EQ(tile->run(launch).status, Status::ok);
  EXPECT_EQ(seen_faults().size(), 2u);
}

TEST_F(TileTest, UnbindingPartKeepsTheRest) {
  ASSERT_EQ(tile->map(binding(0, 3)), Status::ok);
  ASSERT_EQ(tile->unmap({chunk_begin(1), chunk_begin(2)}), Status::ok);
  build();
  ASSERT_EQ(
      tile->run(request("touch", {PointerArgument{window.begin}, value_argument(chunk.count)}, 3))
          .status,
      Status::ok);
  EXPECT_THAT(seen_faults(), testing::ElementsAre(SeenFault{chunk_begin(1), Access::write}));
}

TEST_F(TileTest, UnbindingNothingIsFine) {
  EXPECT_EQ(tile->unmap(window), Status::ok);
  EXPECT_EQ(tile->unmap(window), Status::ok);
  EXPECT_EQ(tile->unmap({window.end, window.end + chunk}), Status::ok);
}

TEST_F(TileTest, BindingsMaySpanWindowsSideBySide) {
  ASSERT_EQ(tile->release(window), Status::ok);
  ASSERT_EQ(tile->reserve({chunk_begin(0), chunk_begin(2)}), Status::ok);
  ASSERT_EQ(tile->reserve({chunk_begin(2), chunk_begin(3)}), Status::ok);
  ASSERT_EQ(tile->reserve({chunk_begin(4), chunk_begin(5)}), Status::ok);
  EXPECT_EQ(tile->map(binding(1, 2)), Status::ok);
  EXPECT_EQ(tile->map(binding(2, 3)), Status::invalid_address);
  build();
  const auto touch =
      request("touch", {PointerArgument{chunk_begin(1)}, value_argument(chunk.count)}, 2);
  ASSERT_EQ(tile->run(touch).status, Status::ok);
  EXPECT_EQ(seen_faults().size(), 0u);
  // An interval that reaches beyond the windows loses what it has in them.
  ASSERT_EQ(tile->unmap(window), Status::ok);
  ASSERT_EQ(tile->run(touch).status, Status::ok);
  EXPECT_EQ(seen_faults().size(), 2u);
}

TEST_F(TileTest, ABindingOutlivesItsFilesEntry) {
  ASSERT_EQ(tile->map(binding(0)), Status::ok);
  ASSERT_EQ(tile->remove_file(file), Status::ok);
  EXPECT_EQ(tile->remove_file(file), Status::invalid_argument);
  EXPECT_EQ(tile->map(binding(1)), Status::invalid_argument);
  build();
  EXPECT_EQ(tile->run(request("store", {PointerArgument{window.begin}, value_argument(5)})).status,
            Status::ok);
  EXPECT_EQ(memory.at<int>(0), 5);
}

TEST_F(TileTest, UnbindingGivesMappingsBack) {
  ASSERT_EQ(tile->unmap(window), Status::ok);
  const std::size_t before = mappings_of(tile->process_id());
  for (std::size_t i = 0; i < 16; ++i) ASSERT_EQ(tile->map(binding(i)), Status::ok);
  ASSERT_EQ(tile->unmap(window), Status::ok);
  EXPECT_EQ(mappings_of(tile->process_id()), before);
}

TEST_F(TileTest, FailsTheBindingItIsToldToFail) {
  tile->fail_map(2);
  EXPECT_EQ(tile->map(binding(0)), Status::ok);
  EXPECT_EQ(tile->map(binding(1)), Status::map_failed);
  EXPECT_EQ(tile->map(binding(1)), Status::ok);
}

TEST_F(TileTest, PopulatedBindingsShowTheSameBytes) {
  memory.at<int>(3) = 30;
  Binding populated = binding(0);
  populated.populate = Populate::now;
  ASSERT_EQ(tile->map(populated), Status::ok);
  build();
  ASSERT_EQ(tile->run(request("add",
                              {PointerArgument{window.begin}, PointerArgument{window.begin},
                               value_argument(1)},
                              4))
                .status,
            Status::ok);
  EXPECT_EQ(memory.at<int>(3), 31);
}

}  // namespace
}  // namespace zesvm::simulator::tile
