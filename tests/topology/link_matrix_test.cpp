#include "topology/link_matrix.hpp"

#include <gmock/gmock.h>

#include "topology/node_text.hpp"

namespace zesvm::topology {
namespace {

using ::testing::ElementsAre;

LinkMatrix matrix_with(const std::string& link) {
  return LinkMatrix(parse_node(right_node + "  - {" + link + "}\n"));
}

// proves: F1
TEST(LinkMatrix, TilesOfOneDeviceAreFast) {
  const LinkMatrix matrix(parse_node(right_node));
  EXPECT_EQ(matrix.between(0, 1).protocol, Protocol::same_device);
  EXPECT_TRUE(matrix.is_fast(0, 1));
}

// proves: F1
TEST(LinkMatrix, PairsWithoutLinkGoThroughTheHost) {
  const LinkMatrix matrix(parse_node(right_node));
  EXPECT_EQ(matrix.between(0, 2).protocol, Protocol::through_host);
  EXPECT_DOUBLE_EQ(matrix.between(0, 2).figures.read.gb_per_second, 10);
  EXPECT_FALSE(matrix.is_fast(0, 2));
}

// proves: F6
TEST(LinkMatrix, XeLinkSlowerThanTheHostIsNotFast) {
  EXPECT_FALSE(matrix_with("between: [0, 1], protocol: xe_link, read_gbps: 9, write_gbps: 11")
                   .is_fast(0, 2));
  EXPECT_FALSE(matrix_with("between: [0, 1], protocol: xe_link, read_gbps: 11, write_gbps: 9")
                   .is_fast(0, 2));
  EXPECT_TRUE(matrix_with("between: [0, 1], protocol: pcie_switch, read_gbps: 11, write_gbps: 11")
                  .is_fast(0, 2));
}

// proves: F6
TEST(LinkMatrix, EachDirectionMustBeatTheHost) {
  const auto matrix = matrix_with(
      "between: [0, 1], protocol: xe_link, read_gbps: 11, write_gbps: 11, reverse: {read_gbps: 2}");
  EXPECT_DOUBLE_EQ(matrix.between(2, 0).figures.read.gb_per_second, 2);
  EXPECT_DOUBLE_EQ(matrix.between(0, 2).figures.read.gb_per_second, 11);
  EXPECT_FALSE(matrix.is_fast(0, 2));
  // Neither end is told that it is fast.
  EXPECT_FALSE(matrix.between(0, 2).is_fast);
  EXPECT_FALSE(matrix.between(2, 0).is_fast);
}

TEST(LinkMatrix, AFileCanOverruleTheComparison) {
  EXPECT_TRUE(matrix_with("among: all, protocol: xe_link, read_gbps: 1, write_gbps: 1, fast: yes")
                  .is_fast(0, 2));
  EXPECT_FALSE(matrix_with("among: all, protocol: xe_link, read_gbps: 99, write_gbps: 99, fast: no")
                   .is_fast(0, 2));
}

TEST(LinkMatrix, ALinkOfTilesWinsOverOneOfDevices) {
  const LinkMatrix matrix(
      parse_node(right_node +
                 "  - {among: all, protocol: pcie_root, read_gbps: 15, write_gbps: 15}\n"
                 "  - {between: [0.1, 1.0], protocol: none}\n"));
  EXPECT_EQ(matrix.between(0, 2).protocol, Protocol::pcie_root);
  EXPECT_EQ(matrix.between(1, 2).protocol, Protocol::none);
}

// proves: F2
TEST(Owners, AreCliques) {
  const auto chain = [](std::size_t a, std::size_t b) { return a + 1 == b || b + 1 == a; };
  EXPECT_THAT(owner_cliques(4, chain), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
  EXPECT_THAT(owner_cliques(0, chain), ElementsAre());
}

// proves: F2, F6
TEST(Owners, OfPresetsFollowBandwidth) {
  EXPECT_EQ(LinkMatrix(load_node("pvc-6")).owners().size(), 6u);
  EXPECT_EQ(LinkMatrix(load_node("pvc-1")).owners().size(), 1u);
  EXPECT_EQ(LinkMatrix(load_node("bmg-2")).owners().size(), 1u);
  EXPECT_EQ(LinkMatrix(load_node("arc-2")).owners().size(), 2u);
  EXPECT_EQ(LinkMatrix(load_node("small-2")).owners().size(), 1u);
}

// proves: F2
TEST(Owners, RegroupWhenATileGoesAway) {
  // 0 is fast with both others, which are not fast with each other.
  const LinkMatrix matrix(
      parse_node(with("    tiles: 2\n", "") +
                 "  - {between: [0, 1], protocol: pcie_switch, read_gbps: 15, write_gbps: 15}\n"));
  EXPECT_THAT(matrix.owners(), ElementsAre(ElementsAre(0, 1)));
  const std::size_t gone[] = {0};
  EXPECT_THAT(matrix.owners_without(gone), ElementsAre(ElementsAre(1)));
}

// proves: F1
TEST(LinkMatrix, MemoryOfAFarNumaNodeTakesLonger) {
  auto node = parse_node(with("numa_nodes: [{memory: 1 GiB, cpus: 0-1}]",
                              "memory_latency_ns: 100\n  numa_nodes: [{memory: 1 GiB, cpus: 0}, "
                              "{memory: 1 GiB, cpus: 1}]"));
  node.links[0].forward.latency = std::chrono::nanoseconds(1000);
  node.host.numa_distances = {{10, 21}, {21, 10}};
  const LinkMatrix matrix(node);
  EXPECT_EQ(matrix.to_numa(0, 0).figures.latency.count(), 1000);
  EXPECT_EQ(matrix.to_numa(0, 1).figures.latency.count(), 1110);
  EXPECT_EQ(matrix.to_numa(0, 1).path, PciPath::system);
}

// proves: F6
TEST(LinkMatrix, SaysWhyALinkIsNotFast) {
  EXPECT_EQ(matrix_with("between: [0, 1], protocol: xe_link, read_gbps: 9, write_gbps: 11")
                .between(0, 2)
                .reason,
            "reads 9 GB/s, but 10 GB/s through the host");
}

}  // namespace
}  // namespace zesvm::topology
