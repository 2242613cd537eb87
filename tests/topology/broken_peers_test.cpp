// A node whose driver reports peer access and whose reads of a peer deliver ones.
#include <cstdlib>

#include <zesvm/zesvm.hpp>

#include "api/api_fixture.hpp"
#include "levelzero/machine.hpp"
#include "levelzero/peer_check.hpp"
#include "topology/detection.hpp"
#include "topology/link_matrix.hpp"

namespace zesvm::tests {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

const int broken = ::setenv("ZESVM_FAIL", "peer:1/1", 1);

using BrokenPeersTest = ApiTest;

// proves: F5
TEST_F(BrokenPeersTest, AreFoundByTheirData) {
  const auto context = levelzero::Context::create({});
  const auto& tiles = context->tiles();
  const auto check = levelzero::check_peer(*context, tiles[0], tiles[1]);
  EXPECT_EQ(check.data, topology::DataCheck::failed);
  EXPECT_THAT(check.reason, HasSubstr("delivered 0xffffffffffffffff instead of"));
}

// proves: F5
TEST_F(BrokenPeersTest, AreUsedThroughTheHost) {
  const auto context = levelzero::Context::create({});
  const auto facts = levelzero::read_machine(*context, levelzero::VerifyData::yes);
  const topology::LinkMatrix matrix(topology::detect(facts).node);
  EXPECT_EQ(matrix.between(0, 1).protocol, topology::Protocol::through_host);
  EXPECT_THAT(matrix.between(0, 1).reason, HasSubstr("read back wrong"));
  EXPECT_EQ(matrix.owners().size(), 2u);
}

// proves: F5
TEST_F(BrokenPeersTest, AreNotAccessible) {
  EXPECT_FALSE(rt.device(0).can_access(rt.device(1)));
  EXPECT_TRUE(rt.device(0).can_access(rt.device(0)));
}

// proves: F5
TEST_F(BrokenPeersTest, MemoryAdvisedToOneIsRightForTheOther) {
  auto values = space.make_array<std::uint32_t>(chunk / sizeof(std::uint32_t));
  std::fill(values.begin(), values.end(), 1u);
  const auto told = space.advise(values.data(), values.size_bytes(),
                                 preferred_location(rt.device(1), Migrate::all_pages));
  EXPECT_THAT(told.reason, HasSubstr("delivered 0x"));
  // An old loader's validation layer knows no preference for system memory: nothing is advised.
  const char* const instead = told.outcome == HintOutcome::ignored
                                  ? "no preference for system memory either"
                                  : "in system memory instead";
  EXPECT_THAT(told.reason, HasSubstr(instead));
  Kernel increment = rt.load_module("fill").kernel("increment");
  for (const std::size_t device : {1u, 0u}) {
    Stream stream(rt.device(device));
    stream.launch(increment, grid(values.size()), values);
    stream.wait();
  }
  EXPECT_THAT(values, Each(3u));
}

}  // namespace
}  // namespace zesvm::tests
