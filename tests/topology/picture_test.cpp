// What a picture shows, and that it is whole.
#include "topology/picture.hpp"

#include <gmock/gmock.h>

#include "topology/machine_facts.hpp"
#include "topology/picture_layout.hpp"

namespace zesvm::topology {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

PictureLayout layout_of(const NodeDescription& node) { return lay_out(node, LinkMatrix(node)); }

bool overlap(const Box& a, const Box& b) {
  return a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom();
}

TEST(Picture, ManyLinksAlikeAreOneLane) {
  const auto layout = layout_of(load_node("pvc-6"));
  ASSERT_THAT(layout.lanes, SizeIs(1));
  EXPECT_THAT(layout.lanes[0].cards, SizeIs(6));
  EXPECT_EQ(layout.lanes[0].kind, LaneKind::direct);
}

TEST(Picture, CardsBelowASwitchShareItsBox) {
  const auto layout = layout_of(load_node("bmg-2"));
  ASSERT_THAT(layout.switches, SizeIs(1));
  EXPECT_THAT(layout.switches[0].cards, SizeIs(2));
  EXPECT_THAT(layout_of(load_node("arc-2")).switches, SizeIs(0));
}

TEST(Picture, NothingCoversAnythingElse) {
  for (const char* name : {"pvc-1", "pvc-6", "bmg-2", "arc-2", "linked-2x2"}) {
    const auto layout = layout_of(load_node(name));
    std::vector<Box> boxes{layout.host};
    for (const auto& card : layout.cards) boxes.push_back(card.box);
    for (const auto& lane : layout.lanes) boxes.push_back(lane.box);
    for (const auto& box : layout.switches) boxes.push_back(box.box);
    for (std::size_t a = 0; a < boxes.size(); ++a) {
      EXPECT_LE(boxes[a].right(), layout.width) << name;
      EXPECT_LE(boxes[a].bottom(), layout.height) << name;
      for (std::size_t b = a + 1; b < boxes.size(); ++b)
        EXPECT_FALSE(overlap(boxes[a], boxes[b])) << name << " " << a << " " << b;
    }
  }
}

TEST(Picture, SwitchesBelowSwitchesAreNamedSo) {
  NodeFacts facts = two_cards();
  facts.hwloc.emplace().devices.resize(2);
  facts.hwloc->devices[0].pci_address = {0, 5, 0, 0};
  facts.hwloc->devices[0].bridges = {"host", "root", "port 1", "up 1", "down 1"};
  facts.hwloc->devices[1].pci_address = {0, 8, 0, 0};
  facts.hwloc->devices[1].bridges = {"host", "root", "port 2", "up 2", "down 2"};
  EXPECT_THAT(svg_picture(detect(facts)), HasSubstr(">PCIe switches<"));
  EXPECT_THAT(layout_of(load_node("bmg-2")).switches.at(0).is_tree, false);
}

TEST(Picture, FewCardsStandInTheMiddle) {
  for (const char* name : {"pvc-1", "bmg-2", "arc-2"}) {
    const auto layout = layout_of(load_node(name));
    const double left = layout.cards.front().box.x - layout.host.x;
    EXPECT_NEAR(left, layout.host.right() - layout.cards.back().box.right(), 0.5) << name;
  }
}

TEST(Picture, PairsThatDifferGetLanesOfTheirOwn) {
  NodeFacts facts = two_cards();
  facts.level_zero->devices.push_back(card(11));
  for (std::uint32_t other : {0u, 1u})
    for (const bool back : {false, true})
      facts.level_zero->pairs.push_back(
          said({back ? other : 2, 0}, {back ? 2 : other, 0}, other == 0));
  const auto layout = layout_of(detect(facts).node);
  EXPECT_THAT(layout.lanes, SizeIs(3));
}

TEST(Picture, NamesAreEscaped) {
  NodeFacts facts = two_cards();
  facts.level_zero->devices[0].name = "a<b>&\"c";
  EXPECT_THAT(svg_picture(detect(facts)),
              AllOf(HasSubstr("a&lt;b&gt;&amp;&quot;c"), Not(HasSubstr("a<b>"))));
}

TEST(Picture, AMachineWithoutGpusHasOne) {
  EXPECT_THAT(svg_picture(detect({})), HasSubstr("</svg>"));
}

// proves: F5
TEST(Picture, ShowsWhereDataArrivesWrong) {
  NodeFacts facts = two_cards();
  facts.level_zero->pairs[0].data = DataCheck::failed;
  const auto layout = layout_of(detect(facts).node);
  ASSERT_THAT(layout.lanes, SizeIs(1));
  EXPECT_EQ(layout.lanes[0].kind, LaneKind::failed);
}

}  // namespace
}  // namespace zesvm::topology
