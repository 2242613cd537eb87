// Machines as hwloc exports them.
#include "topology/hwloc_facts.hpp"

#include <gmock/gmock.h>

#include "topology/detection.hpp"
#include "topology/facts_json.hpp"
#include "topology/link_matrix.hpp"
#include "topology/numa_facts.hpp"

namespace zesvm::topology {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class HwlocFactsTest : public ::testing::Test {
 protected:
  static HwlocFacts machine(const std::string& name) {
    const auto answer = read_hwloc_xml(ZESVM_MACHINES "/" + name + ".xml");
    if (const auto* missing = std::get_if<MissingSource>(&answer))
      throw std::runtime_error(missing->reason);
    return std::get<HwlocFacts>(answer);
  }
  void SetUp() override {
    const auto answer = read_hwloc_xml("/nowhere.xml");
    const auto* missing = std::get_if<MissingSource>(&answer);
    if (missing != nullptr && missing->reason == "built without hwloc")
      GTEST_SKIP() << missing->reason;
  }
};

// proves: F1
TEST_F(HwlocFactsTest, SeesTheSwitchBehindTheCardsOwn) {
  const auto facts = machine("workstation-b580-3");
  ASSERT_THAT(facts.devices, SizeIs(3));
  EXPECT_EQ(to_string(facts.devices[0].pci_address), "0000:05:00.0");
  EXPECT_EQ(path_between(facts.devices[0], facts.devices[1]), PciPath::one_bridge);
  EXPECT_EQ(path_between(facts.devices[0], facts.devices[2]), PciPath::host_bridge);
}

TEST_F(HwlocFactsTest, TakesTheLinkOfTheCardNotOfTheChip) {
  const auto facts = machine("workstation-b580-3");
  EXPECT_NEAR(facts.devices[0].link->gb_per_second, 15.75, 0.01);
}

// proves: F1
TEST_F(HwlocFactsTest, ReadsXeLinksBetweenTiles) {
  const auto facts = machine("server-pvc-4");
  EXPECT_THAT(facts.devices, SizeIs(4));
  EXPECT_THAT(facts.xe_links, SizeIs(24));
  EXPECT_EQ(facts.xe_links[0].first_tile, 0u);
  EXPECT_DOUBLE_EQ(facts.xe_links[0].bandwidth.gb_per_second, 26.5);
  EXPECT_EQ(path_between(facts.devices[0], facts.devices[1]), PciPath::numa_node);
  EXPECT_EQ(path_between(facts.devices[0], facts.devices[2]), PciPath::system);
}

TEST_F(HwlocFactsTest, ReadsNumaNodesAndDistances) {
  const auto facts = machine("server-pvc-4");
  ASSERT_THAT(facts.numa_nodes, SizeIs(2));
  EXPECT_THAT(facts.numa_nodes[1].cpus, ElementsAre(2, 3));
  EXPECT_EQ(facts.numa_nodes[1].memory, 512_GiB);
  EXPECT_THAT(facts.numa_distances, ElementsAre(ElementsAre(10, 21), ElementsAre(21, 10)));
  EXPECT_EQ(facts.devices[3].numa_node, 1u);
}

TEST_F(HwlocFactsTest, AMachineThatHidesLocalityHasNoNuma) {
  NodeFacts facts;
  facts.hwloc = machine("server-no-locality");
  ASSERT_THAT(facts.hwloc->devices, SizeIs(2));
  EXPECT_EQ(facts.hwloc->devices[0].numa_node, std::nullopt);
  EXPECT_THAT(detect(facts).unknown, ::testing::Contains("NUMA node of card 0"));
}

TEST_F(HwlocFactsTest, IntegratedAndDiscreteAreToldApart) {
  const auto facts = machine("desktop-arc-2");
  ASSERT_THAT(facts.devices, SizeIs(3));
  EXPECT_THAT(facts.devices[0].bridges, SizeIs(1));
  EXPECT_EQ(facts.devices[0].link, std::nullopt);
  EXPECT_EQ(path_between(facts.devices[1], facts.devices[2]), PciPath::host_bridge);
  EXPECT_THAT(machine("laptop-integrated").devices, SizeIs(1));
}

TEST_F(HwlocFactsTest, AMachineWithoutGpusIsOne) {
  NodeFacts facts;
  facts.hwloc = machine("virtual-no-gpu");
  EXPECT_THAT(facts.hwloc->devices, IsEmpty());
  EXPECT_THAT(facts.hwloc->numa_nodes, SizeIs(1));
  EXPECT_THAT(LinkMatrix(detect(facts).node).tiles(), IsEmpty());
}

// proves: F1
TEST_F(HwlocFactsTest, SwitchesBelowSwitchesAreToldFromOne) {
  const auto facts = machine("server-switches-8");
  ASSERT_THAT(facts.devices, SizeIs(8));
  const auto path = [&](std::size_t a, std::size_t b) {
    return path_between(facts.devices[a], facts.devices[b]);
  };
  EXPECT_EQ(path(0, 1), PciPath::one_bridge);
  EXPECT_EQ(path(2, 3), PciPath::one_bridge);
  EXPECT_EQ(path(0, 2), PciPath::bridges);
  EXPECT_EQ(path(1, 3), PciPath::bridges);
  EXPECT_EQ(path(0, 4), PciPath::system);
  EXPECT_NEAR(facts.devices[7].link->gb_per_second, 31.5, 0.1);
  EXPECT_EQ(facts.devices[7].numa_node, 1u);
  EXPECT_EQ(facts.numa_distances[0][1], 32u);
}

TEST_F(HwlocFactsTest, NumaNodesAreKnownByTheSystemsNumbers) {
  NodeFacts facts;
  facts.hwloc = machine("server-numa-holes");
  EXPECT_EQ(facts.hwloc->devices.at(0).numa_node, 2u);
  const Detection found = detect(facts);
  EXPECT_EQ(found.node.os_numa_node_of(0), 2u);
  const LinkMatrix matrix(found.node);
  // In hwloc's order: 0, 4, 2, 6; the card is near the third.
  EXPECT_EQ(matrix.to_numa(0, 2).path, PciPath::host_bridge);
  EXPECT_EQ(matrix.to_numa(0, 0).path, PciPath::system);
  EXPECT_EQ(found.node.host.os_index_of(1), 4u);
}

// proves: F1
TEST_F(HwlocFactsTest, AnXeLinkBridgeJoinsItsCardsOnly) {
  NodeFacts facts;
  facts.hwloc = machine("server-xe-link-bridge");
  ASSERT_THAT(facts.hwloc->xe_links, SizeIs(1));
  EXPECT_EQ(facts.hwloc->xe_links[0].first_tile, std::nullopt);
  EXPECT_DOUBLE_EQ(facts.hwloc->xe_links[0].bandwidth.gb_per_second, 159);
  EXPECT_EQ(path_between(facts.hwloc->devices[0], facts.hwloc->devices[2]), PciPath::numa_node);
  // Wired, but whether it may be used only Level Zero knows.
  const LinkMatrix matrix(detect(facts).node);
  EXPECT_FALSE(matrix.between(0, 1).is_direct());
  EXPECT_THAT(matrix.between(0, 1).reason, HasSubstr("nobody says"));
}

TEST_F(HwlocFactsTest, OnlyIntelsGpusCount) {
  const auto mixed = machine("desktop-mixed");
  ASSERT_THAT(mixed.devices, SizeIs(2));
  EXPECT_EQ(mixed.devices[1].device_id, 0x56a0u);
  EXPECT_NEAR(mixed.devices[1].link->gb_per_second, 31.5, 0.1);
  const auto none = machine("server-no-gpu-2");
  EXPECT_THAT(none.devices, IsEmpty());
  EXPECT_THAT(none.numa_nodes, SizeIs(2));
}

TEST_F(HwlocFactsTest, AFileThatIsNoneIsAMissingSource) {
  const auto answer = read_hwloc_xml("/nowhere.xml");
  EXPECT_THAT(std::get<MissingSource>(answer).reason, HasSubstr("/nowhere.xml"));
  EXPECT_THAT(std::get<MissingSource>(read_hwloc_xml(ZESVM_MACHINES "/../node_text.hpp")).reason,
              HasSubstr("node_text.hpp"));
}

TEST_F(HwlocFactsTest, ThisMachineCanBeAsked) {
  const auto answer = read_hwloc();
  EXPECT_FALSE(std::get<HwlocFacts>(answer).numa_nodes.empty());
}

TEST(LibnumaFacts, ThisMachineIsReadOrTheReasonGiven) {
  const auto answer = read_libnuma();
  if (const auto* facts = std::get_if<LibnumaFacts>(&answer)) {
    ASSERT_FALSE(facts->numa_nodes.empty());
    EXPECT_EQ(facts->numa_distances.size(), facts->numa_nodes.size());
  } else {
    EXPECT_THAT(std::get<MissingSource>(answer).reason,
                AnyOf(HasSubstr("without libnuma"), HasSubstr("kernel")));
  }
}

}  // namespace
}  // namespace zesvm::topology
