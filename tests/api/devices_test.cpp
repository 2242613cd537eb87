#include <zesvm/interop.hpp>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::HasSubstr;
using DevicesTest = ApiTest;

TEST_F(DevicesTest, AreNumberedInOrderAndHaveNames) {
  ASSERT_GE(rt.devices().size(), 2u);
  for (std::size_t i = 0; i < rt.devices().size(); ++i) {
    EXPECT_EQ(rt.device(i).index(), i);
    EXPECT_FALSE(rt.device(i).name().empty());
    EXPECT_GT(rt.device(i).memory_bytes(), 0u);
    EXPECT_GT(rt.device(i).execution_units(), 0u);
    EXPECT_GT(rt.device(i).max_group_size(), 0u);
  }
  EXPECT_TRUE(rt.device(0) == rt.device(0));
  EXPECT_TRUE(rt.device(0) != rt.device(1));
}

TEST_F(DevicesTest, AreSimulatedHere) {
  EXPECT_TRUE(rt.is_simulated());
  EXPECT_FALSE(rt.node_name().empty());
}

TEST_F(DevicesTest, ANumberTooLargeSaysHowManyThereAre) {
  const Error error = error_of([&] { static_cast<void>(rt.device(99)); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("devices are 0 to"));
}

TEST_F(DevicesTest, AccessTheirOwnMemory) { EXPECT_TRUE(rt.device(0).can_access(rt.device(0))); }

TEST_F(DevicesTest, ASecondRuntimeSharesTheDriver) {
  const Runtime other;
  EXPECT_EQ(other.devices().size(), rt.devices().size());
  EXPECT_EQ(native_device(other.device(0)), native_device(rt.device(0)));
}

TEST_F(DevicesTest, ARuntimeCanUseTheProgramsContext) {
  Runtime inside = make_runtime(native_driver(rt), native_context(rt));
  EXPECT_EQ(native_context(inside), native_context(rt));
  auto values = inside.address_space().make_array<int>(4);
  values[3] = 5;
  EXPECT_EQ(values[3], 5);
}

TEST_F(DevicesTest, OutliveTheirRuntime) {
  std::unique_ptr<Runtime> other = std::make_unique<Runtime>();
  const Device device = other->device(0);
  other.reset();
  EXPECT_EQ(device.name(), rt.device(0).name());
  Stream stream(device);
  stream.wait();
}

}  // namespace
}  // namespace zesvm::tests
