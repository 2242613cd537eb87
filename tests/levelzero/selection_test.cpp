#include "levelzero/selection.hpp"

#include <fstream>
#include <gmock/gmock.h>

#include <zesvm/error.hpp>

namespace zesvm::levelzero {
namespace {

using ::testing::HasSubstr;
using Kind = Choice::Kind;

Situation with_gpus() {
  Situation situation;
  situation.render_nodes = 2;
  situation.has_gpu_driver = true;
  return situation;
}

ErrorCode code_of(const Situation& situation) {
  try {
    choose(situation);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::level_zero;
}

TEST(Selection, TakesRealGpusWhenThereAreAny) {
  EXPECT_EQ(choose(with_gpus()).kind, Kind::real_gpus);
  EXPECT_EQ(choose(with_gpus()).notice, "");
}

TEST(Selection, TakesTheSimulatedNodeElseAndSaysSo) {
  const Choice choice = choose(Situation{});
  EXPECT_EQ(choice.kind, Kind::simulated_node);
  EXPECT_EQ(choice.node, default_node);
  EXPECT_THAT(choice.notice, HasSubstr("render node"));
}

TEST(Selection, SaysThatADriverIsMissing) {
  Situation situation = with_gpus();
  situation.has_gpu_driver = false;
  EXPECT_EQ(choose(situation).kind, Kind::simulated_node);
  EXPECT_THAT(choose(situation).notice, HasSubstr("libze-intel-gpu1"));
}

TEST(Selection, FollowsTheVariable) {
  Situation situation = with_gpus();
  situation.backend_variable = "simulator";
  EXPECT_EQ(choose(situation).kind, Kind::simulated_node);
  EXPECT_EQ(choose(situation).notice, "");
  situation.backend_variable = "levelzero";
  EXPECT_EQ(choose(situation).kind, Kind::real_gpus);
  situation.backend_variable = "auto";
  EXPECT_EQ(choose(situation).kind, Kind::real_gpus);
}

TEST(Selection, PrefersTheCallersWishToTheVariable) {
  Situation situation = with_gpus();
  situation.backend_variable = "levelzero";
  situation.wanted = Backend::simulator;
  situation.node_variable = "of-variable";
  situation.node = "of-caller";
  EXPECT_EQ(choose(situation).kind, Kind::simulated_node);
  EXPECT_EQ(choose(situation).node, "of-caller");
}

TEST(Selection, ANamedNodeMeansTheSimulator) {
  Situation situation = with_gpus();
  situation.node_variable = "bmg-2";
  EXPECT_EQ(choose(situation).kind, Kind::simulated_node);
  EXPECT_EQ(choose(situation).node, "bmg-2");
}

TEST(Selection, KeepsWhatTheProgramSetUp) {
  Situation situation = with_gpus();
  situation.alternative_drivers = "/some/driver.so";
  EXPECT_EQ(choose(situation).kind, Kind::keep);
  situation = with_gpus();
  situation.is_initialized = true;
  situation.backend_variable = "simulator";
  EXPECT_EQ(choose(situation).kind, Kind::keep);
}

TEST(Selection, RefusesWhatCannotBe) {
  Situation situation;
  situation.backend_variable = "levelzero";
  EXPECT_EQ(code_of(situation), ErrorCode::backend_unavailable);
  situation.backend_variable = "cuda";
  EXPECT_EQ(code_of(situation), ErrorCode::invalid_argument);
}

TEST(Selection, CountsIntelRenderNodesOnly) {
  const auto drm = std::filesystem::path(::testing::TempDir()) / "zesvm-drm";
  std::filesystem::remove_all(drm);
  EXPECT_EQ(count_render_nodes(drm), 0u);
  for (const auto& [name, vendor] :
       {std::pair{"renderD128", "0x8086"}, std::pair{"renderD129", "0x10de"},
        std::pair{"card0", "0x8086"}}) {
    std::filesystem::create_directories(drm / name / "device");
    std::ofstream(drm / name / "device" / "vendor") << vendor << "\n";
  }
  EXPECT_EQ(count_render_nodes(drm), 1u);
  std::filesystem::remove_all(drm);
}

TEST(Selection, LeavesTheEnvironmentForAnUnknownNode) {
  ::setenv("ZE_ENABLE_ALT_DRIVERS", "as-before", 1);
  EXPECT_THROW(set_up_simulated_node("no-such-node"), Error);
  EXPECT_STREQ(::getenv("ZE_ENABLE_ALT_DRIVERS"), "as-before");
  ::unsetenv("ZE_ENABLE_ALT_DRIVERS");
}

}  // namespace
}  // namespace zesvm::levelzero
