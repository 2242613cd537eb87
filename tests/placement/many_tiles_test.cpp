// Six cards of two tiles.
#include <algorithm>
#include <gtest/gtest.h>

#include "placement/pipeline.hpp"

namespace zesvm::tests {
namespace {

Runtime& runtime() {
  static Runtime one;
  return one;
}

// A pair over Xe Link is slower here than two steps through the host: the name of a link makes
// nothing fast.
// proves: D1, F3, F6
TEST(ManyTilesTest, MemoryIsUsedInPlaceOnItsCardOnly) {
  Runtime& rt = runtime();
  AddressSpace& space = rt.address_space();
  const auto increment = rt.load_module("fill").kernel("increment");
  auto data = space.make_array<std::uint32_t>(chunk / sizeof(std::uint32_t));
  std::fill(data.begin(), data.end(), 0u);
  ASSERT_EQ(space.advise(data, preferred_location(rt.device(1))).outcome, HintOutcome::applied);
  const auto run_on = [&](std::size_t device) {
    Stream stream(rt.device(device));
    stream.launch(increment, grid(data.size()), data);
    stream.wait();
    return space.residency(data).bytes_on(rt.device(1));
  };
  EXPECT_EQ(run_on(1), chunk);
  EXPECT_EQ(run_on(0), chunk);  // the other tile of the card
  EXPECT_EQ(run_on(2), 0u);     // a tile of another card
  EXPECT_EQ(space.residency(data).bytes_on(rt.device(2)), chunk);
  EXPECT_EQ(data[data.size() - 1], 3u);
}

// proves: B12
TEST(ManyTilesTest, TwelveTilesWorkAtOnce) {
  Runtime& rt = runtime();
  ASSERT_EQ(rt.devices().size(), 12u);
  const std::size_t items = 2 * chunk / sizeof(std::uint32_t);
  const auto module = rt.load_module("fill");
  std::vector<Array<std::uint32_t>> data;
  std::vector<Stream> streams;
  for (const Device& device : rt.devices()) {
    data.push_back(rt.address_space().make_array<std::uint32_t>(items));
    streams.emplace_back(device);
    // Built before the clock is read.
    streams.back().launch(module.kernel("increment"), grid(1), data.back());
    streams.back().wait();
  }
  const Statistics before = rt.statistics();
  for (std::size_t i = 0; i < 12; ++i)
    streams[i].launch(module.kernel("fill"), grid(items), data[i], static_cast<unsigned>(i));
  for (std::size_t i = 0; i < 12; ++i)
    streams[i].launch(module.kernel("increment"), grid(items), data[i]);
  for (Stream& stream : streams) stream.wait();
  const Statistics used = rt.statistics() - before;
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(rt.address_space().residency(data[i].data(), 2 * chunk).bytes_on(rt.device(i)),
              2 * chunk);
    // At once on the virtual clock: together they take no longer than the slowest alone.
    const VirtualTime& time = used.tiles[i].virtual_time;
    EXPECT_EQ(time.launches, used.tiles[0].virtual_time.launches);
    EXPECT_LT(used.virtual_nanoseconds,
              3 * (time.faults + time.copies + time.accesses + time.launches));
  }
  for (std::size_t i = 0; i < 12; ++i)
    for (std::size_t at = 0; at < items; at += 4099) ASSERT_EQ(data[i][at], i + 1);
}

}  // namespace
}  // namespace zesvm::tests
