// The same on a node with devices that use allocations of Level Zero only.
#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

using ImportedPointersRefusedTest = DriverFixture;

TEST_F(ImportedPointersRefusedTest, WhereDevicesTakeAllocationsOnly) {
  auto* const import =
      newer<ze_result_t(ze_driver_handle_t, void*, std::size_t)>("zexDriverImportExternalPointer");
  ASSERT_NE(nullptr, import);
  int memory = 0;
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_FEATURE, import(driver, &memory, sizeof memory));
}

}  // namespace
}  // namespace zesvm
