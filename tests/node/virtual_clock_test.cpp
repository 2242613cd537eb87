// The virtual clock alone: timelines, links, contention.
#include "simulator/node/virtual_clock.hpp"

#include <gtest/gtest.h>
#include <thread>

#include "node/node_fixture.hpp"

namespace zesvm::simulator::node {
namespace {

using topology::Bandwidth;
using topology::LinkEnd;
using topology::MemoryPlace;
using topology::Protocol;

constexpr VirtualTime latency{1000};
// 1 GB/s: a nanosecond for each byte.
constexpr topology::LinkFigures one_byte_per_ns{Bandwidth{1}, Bandwidth{1}, latency};

topology::NodeDescription two_linked_cards() {
  topology::NodeDescription node;
  for (std::uint32_t i = 0; i < 2; ++i) {
    topology::DeviceDescription device;
    device.tiles = 2;
    device.vram = 2_MiB;
    device.memory_bandwidth = {1000};
    node.devices.push_back(device);
    node.links.push_back(
        link({LinkEnd::Kind::device, i, 0}, {}, Protocol::pcie_root, one_byte_per_ns));
  }
  node.links.push_back(link({LinkEnd::Kind::device, 0, 0}, {LinkEnd::Kind::device, 1, 0},
                            Protocol::xe_link, one_byte_per_ns));
  return node;
}

class VirtualClockTest : public testing::Test {
 protected:
  void read_host(std::size_t tile, Bytes size) {
    clock.charge_access(tile, MemoryPlace::system(), size, {});
  }
  VirtualClock clock{two_linked_cards()};
  static constexpr std::size_t first = 0, second = 1, other_card = 2;
};

TEST_F(VirtualClockTest, ChargesLatencyAndBandwidth) {
  read_host(first, Bytes{5000});
  EXPECT_EQ(clock.tile_now(first), latency + VirtualTime{5000});
  EXPECT_EQ(clock.elapsed(), clock.tile_now(first));
}

TEST_F(VirtualClockTest, TilesOfACardShareItsLinkToTheHost) {
  read_host(first, Bytes{5000});
  read_host(second, Bytes{5000});
  EXPECT_EQ(clock.tile_now(second), latency + VirtualTime{10000});
  EXPECT_EQ(clock.use_of(second).of(ChargeKind::contention), VirtualTime{5000});
}

TEST_F(VirtualClockTest, CardsDoNotSlowEachOthersHostLink) {
  read_host(first, Bytes{5000});
  read_host(other_card, Bytes{5000});
  EXPECT_EQ(clock.tile_now(other_card), latency + VirtualTime{5000});
}

TEST_F(VirtualClockTest, TheTwoDirectionsOfALinkAreApart) {
  read_host(first, Bytes{5000});
  clock.charge_access(second, MemoryPlace::system(), {}, Bytes{5000});
  EXPECT_EQ(clock.tile_now(second), latency + VirtualTime{5000});
}

TEST_F(VirtualClockTest, AGapOfALinkIsUsed) {
  clock.tile_reaches(first, VirtualTime{100'000});
  read_host(first, Bytes{5000});
  // Charged later, but on a timeline that is behind.
  read_host(second, Bytes{5000});
  EXPECT_EQ(clock.tile_now(second), latency + VirtualTime{5000});
}

TEST_F(VirtualClockTest, ManyTransfersNeverOverlapOnALink) {
  // Each with a pause, so that they do not join: more than a link remembers.
  for (int i = 0; i < 100; ++i) {
    read_host(first, Bytes{1000});
    VirtualClock::OnTile on{first};
    clock.charge(ChargeKind::launch, VirtualTime{10});
  }
  const VirtualTime alone = clock.tile_now(first);
  EXPECT_EQ(clock.use_of(first).of(ChargeKind::contention), VirtualTime{});
  clock.tile_reaches(second, alone - VirtualTime{1500});
  read_host(second, Bytes{2000});
  EXPECT_EQ(clock.use_of(second).of(ChargeKind::contention), VirtualTime{490});
}

TEST_F(VirtualClockTest, MovesWithoutAFastLinkCrossTheHost) {
  // Two steps at 1 GB/s are slower than the link: it counts as fast, and is taken.
  clock.charge_move(MemoryPlace::on(first), MemoryPlace::on(other_card), Bytes{5000});
  const VirtualTime direct = clock.host_now();
  topology::NodeDescription unlinked = two_linked_cards();
  unlinked.links.pop_back();
  VirtualClock without{unlinked};
  without.charge_move(MemoryPlace::on(first), MemoryPlace::on(other_card), Bytes{5000});
  EXPECT_EQ(without.host_now() - direct, latency + VirtualTime{5000});
}

TEST_F(VirtualClockTest, ChargesGoToTheTimelineOfTheThread) {
  clock.charge(ChargeKind::fault, VirtualTime{7});
  {
    VirtualClock::OnTile on{second};
    clock.charge(ChargeKind::fault, VirtualTime{11});
  }
  std::thread{[&] { clock.charge(ChargeKind::fault, VirtualTime{13}); }}.join();
  EXPECT_EQ(clock.host_now(), VirtualTime{20});
  EXPECT_EQ(clock.tile_now(second), VirtualTime{11});
}

TEST_F(VirtualClockTest, TimelinesCatchUpAndNeverGoBack) {
  clock.tile_reaches(first, VirtualTime{50});
  clock.tile_reaches(first, VirtualTime{20});
  EXPECT_EQ(clock.tile_now(first), VirtualTime{50});
}

TEST_F(VirtualClockTest, ChargesOfOneTimelineAtOnceLieOneAfterTheOther) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      VirtualClock::OnTile on{first};
      for (int n = 0; n < 100; ++n)
        clock.charge(ChargeKind::copy, clock.model().reading(first, MemoryPlace::system()),
                     Bytes{1000});
    });
  for (auto& thread : threads) thread.join();
  EXPECT_GE(clock.tile_now(first), 400 * (latency + VirtualTime{1000}));
}

TEST_F(VirtualClockTest, CountsBytesUsedElsewhere) {
  clock.charge_access(first, MemoryPlace::on(first), Bytes{100}, Bytes{100});
  clock.charge_access(first, MemoryPlace::on(second), Bytes{30}, Bytes{20});
  EXPECT_EQ(clock.use_of(first).remote_read, Bytes{30});
  EXPECT_EQ(clock.use_of(first).remote_written, Bytes{20});
}

}  // namespace
}  // namespace zesvm::simulator::node
