// The planner: what it chooses, and that nothing else would have been cheaper.
#include "topology/planner.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zesvm::topology {
namespace {

NodeDescription preset(const std::string& name) { return load_node(name); }

const Planner& planner_of(const std::string& name) {
  static const Planner pvc1{preset("pvc-1")}, pvc6{preset("pvc-6")}, bmg2{preset("bmg-2")},
      arc2{preset("arc-2")};
  if (name == "pvc-1") return pvc1;
  if (name == "pvc-6") return pvc6;
  return name == "bmg-2" ? bmg2 : arc2;
}

Use use(std::optional<std::size_t> tile, Bytes read, Bytes written, std::uint64_t times = 100) {
  return {tile, read, written, 0, times};
}

TEST(PlannerTest, AloneIsAtHome) {
  const Use alone = use(1, 2_MiB, 2_MiB);
  EXPECT_EQ(planner_of("pvc-6").choose(2_MiB, {&alone, 1}).placement, Placement::on(1));
}

TEST(PlannerTest, TheHeavierUserHasItWhereALinkIsFast) {
  const std::vector<Use> uses{use(0, 64_KiB, {}), use(1, 2_MiB, 2_MiB)};
  const Choice choice = planner_of("bmg-2").choose(2_MiB, uses);
  EXPECT_EQ(choice.placement, Placement::on(1));
  EXPECT_NE(choice.reason.find("1 of 1 other users reach it in place"), std::string::npos)
      << choice.reason;
}

// proves: F6
TEST(PlannerTest, SharedWithoutAFastLinkIsInSystemMemory) {
  const std::vector<Use> uses{use(0, {}, 2_MiB), use(1, 2_MiB, {})};
  EXPECT_EQ(planner_of("arc-2").choose(2_MiB, uses).placement, Placement::system());
  const std::vector<Use> cards{use(0, {}, 2_MiB), use(2, 2_MiB, {})};
  EXPECT_EQ(planner_of("pvc-6").choose(2_MiB, cards).placement, Placement::system());
}

TEST(PlannerTest, WhoCountsHasItInItsOwnMemory) {
  Use adds{0, {}, {}, 100'000, 100};
  const std::vector<Use> uses{adds, use(1, 4_KiB, {})};
  EXPECT_EQ(planner_of("bmg-2").choose(2_MiB, uses).placement, Placement::on(0));
}

TEST(PlannerTest, NobodyMeansNothingIsSaid) {
  EXPECT_EQ(planner_of("bmg-2").choose(2_MiB, {}).placement, Placement::moving());
}

TEST(PlannerTest, AnUnknownTileIsRefused) {
  const Use odd = use(7, 2_MiB, {});
  EXPECT_THROW(planner_of("bmg-2").choose(2_MiB, {&odd, 1}), std::invalid_argument);
}

TEST(PlannerTest, EachUnitGetsItsOwnPlace) {
  const std::vector<PartUse> uses{{Bytes{}, 8_MiB, use(0, 8_MiB, 8_MiB)},
                                  {8_MiB, 16_MiB, use(1, 8_MiB, 8_MiB)}};
  const auto pieces = planner_of("bmg-2").plan(16_MiB, 2_MiB, uses);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].end, 8_MiB);
  EXPECT_EQ(pieces[0].placement, Placement::on(0));
  EXPECT_EQ(pieces[1].placement, Placement::on(1));
}

struct Situation {
  const Planner* planner;
  Bytes size;
  std::vector<Use> uses;
};

Situation any_situation() {
  const char* const names[] = {"pvc-1", "pvc-6", "bmg-2", "arc-2"};
  Situation made;
  made.planner = &planner_of(names[*rc::gen::inRange(0, 4)]);
  const auto tiles = static_cast<int>(made.planner->model().tile_count());
  made.size = Bytes{*rc::gen::inRange<std::uint64_t>(1, 32u << 20)};
  const auto bytes = [&] {
    return Bytes{*rc::gen::inRange<std::uint64_t>(0, made.size.count + 1)};
  };
  const int users = *rc::gen::inRange(1, 6);
  for (int i = 0; i < users; ++i) {
    Use one;
    const int tile = *rc::gen::inRange(-1, tiles);
    if (tile >= 0) one.tile = static_cast<std::size_t>(tile);
    one.read = bytes();
    one.written = bytes();
    one.atomics = *rc::gen::element<std::uint64_t>(0, 0, 0, 1000);
    one.times = *rc::gen::inRange<std::uint64_t>(0, 50);
    made.uses.push_back(one);
  }
  return made;
}

// PL1
RC_GTEST_PROP(PlannerProperty, NoOtherPlaceIsCheaper, ()) {
  const Situation here = any_situation();
  const Choice choice = here.planner->choose(here.size, here.uses);
  std::vector<Placement> all{Placement::system(), Placement::moving()};
  for (std::size_t i = 0; i < here.planner->model().tile_count(); ++i)
    all.push_back(Placement::on(i));
  RC_ASSERT(choice.cost == here.planner->cost_of(choice.placement, here.size, here.uses));
  for (const Placement& other : all)
    RC_ASSERT(choice.cost <= here.planner->cost_of(other, here.size, here.uses));
}

// Not of memory that moves: who takes a turn between two others may hand it over faster.
RC_GTEST_PROP(PlannerProperty, MoreUseOfAPlaceNeverCostsLess, ()) {
  Situation here = any_situation();
  const auto tiles = static_cast<int>(here.planner->model().tile_count());
  const int tile = *rc::gen::inRange(-1, tiles);
  const Placement place =
      tile < 0 ? Placement::system() : Placement::on(static_cast<std::size_t>(tile));
  const auto before = here.planner->cost_of(place, here.size, here.uses);
  here.uses[*rc::gen::inRange<std::size_t>(0, here.uses.size())].times += 1;
  RC_ASSERT(here.planner->cost_of(place, here.size, here.uses) >= before);
}

// PL3
RC_GTEST_PROP(PlannerProperty, PlansCoverAll, ()) {
  const Situation here = any_situation();
  std::vector<PartUse> parts;
  for (const Use& one : here.uses) {
    const auto begin = *rc::gen::inRange<std::uint64_t>(0, here.size.count);
    const auto end = *rc::gen::inRange<std::uint64_t>(begin + 1, here.size.count + 1);
    parts.push_back({Bytes{begin}, Bytes{end}, one});
  }
  const auto pieces = here.planner->plan(here.size, 2_MiB, parts);
  Bytes at;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    RC_ASSERT(pieces[i].begin == at);
    RC_ASSERT(pieces[i].end > at);
    // Not `i == 0 ||` inside: the macro looks at both sides.
    if (i > 0) RC_ASSERT(!(pieces[i].placement == pieces[i - 1].placement));
    at = pieces[i].end;
  }
  RC_ASSERT(at == here.size);
}

}  // namespace
}  // namespace zesvm::topology
