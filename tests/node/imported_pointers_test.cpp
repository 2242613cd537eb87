// Memory of the program announced through the extension functions of Intel's driver.
#include <array>
#include <vector>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

using Import = ze_result_t(ze_driver_handle_t, void*, std::size_t);
using Release = ze_result_t(ze_driver_handle_t, void*);
using Base = ze_result_t(ze_driver_handle_t, void*, void**);

class ImportedPointersTest : public DriverFixture {
 protected:
  void SetUp() override {
    DriverFixture::SetUp();
    import = newer<Import>("zexDriverImportExternalPointer");
    release = newer<Release>("zexDriverReleaseImportedPointer");
    base = newer<Base>("zexDriverGetHostPointerBaseAddress");
    ASSERT_TRUE(import != nullptr && release != nullptr && base != nullptr);
  }
  /// Returns the base of the imported memory around a pointer; null for none.
  void* base_of(void* pointer) {
    void* found = nullptr;
    const auto result = base(driver, pointer, &found);
    EXPECT_EQ(found != nullptr ? ZE_RESULT_SUCCESS : ZE_RESULT_ERROR_INVALID_ARGUMENT, result);
    return found;
  }

  Import* import = nullptr;
  Release* release = nullptr;
  Base* base = nullptr;
  std::array<char, 4096> memory{};
};

TEST_F(ImportedPointersTest, AreKnownByTheirBaseUntilReleased) {
  char* const first = memory.data() + 100;
  ZE_OK(import(driver, first, 1000));
  EXPECT_EQ(first, base_of(first));
  EXPECT_EQ(first, base_of(first + 999));
  EXPECT_EQ(nullptr, base_of(first + 1000));
  EXPECT_EQ(nullptr, base_of(first - 1));
  EXPECT_EQ(ZE_RESULT_SUCCESS, base(driver, first, nullptr));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, release(driver, first + 1));
  ZE_OK(release(driver, first));
  EXPECT_EQ(nullptr, base_of(first));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, release(driver, first));
}

TEST_F(ImportedPointersTest, DoNotOverlap) {
  char* const first = memory.data() + 1000;
  char* const second = memory.data() + 3000;
  ZE_OK(import(driver, first, 1000));
  ZE_OK(import(driver, second, 1000));
  ZE_OK(import(driver, first + 10, 10));
  EXPECT_EQ(first, base_of(first + 10));
  EXPECT_EQ(ZE_RESULT_ERROR_OVERLAPPING_REGIONS, import(driver, first + 500, 2000));
  EXPECT_EQ(ZE_RESULT_ERROR_OVERLAPPING_REGIONS, import(driver, first - 10, 1020));
  EXPECT_EQ(ZE_RESULT_ERROR_HANDLE_OBJECT_IN_USE, import(driver, first + 999, 2));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_SIZE, import(driver, first - 1, 2));
  ZE_OK(import(driver, first + 1000, 1000));
  for (char* const begin : {first, first + 1000, second}) ZE_OK(release(driver, begin));
}

TEST_F(ImportedPointersTest, AreNotNothing) {
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, import(driver, nullptr, 8));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, import(driver, memory.data(), 0));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, import(driver, memory.data(), SIZE_MAX));
  EXPECT_EQ(nullptr, base_of(memory.data()));
}

TEST_F(ImportedPointersTest, AreCopiedLikeAnyMemory) {
  std::vector<int> source(5000, 7);
  std::vector<int> target(5000);
  const std::size_t size = source.size() * sizeof(int);
  ZE_OK(import(driver, source.data(), size));
  ZE_OK(import(driver, target.data(), size));
  void* there = nullptr;
  ZE_OK(allocate_device(size, 0, &there));
  ZE_OK(copy(devices[0], there, source.data(), size));
  ZE_OK(copy(devices[0], target.data(), there, size));
  EXPECT_EQ(source, target);
  ZE_OK(release(driver, source.data()));
  ZE_OK(release(driver, target.data()));
  ZE_OK(zeMemFree(context, there));
}

}  // namespace
}  // namespace zesvm
