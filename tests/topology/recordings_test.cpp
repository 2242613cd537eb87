// What drivers answered, recorded, and the matrix it makes.
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

#include "topology/detection.hpp"
#include "topology/facts_json.hpp"
#include "topology/hwloc_facts.hpp"
#include "topology/link_matrix.hpp"
#include "topology/report.hpp"

namespace zesvm::topology {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

NodeFacts recording(const std::string& name) {
  const std::string file = ZESVM_RECORDINGS "/" + name + ".json";
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return facts_of_json(text.str(), file);
}

// proves: F1, F2, F6
TEST(Recordings, SixMaxCardsAreSixOwners) {
  const Detection found = detect(recording("pvc-6"));
  const LinkMatrix matrix(found.node);
  EXPECT_EQ(matrix.size(), 12u);
  EXPECT_EQ(matrix.owners().size(), 6u);
  EXPECT_EQ(matrix.between(0, 11).protocol, Protocol::xe_link);
  EXPECT_EQ(matrix.between(0, 11).sources.protocol, Source::fabric);
  EXPECT_DOUBLE_EQ(matrix.between(0, 11).figures.read.gb_per_second, 15);
  EXPECT_THAT(matrix.between(0, 11).reason, HasSubstr("through the host"));
}

// proves: F1, F2
TEST(Recordings, TwoTilesOfOneCardAreOneOwner) {
  const Detection found = detect(recording("pvc-1"));
  EXPECT_EQ(LinkMatrix(found.node).owners().size(), 1u);
  EXPECT_EQ(LinkMatrix(found.node).between(0, 1).data, DataCheck::verified);
}

// proves: F1, F6
TEST(Recordings, PeersOverPcieAreFastByWhatTheDriverSays) {
  const LinkMatrix matrix(detect(recording("bmg-2")).node);
  EXPECT_EQ(matrix.between(0, 1).protocol, Protocol::pcie_root);
  EXPECT_EQ(matrix.between(0, 1).sources.protocol, Source::assumed);
  EXPECT_EQ(matrix.between(0, 1).sources.bandwidth, Source::level_zero);
  EXPECT_EQ(matrix.owners().size(), 1u);
}

// proves: F1
TEST(Recordings, CardsWithoutPeerAccessGoThroughTheHost) {
  const LinkMatrix matrix(detect(recording("arc-2")).node);
  EXPECT_EQ(matrix.between(0, 1).protocol, Protocol::through_host);
  EXPECT_EQ(matrix.between(0, 1).reason, "the driver reports no peer access");
  EXPECT_EQ(matrix.between(0, 1).sources.bandwidth, Source::derived);
  EXPECT_EQ(matrix.owners().size(), 2u);
}

// proves: F1, F2
TEST(Recordings, IntelsDriverNamesAccessButNoFigures) {
  const Detection found = detect(recording("intel-driver-no-peers"));
  const LinkMatrix matrix(found.node);
  EXPECT_EQ(matrix.owners().size(), 2u);
  EXPECT_FALSE(matrix.between(0, 2).is_direct());
  EXPECT_TRUE(matrix.between(0, 1).atomics);
  EXPECT_EQ(matrix.between(0, 1).sources.bandwidth, Source::none);
  EXPECT_THAT(found.unknown, Contains("bandwidth between 0.0 and 0.1"));
  EXPECT_THAT(found.unknown, Contains(HasSubstr("PCI address of card 0")));
  EXPECT_THAT(text_report(found), HasSubstr("PCI address unknown"));
}

// proves: F6
TEST(Recordings, AccessOfUnknownBandwidthIsNotFast) {
  const LinkMatrix matrix(detect(recording("intel-driver-peers")).node);
  EXPECT_TRUE(matrix.between(0, 2).is_direct());
  EXPECT_EQ(matrix.between(0, 2).reason, "its bandwidth is unknown");
  EXPECT_EQ(letters_for(matrix, 0, 2), "?");
  EXPECT_EQ(matrix.owners().size(), 2u);
}

// proves: F1, F2
TEST(Recordings, TilesShownAsCardsAreStillOneCard) {
  const LinkMatrix matrix(detect(recording("intel-driver-flat")).node);
  EXPECT_EQ(matrix.between(0, 1).protocol, Protocol::same_device);
  EXPECT_EQ(letters_for(matrix, 0, 1), "TL");
  EXPECT_EQ(matrix.owners().size(), 2u);
}

// proves: F1, F5
TEST(Recordings, SourcesThatDisagreeAreAllNamed) {
  const Detection found = detect(recording("contradictions"));
  const LinkMatrix matrix(found.node);
  EXPECT_THAT(
      found.contradictions,
      UnorderedElementsAre(
          HasSubstr("libnuma has 1 NUMA nodes, hwloc 2"), HasSubstr("runs at generation 4 x8"),
          HasSubstr("level zero says 53 GB/s, fabric 106 GB/s; taken: level zero"),
          HasSubstr("level zero says 53 GB/s, hwloc 26.5 GB/s; taken: level zero"),
          HasSubstr("zeDeviceCanAccessPeer says yes from 0.0 to 2.0"),
          HasSubstr("every port of it is failed"), HasSubstr("level zero says 40 GB/s, fabric")));
  // Of three links one is left.
  EXPECT_EQ(matrix.between(0, 1).protocol, Protocol::xe_link);
  EXPECT_DOUBLE_EQ(matrix.between(0, 1).figures.read.gb_per_second, 53);
  EXPECT_THAT(matrix.between(2, 0).reason, HasSubstr("has access, not the other way"));
  EXPECT_EQ(matrix.between(1, 2).protocol, Protocol::through_host);
  EXPECT_EQ(access_letters(matrix, 2, 1), "-!");
  EXPECT_EQ(letters_for(matrix, 0, 2), "SYS");
  EXPECT_EQ(matrix.owners().size(), 2u);
}

// What one source leaves out, and no other knows, is unknown; the rest stays.
// proves: F1
TEST(Recordings, EachSourceLeavesWhatItAloneKnew) {
  const NodeFacts whole = recording("contradictions");
  NodeFacts facts = whole;
  facts.sysman.reset();
  // No port says that it failed: the edge counts, but not for data that arrives wrong.
  EXPECT_EQ(LinkMatrix(detect(facts).node).between(1, 2).data, DataCheck::verified);
  EXPECT_EQ(LinkMatrix(detect(facts).node).between(1, 2).protocol, Protocol::through_host);
  facts = whole;
  facts.hwloc.reset();
  EXPECT_EQ(LinkMatrix(detect(facts).node).between(0, 1).protocol, Protocol::xe_link);
  EXPECT_EQ(letters_for(LinkMatrix(detect(facts).node), 0, 2), "?");
  facts = whole;
  facts.level_zero.reset();
  const Detection blind = detect(facts);
  EXPECT_FALSE(LinkMatrix(blind.node).between(0, 1).is_known());
  EXPECT_THAT(blind.unknown, Contains(HasSubstr("tiles, memory and peer access of card 0")));
  facts.hwloc.reset();
  EXPECT_THAT(LinkMatrix(detect(facts).node).tiles(), IsEmpty());
}

// proves: F1
TEST(Recordings, TheTreeOfAnotherSourceNamesTheSwitch) {
  NodeFacts facts = recording("bmg-2");
  auto answer = read_hwloc_xml(ZESVM_MACHINES "/workstation-b580-3.xml");
  if (!std::holds_alternative<HwlocFacts>(answer)) GTEST_SKIP() << "built without hwloc";
  facts.hwloc = std::get<HwlocFacts>(answer);
  facts.level_zero->devices[0].pci_address = facts.hwloc->devices[0].pci_address;
  facts.level_zero->devices[1].pci_address = facts.hwloc->devices[1].pci_address;
  EXPECT_EQ(LinkMatrix(detect(facts).node).between(0, 1).protocol, Protocol::pcie_switch);
  facts.level_zero->devices[1].pci_address = facts.hwloc->devices[2].pci_address;
  const LinkMatrix apart(detect(facts).node);
  EXPECT_EQ(apart.between(0, 1).protocol, Protocol::pcie_root);
  EXPECT_EQ(letters_for(apart, 0, 1), "PHB");
}

}  // namespace
}  // namespace zesvm::topology
