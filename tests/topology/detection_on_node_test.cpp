// What detection finds on a simulated node, through the loader.
#include <cstdlib>
#include <gmock/gmock.h>

#include "levelzero/machine.hpp"
#include "levelzero/peer_check.hpp"
#include "topology/detection.hpp"
#include "topology/link_matrix.hpp"

namespace zesvm::topology {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const int enabled = ::setenv("ZES_ENABLE_SYSMAN", "1", 1);

class DetectionOnNodeTest : public ::testing::Test {
 protected:
  static levelzero::Context& context() {
    static const auto one = levelzero::Context::create({});
    return *one;
  }
  static NodeFacts facts() {
    NodeFacts read = levelzero::read_machine(context(), levelzero::VerifyData::no);
    read.file.reset();
    return read;
  }
};

// proves: F1
TEST_F(DetectionOnNodeTest, AsksLevelZeroForEveryPair) {
  const NodeFacts read = facts();
  ASSERT_TRUE(read.level_zero.has_value());
  EXPECT_THAT(read.level_zero->devices, SizeIs(2));
  EXPECT_THAT(read.level_zero->pairs, SizeIs(12));
  EXPECT_EQ(read.level_zero->pairs[0].can_access, true);
  EXPECT_EQ(read.level_zero->pairs[0].bandwidth, Bandwidth{160});
}

// proves: F1
TEST_F(DetectionOnNodeTest, FindsXeLinksByFabricAndPorts) {
  const NodeFacts read = facts();
  ASSERT_TRUE(read.level_zero->edges.has_value() && read.sysman.has_value());
  EXPECT_THAT(read.sysman->devices, SizeIs(2));
  EXPECT_THAT(read.sysman->devices[0].ports, SizeIs(4));
  const LinkMatrix matrix(detect(read).node);
  EXPECT_EQ(matrix.between(0, 2).protocol, Protocol::xe_link);
  EXPECT_EQ(matrix.between(0, 2).sources.protocol, Source::fabric);
  EXPECT_DOUBLE_EQ(matrix.between(0, 2).figures.read.gb_per_second, 18);
}

// proves: F1
TEST_F(DetectionOnNodeTest, EachSourceMayBeMissing) {
  NodeFacts read = facts();
  read.level_zero->edges.reset();
  for (LevelZeroPair& pair : read.level_zero->pairs) pair.bandwidth.reset();
  const LinkMatrix by_ports(detect(read).node);
  EXPECT_EQ(by_ports.between(1, 2).sources.protocol, Source::sysman);
  EXPECT_DOUBLE_EQ(by_ports.between(1, 2).figures.read.gb_per_second, 20);
  EXPECT_DOUBLE_EQ(by_ports.between(1, 2).figures.write.gb_per_second, 18);
  read.sysman.reset();
  EXPECT_EQ(LinkMatrix(detect(read).node).between(1, 2).sources.protocol, Source::assumed);
}

TEST_F(DetectionOnNodeTest, TheNodeFileAndTheDriverAgree) {
  const NodeFacts read = levelzero::read_machine(context(), levelzero::VerifyData::no);
  ASSERT_TRUE(read.file.has_value());
  EXPECT_THAT(detect(read).contradictions, IsEmpty());
  EXPECT_THAT(detect(read).unknown, IsEmpty());
}

// proves: F5
TEST_F(DetectionOnNodeTest, DataIsSeenToCrossEveryPair) {
  const NodeFacts read = levelzero::read_machine(context(), levelzero::VerifyData::yes);
  ASSERT_TRUE(read.level_zero.has_value());
  for (const LevelZeroPair& pair : read.level_zero->pairs)
    EXPECT_EQ(pair.data, DataCheck::verified);
}

// proves: F5
TEST_F(DetectionOnNodeTest, APairIsCheckedOnce) {
  const auto& tiles = context().tiles();
  // A check copies between tiles, which takes virtual time.
  const auto virtual_time = [] {
    zesvm_sim_virtual_time_t time{};
    time.size = sizeof time;
    EXPECT_EQ(context().simulator().get_virtual_time(&time), ZE_RESULT_SUCCESS);
    return time.elapsed;
  };
  EXPECT_EQ(levelzero::check_peer(context(), tiles[0], tiles[3]).data, DataCheck::verified);
  const auto checked = virtual_time();
  EXPECT_GT(checked, 0u);
  EXPECT_EQ(levelzero::check_peer(context(), tiles[0], tiles[3]).data, DataCheck::verified);
  EXPECT_EQ(virtual_time(), checked);
}

}  // namespace
}  // namespace zesvm::topology
