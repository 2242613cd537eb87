// Three cards, of which the middle one reaches both others fast; the first is lost with its first
// launch, the third of this program.
#include <chrono>
#include <cstdlib>

#include <zesvm/zesvm.hpp>

#include "api/api_fixture.hpp"
#include "levelzero/machine.hpp"
#include "topology/detection.hpp"
#include "topology/link_matrix.hpp"
#include "topology/picture.hpp"
#include "topology/report.hpp"

namespace zesvm::tests {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const int fails = ::setenv("ZESVM_FAIL", "lost:3", 1);

using Owners = std::vector<std::vector<std::size_t>>;

class LostTileTest : public ApiTest {
 protected:
  topology::Detection detected() {
    const auto context =
        levelzero::Context::around(static_cast<ze_driver_handle_t>(rt.native_driver()),
                                   static_cast<ze_context_handle_t>(rt.native_context()));
    return topology::detect(levelzero::read_machine(*context, levelzero::VerifyData::no));
  }
  // The launch fails when the tile is gone; that the tile is lost is noted just after.
  topology::Detection detected_when_lost() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    auto detection = detected();
    while (detection.lost.empty() && std::chrono::steady_clock::now() < until)
      detection = detected();
    return detection;
  }
  static Owners owners_of(const topology::Detection& detection) {
    return topology::LinkMatrix(detection.node).owners_without(detection.lost);
  }
  void increment(std::size_t device, const Array<std::uint32_t>& values) {
    Stream stream(rt.device(device));
    stream.launch(rt.load_module("fill").kernel("increment"), grid(values.size()), values);
    stream.wait();
  }
};

// proves: D1, F2, F3
TEST_F(LostTileTest, OwnersAreGroupedAnewWithoutIt) {
  EXPECT_EQ(owners_of(detected()), (Owners{{0, 1}, {2}}));
  auto values = space.make_array<std::uint32_t>(chunk / sizeof(std::uint32_t));
  std::fill(values.begin(), values.end(), 1u);
  ASSERT_EQ(space.advise(values, preferred_location(rt.device(2))).outcome, HintOutcome::applied);
  increment(2, values);
  // Of another owner, with a fast link to it: used where it is.
  increment(1, values);
  EXPECT_EQ(space.residency(values).bytes_on(rt.device(2)), chunk);
  EXPECT_EQ(space.residency(values).pieces[0].mapped_on, (std::vector<std::size_t>{1, 2}));

  EXPECT_THROW(increment(0, values), Error);
  const auto after = detected_when_lost();
  EXPECT_THAT(after.lost, ElementsAre(0u));
  EXPECT_EQ(owners_of(after), (Owners{{1, 2}}));
  EXPECT_THAT(topology::text_report(after),
              AllOf(HasSubstr("LOST"), HasSubstr("each other fast)\n  1.0 2.0\n")));
  EXPECT_THAT(topology::json_report(after), HasSubstr("\"lost\": [\n    \"0.0\""));
  EXPECT_THAT(topology::svg_picture(after), HasSubstr(">lost<"));
  // Who alone would use it there gets it elsewhere now.
  const PlacementPlanner planner(rt);
  const auto plan = planner.plan(values.data(), chunk, {used_by(rt.device(0), chunk, chunk, 100)});
  EXPECT_NE(plan.pieces.at(0).device, std::size_t{0});
  EXPECT_EQ(planner.block(values.data(), chunk).pieces.at(0).device, std::size_t{1});
  EXPECT_THAT(values, Each(3u));
}

}  // namespace
}  // namespace zesvm::tests
