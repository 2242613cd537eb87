#include "levelzero/call.hpp"

#include <gmock/gmock.h>

namespace zesvm::levelzero {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

ze_result_t fails_with(ze_result_t result) { return result; }

TEST(Call, SaysNothingAboutSuccess) {
  EXPECT_NO_THROW(ZESVM_ZE(fails_with(ZE_RESULT_SUCCESS), "trying"));
}

TEST(Call, NamesTheCallTheResultAndTheAdvice) {
  try {
    ZESVM_ZE(fails_with(ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY), "allocating 1 GiB");
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_device_memory);
    EXPECT_EQ(error.call(), "fails_with");
    EXPECT_EQ(error.result(), static_cast<int>(ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY));
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("allocating 1 GiB"), HasSubstr("fails_with"),
                      HasSubstr("ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY"), HasSubstr("free memory")));
  }
}

TEST(Call, ShowsTheNumberOfAResultItDoesNotKnow) {
  EXPECT_EQ(name_of(static_cast<ze_result_t>(0x70020003)), "ze_result_t 0x70020003");
  EXPECT_EQ(code_for(static_cast<ze_result_t>(0x70020003)), ErrorCode::level_zero);
}

}  // namespace
}  // namespace zesvm::levelzero
