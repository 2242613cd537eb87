// Structures of the C interface whose size, reserved members or numbers are wrong.
#include <gmock/gmock.h>

#include <zesvm/zesvm.h>

namespace {

using ::testing::HasSubstr;

class CStructuresTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zesvm_runtime_create(nullptr, &runtime), ZESVM_OK) << zesvm_last_error();
    ASSERT_EQ(zesvm_allocate(runtime, 4096, 0, &memory), ZESVM_OK) << zesvm_last_error();
  }
  void TearDown() override {
    zesvm_free(runtime, memory);
    zesvm_runtime_destroy(runtime);
  }
  zesvm_code advise(const zesvm_advice& advice) {
    return zesvm_advise(runtime, memory, 4096, &advice, nullptr);
  }
  static zesvm_advice location(std::size_t device) {
    zesvm_advice advice{};
    advice.size = sizeof advice;
    advice.kind = ZESVM_ADVICE_LOCATION;
    advice.device = device;
    return advice;
  }

  zesvm_runtime* runtime = nullptr;
  void* memory = nullptr;
};

// proves: D2
TEST_F(CStructuresTest, ReservedMembersMustBeZero) {
  zesvm_advice advice = location(0);
  advice.reserved = 1;
  EXPECT_EQ(advise(advice), ZESVM_INVALID_ARGUMENT);
  EXPECT_THAT(zesvm_last_error(), HasSubstr("reserved"));
  const zesvm_access access{memory, 4096, ZESVM_READ, 1};
  EXPECT_EQ(zesvm_prepare(runtime, 0, &access, 1, nullptr), ZESVM_INVALID_ARGUMENT);
  zesvm_hint hint{};
  hint.size = sizeof hint;
  hint.reserved = 1;
  EXPECT_EQ(zesvm_prefetch(runtime, memory, 4096, 0, &hint), ZESVM_INVALID_ARGUMENT);
}

TEST_F(CStructuresTest, TheirSizeMustBeSet) {
  zesvm_advice advice = location(0);
  advice.size = 0;
  EXPECT_EQ(advise(advice), ZESVM_INVALID_ARGUMENT);
  EXPECT_THAT(zesvm_last_error(), HasSubstr("set it to sizeof"));
  zesvm_hint hint{};
  EXPECT_EQ(zesvm_prefetch(runtime, memory, 4096, 0, &hint), ZESVM_INVALID_ARGUMENT);
  zesvm_device_info info{};
  EXPECT_EQ(zesvm_device_describe(runtime, 0, &info), ZESVM_INVALID_ARGUMENT);
}

// proves: D2
TEST_F(CStructuresTest, UnknownNumbersAreRefused) {
  EXPECT_EQ(advise(location(99)), ZESVM_INVALID_ARGUMENT);
  const zesvm_runtime_options options{
      sizeof options, ZESVM_BACKEND_AUTOMATIC,   static_cast<zesvm_backing>(9),
      nullptr,        ZESVM_CPU_TOUCH_AUTOMATIC, 0};
  zesvm_runtime* none = nullptr;
  EXPECT_EQ(zesvm_runtime_create(&options, &none), ZESVM_INVALID_ARGUMENT);
  const zesvm_runtime_options touch{
      sizeof touch, ZESVM_BACKEND_AUTOMATIC,         ZESVM_BACKING_AUTOMATIC,
      nullptr,      static_cast<zesvm_cpu_touch>(9), 0};
  EXPECT_EQ(zesvm_runtime_create(&touch, &none), ZESVM_INVALID_ARGUMENT);
  EXPECT_EQ(none, nullptr);
  zesvm_advice advice = location(0);
  advice.kind = static_cast<zesvm_advice_kind>(9);
  advice.device = 0;
  EXPECT_EQ(advise(advice), ZESVM_INVALID_ARGUMENT);
  advice.kind = ZESVM_ADVICE_ATOMIC;
  advice.atomic_access = static_cast<zesvm_atomic_access>(9);
  EXPECT_EQ(advise(advice), ZESVM_INVALID_ARGUMENT);
  const zesvm_access access{memory, 4096, static_cast<zesvm_access_mode>(9), 0};
  EXPECT_EQ(zesvm_prepare(runtime, 0, &access, 1, nullptr), ZESVM_INVALID_ARGUMENT);
  std::size_t length = 0;
  EXPECT_EQ(zesvm_report(runtime, static_cast<zesvm_report_format>(9), nullptr, &length),
            ZESVM_INVALID_ARGUMENT);
}

// proves: D2
TEST_F(CStructuresTest, MembersOfAnotherKindMustBeZero) {
  zesvm_advice advice = location(1);
  advice.kind = ZESVM_ADVICE_READ_MOSTLY;
  EXPECT_EQ(advise(advice), ZESVM_INVALID_ARGUMENT);
  advice = location(0);
  advice.atomic_access = ZESVM_ATOMIC_CPU;
  EXPECT_EQ(advise(advice), ZESVM_INVALID_ARGUMENT);
  advice = location(0);
  advice.kind = ZESVM_ADVICE_ATOMIC;
  advice.migrate = ZESVM_MIGRATE_ONLY_SYSTEM_PAGES;
  EXPECT_EQ(advise(advice), ZESVM_INVALID_ARGUMENT);
}

TEST_F(CStructuresTest, RightAdviceIsTaken) {
  for (const std::size_t device : {std::size_t{0}, std::size_t{1}, ZESVM_SYSTEM, ZESVM_ANYWHERE})
    EXPECT_EQ(advise(location(device)), ZESVM_OK) << zesvm_last_error();
  zesvm_advice advice = location(0);
  advice.kind = ZESVM_ADVICE_ATOMIC;
  advice.atomic_access = ZESVM_ATOMIC_DEVICE;
  EXPECT_EQ(advise(advice), ZESVM_OK) << zesvm_last_error();
  advice.kind = ZESVM_ADVICE_READ_MOSTLY;
  advice.atomic_access = ZESVM_ATOMIC_UNDEFINED;
  EXPECT_EQ(advise(advice), ZESVM_OK) << zesvm_last_error();
}

// proves: D2
TEST_F(CStructuresTest, PlansOfNonsenseAreRefused) {
  zesvm_planner* planner = nullptr;
  ASSERT_EQ(zesvm_planner_create(runtime, &planner), ZESVM_OK) << zesvm_last_error();
  zesvm_plan* plan = nullptr;
  zesvm_memory_use use{};
  EXPECT_EQ(zesvm_plan_uses(planner, memory, 4096, &use, 1, &plan), ZESVM_INVALID_ARGUMENT);
  EXPECT_THAT(zesvm_last_error(), HasSubstr("set it to sizeof"));
  use.size = sizeof use;
  use.device = 99;
  EXPECT_EQ(zesvm_plan_uses(planner, memory, 4096, &use, 1, &plan), ZESVM_INVALID_ARGUMENT);
  use.device = 0;
  use.end = 4097;
  EXPECT_EQ(zesvm_plan_uses(planner, memory, 4096, &use, 1, &plan), ZESVM_INVALID_ARGUMENT);
  EXPECT_EQ(zesvm_plan_uses(planner, memory, 4096, nullptr, 1, &plan), ZESVM_INVALID_ARGUMENT);
  EXPECT_EQ(zesvm_plan_cyclic(planner, memory, 4096, 0, nullptr, 0, &plan), ZESVM_INVALID_ARGUMENT);
  const std::size_t absent = 99;
  EXPECT_EQ(zesvm_plan_block(planner, memory, 4096, &absent, 1, &plan), ZESVM_INVALID_ARGUMENT);
  EXPECT_EQ(plan, nullptr);
  int elsewhere = 0;
  EXPECT_EQ(zesvm_place_host_memory(planner, &elsewhere, 4, 0, nullptr), ZESVM_UNKNOWN_MEMORY);
  EXPECT_EQ(zesvm_planner_create(nullptr, &planner), ZESVM_INVALID_ARGUMENT);
  zesvm_planner_destroy(planner);
  zesvm_planner_destroy(nullptr);
  zesvm_plan_destroy(nullptr);
  EXPECT_EQ(zesvm_plan_piece_count(nullptr), 0u);
}

}  // namespace
