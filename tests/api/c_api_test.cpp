#include <array>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <string>
#include <vector>

#include <zesvm/zesvm.h>

extern "C" int run_c11_placement(void);
extern "C" int run_c11_program(void);

namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StrEq;

#define ASSERT_OK(call) ASSERT_EQ((call), ZESVM_OK) << zesvm_last_error()
#define EXPECT_OK(call) EXPECT_EQ((call), ZESVM_OK) << zesvm_last_error()

constexpr std::size_t chunk = std::size_t{2} << 20;

class CApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(zesvm_runtime_create(nullptr, &runtime));
    ASSERT_OK(zesvm_allocate(runtime, chunk, chunk, &memory));
    std::memset(memory, 0, chunk);
    ASSERT_OK(zesvm_stream_create(runtime, 0, &stream));
    ASSERT_OK(zesvm_kernel_load(runtime, "fill", "increment", &increment));
  }
  void TearDown() override {
    zesvm_kernel_destroy(increment);
    zesvm_stream_destroy(stream);
    EXPECT_OK(zesvm_free(runtime, memory));
    zesvm_runtime_destroy(runtime);
  }
  zesvm_code launch(const zesvm_kernel* kernel) {
    const zesvm_argument argument{ZESVM_POINTER, 0, memory, 0};
    const std::array<std::uint64_t, 3> items{64, 1, 1};
    return zesvm_launch(stream, kernel, items.data(), nullptr, &argument, 1);
  }
  std::uint64_t resident(std::size_t device) {
    std::uint64_t bytes = 0;
    EXPECT_OK(zesvm_resident_bytes(runtime, memory, chunk, device, &bytes));
    return bytes;
  }
  std::uint32_t* values() { return static_cast<std::uint32_t*>(memory); }

  zesvm_runtime* runtime = nullptr;
  zesvm_stream* stream = nullptr;
  zesvm_kernel* increment = nullptr;
  void* memory = nullptr;
};

TEST_F(CApiTest, ServesAProgramInPlainC) { EXPECT_EQ(run_c11_program(), 0) << zesvm_last_error(); }

TEST_F(CApiTest, PlansForAProgramInPlainC) {
  EXPECT_EQ(run_c11_placement(), 0) << zesvm_last_error();
}

TEST_F(CApiTest, TellsWhatWentWrong) {
  zesvm_kernel* kernel = nullptr;
  EXPECT_EQ(zesvm_kernel_load(runtime, "fill", "absent", &kernel), ZESVM_UNKNOWN_KERNEL);
  EXPECT_THAT(zesvm_last_error(), HasSubstr("absent"));
  EXPECT_STREQ(zesvm_last_call(), "");
  EXPECT_EQ(kernel, nullptr);
  void* pointer = nullptr;
  EXPECT_NE(zesvm_allocate(runtime, std::size_t{1} << 60, 0, &pointer), ZESVM_OK);
  EXPECT_THAT(zesvm_last_call(), AnyOf(StrEq("zeMemAllocShared"), StrEq("zeVirtualMemReserve")));
  EXPECT_NE(zesvm_last_result(), 0);
  int local = 0;
  EXPECT_EQ(zesvm_free(runtime, &local), ZESVM_UNKNOWN_MEMORY);
  EXPECT_STREQ(zesvm_code_name(ZESVM_UNKNOWN_MEMORY), "ZESVM_UNKNOWN_MEMORY");
  EXPECT_STREQ(zesvm_code_name(static_cast<zesvm_code>(77)), "unknown");
}

TEST_F(CApiTest, RefusesNullHandles) {
  EXPECT_EQ(zesvm_stream_wait(nullptr), ZESVM_INVALID_ARGUMENT);
  EXPECT_EQ(zesvm_launch(stream, nullptr, nullptr, nullptr, nullptr, 0), ZESVM_INVALID_ARGUMENT);
  EXPECT_EQ(zesvm_record(stream, nullptr), ZESVM_INVALID_ARGUMENT);
  EXPECT_EQ(zesvm_device_name(runtime, 99), nullptr);
  EXPECT_EQ(zesvm_device_count(nullptr), 0u);
  EXPECT_EQ(zesvm_native_driver(nullptr), nullptr);
  zesvm_event_destroy(nullptr);
  zesvm_module_destroy(nullptr);
}

TEST_F(CApiTest, DescribesDevices) {
  zesvm_device_info info{};
  info.size = sizeof info;
  ASSERT_OK(zesvm_device_describe(runtime, 1, &info));
  EXPECT_STREQ(info.name, zesvm_device_name(runtime, 1));
  EXPECT_GT(info.memory_bytes, 0u);
  EXPECT_EQ(info.has_page_faults, 1u);
  EXPECT_NE(info.native_handle, nullptr);
  EXPECT_EQ(zesvm_device_describe(runtime, 99, &info), ZESVM_INVALID_ARGUMENT);
  int can_access = 0;
  EXPECT_OK(zesvm_device_can_access(runtime, 0, 1, &can_access));
  EXPECT_EQ(can_access, 1);
  EXPECT_EQ(zesvm_is_simulated(runtime), 1);
}

TEST_F(CApiTest, TellsWhatDevicesCanDoWithMemory) {
  zesvm_capabilities capabilities{};
  EXPECT_EQ(zesvm_device_capabilities(runtime, 0, &capabilities), ZESVM_INVALID_ARGUMENT);
  capabilities.size = sizeof capabilities;
  ASSERT_OK(zesvm_device_capabilities(runtime, 0, &capabilities));
  EXPECT_NE(capabilities.device_memory & ZESVM_CAN_ACCESS, 0u);
  EXPECT_EQ(capabilities.peers, 2u);
  EXPECT_NE(capabilities.backing, ZESVM_BACKING_AUTOMATIC);
  EXPECT_STRNE(capabilities.backing_reason, "");
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  EXPECT_EQ(capabilities.hierarchy, variable("ZE_FLAT_DEVICE_HIERARCHY"));
  EXPECT_EQ(capabilities.affinity_mask, variable("ZE_AFFINITY_MASK"));
  EXPECT_LE(capabilities.is_sub_device, 1u);
}

TEST_F(CApiTest, HintsSayWhatBecameOfThem) {
  zesvm_hint hint{};
  hint.size = sizeof hint;
  values()[0] = 1;
  ASSERT_OK(zesvm_prefetch(runtime, memory, chunk, 0, &hint));
  EXPECT_EQ(hint.outcome, ZESVM_APPLIED);
  EXPECT_EQ(resident(0), chunk);
  ASSERT_OK(zesvm_prefetch(runtime, memory, chunk, 0, &hint));
  EXPECT_EQ(hint.outcome, ZESVM_ALREADY_SO);
  EXPECT_THAT(hint.reason, HasSubstr("all of it is on"));
  ASSERT_OK(zesvm_prefetch(runtime, memory, chunk, ZESVM_SYSTEM, nullptr));
  EXPECT_EQ(resident(ZESVM_SYSTEM), chunk);
  const zesvm_access access{memory, chunk, ZESVM_READ_WRITE, 0};
  ASSERT_OK(zesvm_prepare(runtime, 1, &access, 1, &hint));
  EXPECT_EQ(resident(1), chunk);
  ASSERT_OK(zesvm_pin(runtime, memory, chunk, nullptr));
  EXPECT_EQ(resident(ZESVM_SYSTEM), chunk);
  EXPECT_OK(zesvm_unpin(runtime, memory, chunk));
  EXPECT_OK(zesvm_discard(runtime, memory, chunk, &hint));
  EXPECT_EQ(values()[0], 0u);
}

TEST_F(CApiTest, SaysWhereMemoryIs) {
  ASSERT_OK(zesvm_prefetch(runtime, memory, chunk, 1, nullptr));
  std::size_t count = 0;
  ASSERT_OK(zesvm_residency(runtime, memory, chunk, nullptr, &count));
  ASSERT_EQ(count, 1u);
  zesvm_resident_piece piece{};
  ASSERT_OK(zesvm_residency(runtime, memory, chunk, &piece, &count));
  EXPECT_EQ(piece.begin, memory);
  EXPECT_EQ(piece.bytes, chunk);
  EXPECT_EQ(piece.place, ZESVM_PLACE_DEVICE);
  EXPECT_EQ(piece.device, 1u);
  std::array<char, 8> text{};
  std::size_t length = text.size();
  ASSERT_OK(zesvm_residency_text(runtime, memory, chunk, text.data(), &length));
  EXPECT_GT(length, text.size());
  EXPECT_EQ(std::strlen(text.data()), 7u);
}

TEST_F(CApiTest, MemoryIsCarriedAsAsked) {
  void* pointer = nullptr;
  zesvm_backing backing = ZESVM_BACKING_AUTOMATIC;
  ASSERT_OK(zesvm_allocate_on(runtime, 4096, 0, ZESVM_BACKING_SHARED, &pointer));
  EXPECT_OK(zesvm_backing_of(runtime, pointer, &backing));
  EXPECT_EQ(backing, ZESVM_BACKING_SHARED);
  EXPECT_OK(zesvm_free(runtime, pointer));
  EXPECT_EQ(zesvm_backing_of(runtime, pointer, &backing), ZESVM_UNKNOWN_MEMORY);
}

TEST_F(CApiTest, MemoryOfTheProgramIsAdopted) {
  std::vector<std::uint32_t> own(64, 1);
  ASSERT_OK(zesvm_adopt(runtime, own.data(), own.size() * 4));
  EXPECT_EQ(zesvm_contains(runtime, own.data()), 1);
  const zesvm_argument argument{ZESVM_POINTER, 0, own.data(), 0};
  const std::array<std::uint64_t, 3> items{64, 1, 1};
  EXPECT_OK(zesvm_launch(stream, increment, items.data(), nullptr, &argument, 1));
  EXPECT_OK(zesvm_stream_wait(stream));
  EXPECT_THAT(own, ::testing::Each(2u));
  EXPECT_OK(zesvm_free(runtime, own.data()));
  EXPECT_EQ(zesvm_contains(runtime, own.data()), 0);
}

TEST_F(CApiTest, WorksInStreamsWithEvents) {
  zesvm_event* event = nullptr;
  ASSERT_OK(zesvm_fill(stream, memory, 0, 256));
  ASSERT_OK(launch(increment));
  ASSERT_OK(zesvm_record(stream, &event));
  zesvm_stream* other = nullptr;
  ASSERT_OK(zesvm_stream_create(runtime, 1, &other));
  EXPECT_OK(zesvm_stream_wait_for(other, event));
  EXPECT_OK(zesvm_copy(other, values() + 64, values(), 4));
  EXPECT_OK(zesvm_stream_wait(other));
  int is_done = 0;
  EXPECT_OK(zesvm_event_is_done(event, &is_done));
  EXPECT_EQ(is_done, 1);
  EXPECT_NE(zesvm_event_native(event), nullptr);
  EXPECT_EQ(values()[64], 1u);
  zesvm_stream_destroy(other);
  zesvm_event_destroy(event);
}

TEST_F(CApiTest, TellsAndTakesWhatKernelsUse) {
  zesvm_argument_use use{};
  use.size = sizeof use;
  ASSERT_EQ(zesvm_kernel_argument_count(increment), 1u);
  ASSERT_OK(zesvm_kernel_use(increment, 0, &use));
  EXPECT_EQ(use.is_read + use.is_written, 2u);
  EXPECT_EQ(use.is_declared, 0u);
  ASSERT_OK(zesvm_kernel_declare(increment, 0, ZESVM_ATOMIC));
  const zesvm_access reached{memory, chunk, ZESVM_READ, 0};
  ASSERT_OK(zesvm_kernel_reach(increment, &reached, 1));
  ASSERT_OK(zesvm_kernel_reach_everything(increment));
  ASSERT_OK(zesvm_kernel_use(increment, 0, &use));
  EXPECT_EQ(use.is_atomic, 1u);
  EXPECT_EQ(zesvm_kernel_follows_pointers(increment), 0);
  EXPECT_OK(launch(increment));
  EXPECT_OK(zesvm_stream_wait(stream));
  EXPECT_EQ(resident(0), chunk);
}

TEST_F(CApiTest, CountsWhatMoved) {
  ASSERT_OK(launch(increment));
  ASSERT_OK(zesvm_stream_wait(stream));
  std::array<zesvm_tile_statistics, 2> tiles{};
  for (auto& tile : tiles) tile.size = sizeof tile;
  std::size_t count = tiles.size();
  ASSERT_OK(zesvm_statistics(runtime, tiles.data(), &count));
  EXPECT_EQ(count, 2u);
  EXPECT_GT(tiles[0].to_device.bytes, 0u);
  EXPECT_GT(tiles[0].vram_bytes, 0u);
  std::size_t length = 0;
  ASSERT_OK(zesvm_report(runtime, ZESVM_REPORT_JSON, nullptr, &length));
  std::string text(length, ' ');
  ASSERT_OK(zesvm_report(runtime, ZESVM_REPORT_JSON, text.data(), &length));
  EXPECT_THAT(text, HasSubstr("host_to_device"));
}

TEST_F(CApiTest, IsBuiltAroundTheProgramsHandles) {
  zesvm_runtime* inside = nullptr;
  ASSERT_OK(
      zesvm_runtime_around(zesvm_native_driver(runtime), zesvm_native_context(runtime), &inside));
  EXPECT_EQ(zesvm_native_context(inside), zesvm_native_context(runtime));
  zesvm_stream* same = nullptr;
  ASSERT_OK(zesvm_stream_around(inside, 0, zesvm_stream_native(stream), &same));
  // The other runtime knows nothing of memory that this one moves.
  EXPECT_OK(zesvm_prefetch(runtime, memory, 4, 0, nullptr));
  EXPECT_OK(zesvm_fill(same, memory, 0xff, 4));
  EXPECT_OK(zesvm_stream_wait(same));
  EXPECT_EQ(values()[0], 0xffffffffu);
  zesvm_stream_destroy(same);
  zesvm_runtime_destroy(inside);
}

TEST_F(CApiTest, HasItsVersionInEverySymbol) {
  std::uint32_t major = 9, minor = 9;
  zesvm_version(&major, &minor, nullptr);
  EXPECT_EQ(major, std::uint32_t{ZESVM_VERSION_MAJOR});
  EXPECT_EQ(minor, std::uint32_t{ZESVM_VERSION_MINOR});
  EXPECT_NE(dlvsym(RTLD_DEFAULT, "zesvm_launch", "ZESVM_C_1"), nullptr);
}

}  // namespace
