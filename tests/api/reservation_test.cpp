// A driver whose reserved addresses are a block of the heap, as Intel's is without hardware: this program answers
// those two calls in the driver's place.
#include <algorithm>
#include <atomic>
#include <cstdlib>

#include <level_zero/ze_api.h>

#include "api/api_fixture.hpp"

namespace {

std::atomic<int> blocks{0};
std::atomic<bool> is_intact{true};

}  // namespace

extern "C" {

[[gnu::visibility("default")]] ze_result_t zeVirtualMemReserve(ze_context_handle_t, const void*,
                                                               std::size_t size, void** pointer) {
  *pointer = std::aligned_alloc(std::size_t{64} << 10, size);
  std::fill_n(static_cast<char*>(*pointer), size, 'h');
  ++blocks;
  return ZE_RESULT_SUCCESS;
}

[[gnu::visibility("default")]] ze_result_t zeVirtualMemFree(ze_context_handle_t,
                                                            const void* pointer, std::size_t size) {
  auto* const bytes = static_cast<char*>(const_cast<void*>(pointer));
  if (std::count(bytes, bytes + size, 'h') != static_cast<std::ptrdiff_t>(size)) is_intact = false;
  std::free(bytes);
  --blocks;
  return ZE_RESULT_SUCCESS;
}
}

namespace zesvm::tests {
namespace {

using ::testing::HasSubstr;

class ReservationTest : public ApiTest {
 protected:
  void TearDown() override {
    EXPECT_EQ(blocks, 0);
    EXPECT_TRUE(is_intact);
  }
};

TEST_F(ReservationTest, OfTheHeapIsRefusedAndGivenBack) {
  for (const std::size_t bytes : {std::size_t{100}, chunk, 5 * chunk}) {
    const Error error = error_of([&] { space.allocate_bytes(bytes, 0, Backing::paged); });
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("ZESVM_BACKING=shared"));
    EXPECT_THAT(error.call(), HasSubstr("zeVirtualMemReserve"));
  }
  EXPECT_EQ(space.allocated_bytes(), 0u);
}

TEST_F(ReservationTest, IsTriedWhenARuntimeIsToUseIt) {
  RuntimeOptions options;
  options.backing = Backing::paged;
  EXPECT_EQ(error_of([&] { const Runtime other(options); }).code(), ErrorCode::unsupported);
}

TEST_F(ReservationTest, SharedMemoryNeedsNone) {
  auto values = space.make_array<int>(chunk);
  values[chunk - 1] = 5;
  EXPECT_EQ(values[chunk - 1], 5);
}

}  // namespace
}  // namespace zesvm::tests
