#include <algorithm>
#include <numeric>

#include "node/command_fixture.hpp"

namespace zesvm {
namespace {

class CopyTest : public CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    commands = immediate(device);
  }
  ze_result_t copy(void* to, const void* from, std::size_t size) {
    return zeCommandListAppendMemoryCopy(commands, to, from, size, nullptr, 0, nullptr);
  }
  ze_command_list_handle_t commands = nullptr;
};

TEST_F(CopyTest, TravelsThroughEveryKindOfMemory) {
  constexpr std::size_t count = 300'000;  // more than one chunk
  std::vector<int> before(count);
  std::iota(before.begin(), before.end(), 1);
  int* const here = on_device<int>(count, devices[0]);
  int* const there = on_device<int>(count, devices[1]);
  int* const both = shared<int>(count);
  std::vector<int> after(count);
  ZE_OK(copy(here, before.data(), count * sizeof(int)));
  ZE_OK(copy(there, here, count * sizeof(int)));
  ZE_OK(copy(both, there, count * sizeof(int)));
  ZE_OK(copy(after.data(), both, count * sizeof(int)));
  EXPECT_EQ(before, after);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), both));
}

TEST_F(CopyTest, FillRepeatsThePattern) {
  auto* const bytes = shared<std::uint8_t>(100);
  const std::uint32_t pattern = 0x04030201;
  ZE_OK(zeCommandListAppendMemoryFill(commands, bytes, &pattern, 4, 96, nullptr, 0, nullptr));
  EXPECT_EQ(bytes[0], 1);
  EXPECT_EQ(bytes[95], 4);
  EXPECT_EQ(bytes[96], 0);
}

TEST_F(CopyTest, FillRefusesAPatternThatIsNoPowerOfTwo) {
  auto* const bytes = shared<std::uint8_t>(100);
  const std::uint32_t pattern = 0;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_SIZE,
            zeCommandListAppendMemoryFill(commands, bytes, &pattern, 3, 96, nullptr, 0, nullptr));
}

TEST_F(CopyTest, RegionOfTwoDimensionsKeepsWhatIsAroundIt) {
  std::vector<std::uint8_t> from(8 * 8);
  std::iota(from.begin(), from.end(), 0);
  auto* const to = shared<std::uint8_t>(10 * 10);
  const ze_copy_region_t source{2, 1, 0, 3, 2, 0};
  const ze_copy_region_t target{4, 5, 0, 3, 2, 0};
  ZE_OK(zeCommandListAppendMemoryCopyRegion(commands, to, &target, 10, 0, from.data(), &source, 8,
                                            0, nullptr, 0, nullptr));
  EXPECT_EQ(to[5 * 10 + 4], 1 * 8 + 2);
  EXPECT_EQ(to[6 * 10 + 6], 2 * 8 + 4);
  EXPECT_EQ(to[5 * 10 + 7], 0);
  EXPECT_EQ(std::count(to, to + 100, 0), 100 - 6);
}

TEST_F(CopyTest, RegionOfThreeDimensionsUsesSlicePitches) {
  std::vector<std::uint8_t> from(4 * 4 * 4);
  std::iota(from.begin(), from.end(), 0);
  auto* const to = shared<std::uint8_t>(4 * 4 * 4);
  const ze_copy_region_t box{1, 1, 1, 2, 2, 2};
  ZE_OK(zeCommandListAppendMemoryCopyRegion(commands, to, &box, 4, 16, from.data(), &box, 4, 16,
                                            nullptr, 0, nullptr));
  EXPECT_EQ(to[21], 21);
  EXPECT_EQ(to[42], 42);
  EXPECT_EQ(std::count(to, to + 64, 0), 64 - 8);
}

TEST_F(CopyTest, FromAnotherContextWorks) {
  ze_context_handle_t other = nullptr;
  const ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
  ZE_OK(zeContextCreate(driver, &desc, &other));
  int* const from = shared<int>(1);
  int* const to = shared<int>(1);
  *from = 17;
  ZE_OK(zeCommandListAppendMemoryCopyFromContext(commands, to, other, from, sizeof(int), nullptr, 0,
                                                 nullptr));
  EXPECT_EQ(*to, 17);
  ZE_OK(zeContextDestroy(other));
}

TEST_F(CopyTest, PrefetchAndAdviceLeaveTheContentAlone) {
  int* const data = shared<int>(1 << 20);
  std::iota(data, data + (1 << 20), 0);
  ZE_OK(zeCommandListAppendMemAdvise(commands, device, data, 4 << 20,
                                     ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION));
  ZE_OK(zeCommandListAppendMemoryPrefetch(commands, data, 4 << 20));
  EXPECT_EQ(data[12345], 12345);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER,
            zeCommandListAppendMemoryPrefetch(commands, nullptr, 1));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION,
            zeCommandListAppendMemAdvise(commands, device, data, 1,
                                         static_cast<ze_memory_advice_t>(100)));
}

TEST_F(CopyTest, BadPointersAreRefused) {
  int* const data = shared<int>(1);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER, copy(nullptr, data, 4));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER, copy(data, nullptr, 4));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_SIZE,
            zeCommandListAppendMemoryCopy(commands, data, data, 4, nullptr, 1, nullptr));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_HANDLE,
            zeCommandListAppendMemoryCopy(nullptr, data, data, 4, nullptr, 0, nullptr));
}

}  // namespace
}  // namespace zesvm
