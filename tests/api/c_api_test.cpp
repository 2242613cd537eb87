#include <array>
#include <gmock/gmock.h>

#include <zesvm/zesvm.h>

namespace {

using ::testing::HasSubstr;

class CApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zesvm_runtime_create(nullptr, &runtime), ZESVM_OK) << zesvm_last_error();
  }
  void TearDown() override { zesvm_runtime_destroy(runtime); }
  zesvm_runtime* runtime = nullptr;
};

TEST_F(CApiTest, RunsAKernelOnSharedMemory) {
  void* pointer = nullptr;
  ASSERT_EQ(zesvm_allocate(runtime, 64 * 4, 0, &pointer), ZESVM_OK) << zesvm_last_error();
  auto* values = static_cast<unsigned*>(pointer);
  values[63] = 1;
  zesvm_stream* stream = nullptr;
  zesvm_kernel* kernel = nullptr;
  ASSERT_EQ(zesvm_stream_create(runtime, 1, &stream), ZESVM_OK) << zesvm_last_error();
  ASSERT_EQ(zesvm_kernel_load(runtime, "fill", "fill", &kernel), ZESVM_OK) << zesvm_last_error();
  const unsigned value = 77;
  const std::array<zesvm_argument, 2> arguments{zesvm_argument{ZESVM_POINTER, values, 0},
                                                zesvm_argument{ZESVM_VALUE, &value, 4}};
  const std::array<std::uint64_t, 3> items{64, 1, 1};
  EXPECT_EQ(zesvm_launch(stream, kernel, items.data(), nullptr, arguments.data(), 2), ZESVM_OK)
      << zesvm_last_error();
  EXPECT_EQ(zesvm_stream_wait(stream), ZESVM_OK) << zesvm_last_error();
  EXPECT_EQ(values[63], 77u);
  zesvm_kernel_destroy(kernel);
  zesvm_stream_destroy(stream);
  EXPECT_EQ(zesvm_free(runtime, pointer), ZESVM_OK);
}

TEST_F(CApiTest, TellsWhatWentWrong) {
  zesvm_kernel* kernel = nullptr;
  EXPECT_EQ(zesvm_kernel_load(runtime, "fill", "absent", &kernel), ZESVM_UNKNOWN_KERNEL);
  EXPECT_THAT(zesvm_last_error(), HasSubstr("absent"));
  EXPECT_EQ(kernel, nullptr);
  int local = 0;
  EXPECT_EQ(zesvm_free(runtime, &local), ZESVM_UNKNOWN_MEMORY);
  EXPECT_EQ(zesvm_stream_wait(nullptr), ZESVM_INVALID_ARGUMENT);
  EXPECT_EQ(zesvm_device_name(runtime, 99), nullptr);
}

TEST_F(CApiTest, SaysWhereMemoryIs) {
  void* pointer = nullptr;
  const std::size_t bytes = std::size_t{2} << 20;
  ASSERT_EQ(zesvm_allocate(runtime, bytes, bytes, &pointer), ZESVM_OK);
  *static_cast<char*>(pointer) = 1;
  std::uint64_t resident = 0;
  EXPECT_EQ(zesvm_prefetch(runtime, pointer, bytes, 0), ZESVM_OK) << zesvm_last_error();
  EXPECT_EQ(zesvm_resident_bytes(runtime, pointer, bytes, 0, &resident), ZESVM_OK);
  EXPECT_EQ(resident, bytes);
  EXPECT_EQ(zesvm_prefetch(runtime, pointer, bytes, ZESVM_SYSTEM), ZESVM_OK);
  EXPECT_EQ(zesvm_resident_bytes(runtime, pointer, bytes, ZESVM_SYSTEM, &resident), ZESVM_OK);
  EXPECT_EQ(resident, bytes);
}

}  // namespace
