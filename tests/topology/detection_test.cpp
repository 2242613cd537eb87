// One description from many sources: which wins, what is missing, what contradicts.
#include "topology/detection.hpp"

#include <gmock/gmock.h>

#include "topology/link_matrix.hpp"
#include "topology/machine_facts.hpp"
#include "topology/node_text.hpp"

namespace zesvm::topology {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LinkMatrix matrix_of(const NodeFacts& facts) { return LinkMatrix(detect(facts).node); }

HwlocDevice in_tree(std::uint32_t bus, std::vector<std::string> bridges) {
  HwlocDevice device;
  device.pci_address = {0, bus, 0, 0};
  device.bridges = std::move(bridges);
  return device;
}

// proves: F1
TEST(Detection, BelievesOnlyAPathItWasTold) {
  const auto reach = matrix_of(two_cards()).between(0, 1);
  EXPECT_EQ(reach.protocol, Protocol::pcie_root);
  EXPECT_EQ(reach.sources.protocol, Source::assumed);
  EXPECT_EQ(reach.sources.bandwidth, Source::derived);
  EXPECT_NEAR(reach.figures.read.gb_per_second, 28.4, 0.1);
  EXPECT_EQ(reach.sources.latency, Source::none);
}

// proves: F1
TEST(Detection, TakesTheFabricOverThePciTree) {
  NodeFacts facts = two_cards();
  facts.level_zero->edges->push_back(edge({0, 0}, {1, 0}, 53));
  facts.hwloc.emplace().devices = {in_tree(5, {"host", "switch"}), in_tree(8, {"host", "switch"})};
  const auto reach = matrix_of(facts).between(0, 1);
  EXPECT_EQ(reach.protocol, Protocol::xe_link);
  EXPECT_EQ(reach.sources.protocol, Source::fabric);
  EXPECT_EQ(reach.sources.bandwidth, Source::fabric);
  EXPECT_DOUBLE_EQ(reach.figures.read.gb_per_second, 53);
  EXPECT_EQ(reach.path, PciPath::one_bridge);
}

// proves: F1
TEST(Detection, TakesSwitchAndRootFromHwloc) {
  NodeFacts facts = two_cards();
  facts.hwloc.emplace().devices = {in_tree(5, {"host", "root", "down 1"}),
                                   in_tree(8, {"host", "root", "down 2"})};
  EXPECT_EQ(matrix_of(facts).between(0, 1).protocol, Protocol::pcie_switch);
  EXPECT_EQ(matrix_of(facts).between(0, 1).path, PciPath::one_bridge);
  facts.hwloc->devices[1].bridges = {"host", "other root"};
  EXPECT_EQ(matrix_of(facts).between(0, 1).protocol, Protocol::pcie_root);
  EXPECT_EQ(matrix_of(facts).between(0, 1).path, PciPath::host_bridge);
}

// proves: F1
TEST(Detection, AddsPortsUpWithEachDirection) {
  NodeFacts facts = two_cards();
  facts.level_zero->edges.reset();
  auto& sysman = facts.sysman.emplace();
  sysman.devices = {managed(5, 8, PortState::healthy, 30, 40),
                    managed(8, 5, PortState::healthy, 40, 30)};
  const auto matrix = matrix_of(facts);
  EXPECT_EQ(matrix.between(0, 1).protocol, Protocol::xe_link);
  EXPECT_EQ(matrix.between(0, 1).sources.bandwidth, Source::sysman);
  EXPECT_DOUBLE_EQ(matrix.between(0, 1).figures.read.gb_per_second, 30);
  EXPECT_DOUBLE_EQ(matrix.between(0, 1).figures.write.gb_per_second, 40);
  EXPECT_DOUBLE_EQ(matrix.between(1, 0).figures.read.gb_per_second, 40);
}

// proves: F1
TEST(Detection, AFailedPortIsNoLink) {
  NodeFacts facts = two_cards();
  facts.level_zero->edges->push_back(edge({0, 0}, {1, 0}, 53));
  facts.sysman.emplace().devices = {managed(5, 8, PortState::failed),
                                    managed(8, 5, PortState::failed)};
  const Detection found = detect(facts);
  EXPECT_EQ(LinkMatrix(found.node).between(0, 1).protocol, Protocol::pcie_root);
  EXPECT_THAT(found.contradictions, Contains(HasSubstr("every port of it is failed")));
}

// proves: F1
TEST(Detection, UsesXeLinksOfHwlocWhenNobodyElseHasThem) {
  NodeFacts facts = two_cards(2);
  facts.level_zero->edges.reset();
  facts.hwloc.emplace().xe_links = {{{0, 5, 0, 0}, 1, {0, 8, 0, 0}, 0, {26.5}}};
  const auto matrix = matrix_of(facts);
  EXPECT_EQ(matrix.between(1, 2).protocol, Protocol::xe_link);
  EXPECT_EQ(matrix.between(1, 2).sources.bandwidth, Source::hwloc);
  EXPECT_EQ(matrix.between(0, 2).protocol, Protocol::pcie_root);
}

// proves: F1
TEST(Detection, SaysWhyAPairHasNoAccess) {
  NodeFacts facts = two_cards();
  facts.level_zero->pairs = {said({0, 0}, {1, 0}, false), said({1, 0}, {0, 0}, false)};
  facts.level_zero->edges->push_back(edge({0, 0}, {1, 0}, 53));
  const auto reach = matrix_of(facts).between(0, 1);
  EXPECT_EQ(reach.protocol, Protocol::through_host);
  EXPECT_EQ(reach.reason, "the driver reports no peer access, though an Xe Link joins them");
}

TEST(Detection, AccessOneWayIsNoAccess) {
  NodeFacts facts = two_cards();
  facts.level_zero->pairs = {said({0, 0}, {1, 0}, true), said({1, 0}, {0, 0}, false)};
  EXPECT_EQ(matrix_of(facts).between(1, 0).reason, "only 0.0 has access, not the other way");
}

TEST(Detection, AnswersThatDisagreeMeanNo) {
  NodeFacts facts = two_cards();
  facts.level_zero->pairs[0].p2p_access = false;
  const Detection found = detect(facts);
  EXPECT_FALSE(LinkMatrix(found.node).between(0, 1).is_direct());
  EXPECT_THAT(found.contradictions, Contains(HasSubstr("zeDeviceCanAccessPeer says yes")));
}

// proves: F5
TEST(Detection, DataReadBackWrongOverrulesTheDriver) {
  NodeFacts facts = two_cards();
  facts.level_zero->pairs[1].data = DataCheck::failed;
  const auto matrix = matrix_of(facts);
  EXPECT_EQ(matrix.between(0, 1).protocol, Protocol::through_host);
  EXPECT_THAT(matrix.between(0, 1).reason, HasSubstr("read back wrong"));
  EXPECT_EQ(matrix.between(1, 0).data, DataCheck::failed);
  EXPECT_EQ(matrix.owners().size(), 2u);
}

TEST(Detection, ReportsBandwidthsThatDisagree) {
  NodeFacts facts = two_cards();
  facts.level_zero->pairs[0].bandwidth = facts.level_zero->pairs[1].bandwidth = Bandwidth{20};
  facts.level_zero->edges->push_back(edge({0, 0}, {1, 0}, 53));
  const Detection found = detect(facts);
  EXPECT_DOUBLE_EQ(LinkMatrix(found.node).between(0, 1).figures.read.gb_per_second, 20);
  EXPECT_THAT(found.contradictions,
              ElementsAre("bandwidth between 0.0 and 1.0: level zero says 20 GB/s, fabric 53 GB/s; "
                          "taken: level zero"));
}

TEST(Detection, ALinkThatTrainedSlowerIsReported) {
  NodeFacts facts = two_cards();
  SysmanDevice slow;
  slow.pci_address = {0, 5, 0, 0};
  slow.current = PciSpeed{4, 4};
  slow.most = PciSpeed{5, 8};
  facts.sysman.emplace().devices = {slow};
  const Detection found = detect(facts);
  EXPECT_THAT(found.contradictions, Contains(HasSubstr("card 0 runs at generation 4 x4")));
  EXPECT_NEAR(LinkMatrix(found.node).to_host(0).figures.read.gb_per_second, 7.1, 0.1);
  facts.sysman->devices[0].current = PciSpeed{1, 8};  // asleep
  EXPECT_THAT(detect(facts).contradictions, IsEmpty());
}

// proves: F1
TEST(Detection, WithoutLevelZeroAccessIsUnknown) {
  NodeFacts facts;
  facts.hwloc.emplace().devices = {in_tree(5, {"host", "a"}), in_tree(8, {"host", "b"})};
  const Detection found = detect(facts);
  const auto reach = LinkMatrix(found.node).between(0, 1);
  EXPECT_EQ(reach.protocol, Protocol::through_host);
  EXPECT_FALSE(reach.is_known());
  EXPECT_THAT(reach.reason, HasSubstr("nobody says whether peers have access"));
  EXPECT_THAT(found.unknown, Contains(HasSubstr("tiles, memory and peer access of card 0")));
  EXPECT_THAT(found.unknown, Contains("bandwidth between card 0 and the host"));
}

TEST(Detection, NothingAtAllIsAnEmptyMachine) {
  const Detection found = detect({});
  EXPECT_THAT(found.node.devices, IsEmpty());
  EXPECT_THAT(LinkMatrix(found.node).owners(), IsEmpty());
  EXPECT_THAT(found.unknown, Contains(HasSubstr("NUMA nodes of the host")));
}

TEST(Detection, NumaNodesKeepTheNumbersOfTheSystem) {
  NodeFacts facts = two_cards();
  facts.libnuma.emplace().numa_nodes = {{0, 4_GiB, {0}}, {8, 4_GiB, {1}}};
  facts.hwloc.emplace().devices = {in_tree(5, {"host"}), in_tree(8, {"host"})};
  facts.hwloc->devices[1].numa_node = 8;
  const Detection found = detect(facts);
  EXPECT_EQ(found.node.os_numa_node_of(1), 8u);
  EXPECT_EQ(found.node.os_numa_node_of(0), std::nullopt) << "nobody says";
  const LinkMatrix matrix(found.node);
  EXPECT_EQ(matrix.to_numa(1, 1).path, PciPath::host_bridge);
  EXPECT_EQ(matrix.to_numa(0, 0).path, PciPath::unknown);
  EXPECT_EQ(matrix.to_numa(0, 0).sources.latency, Source::none);
}

TEST(Detection, ASingleCardHasNoPairs) {
  NodeFacts facts = two_cards();
  facts.level_zero->devices.pop_back();
  facts.level_zero->pairs.clear();
  const Detection found = detect(facts);
  EXPECT_EQ(LinkMatrix(found.node).size(), 1u);
  EXPECT_EQ(found.node.links.size(), 1u);
}

TEST(Detection, WithoutPciAddressNothingIsMatched) {
  NodeFacts facts = two_cards();
  facts.level_zero->devices[0].pci_address.reset();
  facts.level_zero->devices[1].pci_address.reset();
  EXPECT_THAT(detect(facts).unknown, Contains(HasSubstr("PCI address of card 0")));
  EXPECT_EQ(LinkMatrix(detect(facts).node).between(0, 1).sources.protocol, Source::assumed);
}

// proves: F1
TEST(Detection, AFileGivesFiguresTheDriverAccess) {
  NodeFacts facts = two_cards();
  facts.level_zero->devices = {card(1, 2), card(2)};
  facts.level_zero->devices[0].memory = facts.level_zero->devices[1].memory = 64_MiB;
  facts.level_zero->pairs = {said({0, 0}, {1, 0}, true), said({1, 0}, {0, 0}, true),
                             said({0, 1}, {1, 0}, false), said({1, 0}, {0, 1}, false)};
  facts.file = parse_node(right_node +
                          "  - {among: all, protocol: pcie_switch, read_gbps: 12.5, write_gbps: 13,"
                          " latency_ns: 900}\n");
  const auto matrix = matrix_of(facts);
  EXPECT_EQ(matrix.between(0, 2).protocol, Protocol::pcie_switch);
  EXPECT_DOUBLE_EQ(matrix.between(0, 2).figures.read.gb_per_second, 12.5);
  EXPECT_EQ(matrix.between(0, 2).sources.latency, Source::node_file);
  EXPECT_EQ(matrix.between(0, 2).sources.atomics, Source::level_zero);
  EXPECT_FALSE(matrix.between(1, 2).is_direct());
}

TEST(Detection, FreeMemoryIsSysmans) {
  NodeFacts facts = two_cards();
  SysmanDevice device;
  device.pci_address = {0, 8, 0, 0};
  device.memory = {{0, 16_GiB, 3_GiB}};
  facts.sysman.emplace().devices = {device};
  EXPECT_THAT(detect(facts).free_memory, ElementsAre(std::nullopt, 3_GiB));
}

}  // namespace
}  // namespace zesvm::topology
