// The core in ten lines: read this first.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

using FirstStepsTest = CoreTest;

// proves: A13, B1, C1
TEST_F(FirstStepsTest, MemoryFollowsWhoTouchesIt) {
  machine.map(chunk(0));
  ASSERT_EQ(machine.write(chunk(0).begin, 41), Status::ok);
  Tile& gpu = machine.add_tile();

  ASSERT_EQ(gpu.add(chunk(0).begin, 1), Status::ok);
  EXPECT_EQ(gpu.mapping_at(chunk(0).begin)->protocol, pagemap::Protocol::local_vram);
  EXPECT_EQ(gpu.pagemap.usage().used, 2_MiB);

  EXPECT_EQ(*machine.read(chunk(0).begin), 42u);
  EXPECT_TRUE(gpu.mapped().empty());
  EXPECT_EQ(gpu.pagemap.usage().used, 0_B);
}

}  // namespace
}  // namespace zesvm::svm::fake
