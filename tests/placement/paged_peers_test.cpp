// Paged memory that goes from tile to tile, or is used in place by another: the same on every node, but
// for who is linked. Calls of Level Zero are made to fail in turn: this program's come before the loader's.
#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>

#include <level_zero/ze_api.h>

#include "placement/pipeline.hpp"

namespace zesvm::tests {
namespace {

/// Which calls fail, and how: not at all done, or done and said to have failed, as some drivers do.
struct Failures {
  const char* call = "";
  enum class How { refused, done_all_the_same } how = How::refused;
  /// Calls that pass before the first that fails, and how many fail.
  int skip = 0;
  int count = 0;
  int struck = 0;
} failures;

template <typename... Parameters, typename... Arguments>
ze_result_t pass_or_fail(const char* name, ze_result_t (*)(Parameters...), Arguments... arguments) {
  using Function = ze_result_t (*)(Parameters...);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
  const bool is_meant = failures.count > 0 && std::string(failures.call) == name;
  if (!is_meant || failures.skip-- > 0) return real(arguments...);
  --failures.count;
  ++failures.struck;
  if (failures.how == Failures::How::done_all_the_same) real(arguments...);
  return ZE_RESULT_ERROR_UNKNOWN;
}

}  // namespace
}  // namespace zesvm::tests

#define ZESVM_MAY_FAIL(function, parameters, ...)                         \
  extern "C" ZE_APIEXPORT ze_result_t ZE_APICALL function parameters {    \
    return zesvm::tests::pass_or_fail(#function, &function, __VA_ARGS__); \
  }

ZESVM_MAY_FAIL(zePhysicalMemCreate,
               (ze_context_handle_t context, ze_device_handle_t device,
                ze_physical_mem_desc_t* description, ze_physical_mem_handle_t* memory),
               context, device, description, memory)
ZESVM_MAY_FAIL(zeVirtualMemMap,
               (ze_context_handle_t context, const void* where, std::size_t size,
                ze_physical_mem_handle_t memory, std::size_t offset,
                ze_memory_access_attribute_t access),
               context, where, size, memory, offset, access)
ZESVM_MAY_FAIL(zeVirtualMemUnmap,
               (ze_context_handle_t context, const void* where, std::size_t size), context, where,
               size)
ZESVM_MAY_FAIL(zeMemAllocDevice,
               (ze_context_handle_t context, const ze_device_mem_alloc_desc_t* description,
                std::size_t size, std::size_t alignment, ze_device_handle_t device, void** memory),
               context, description, size, alignment, device, memory)
ZESVM_MAY_FAIL(zeCommandListAppendMemoryCopy,
               (ze_command_list_handle_t list, void* to, const void* from, std::size_t size,
                ze_event_handle_t signal, std::uint32_t wait_count, ze_event_handle_t* waits),
               list, to, from, size, signal, wait_count, waits)

namespace zesvm::tests {
namespace {

// Two chunks of 2 MiB and what is left in one of them.
constexpr std::size_t bytes = 2 * chunk + 64 * 1024;
constexpr std::size_t count = bytes / sizeof(std::uint32_t);
// Memory moves in whole chunks.
constexpr std::size_t moved_bytes = 3 * chunk;

class PagedPeersTest : public ::testing::Test {
 protected:
  PagedPeersTest() : values(space.allocate<std::uint32_t>(count, Backing::paged)) {
    std::fill_n(values, count, 7u);
  }
  ~PagedPeersTest() override { space.free(values); }
  static Runtime& runtime() {
    static Runtime one;
    return one;
  }
  void increment_on(std::size_t device) {
    Stream stream(rt.device(device));
    stream.launch(increment, grid(count), values);
    stream.wait();
  }
  std::size_t wrong(std::uint32_t wanted) const {
    return count - static_cast<std::size_t>(std::count(values, values + count, wanted));
  }
  /// Whether the node's links are fast from one device to another: cards below one switch, tiles of a card.
  static bool is_linked(std::size_t a, std::size_t b) {
    const std::string node = std::getenv("ZESVM_NODE");
    return node == "bmg-2" || (node == "pvc-6" && a / 2 == b / 2);
  }

  Runtime& rt = runtime();
  AddressSpace& space = rt.address_space();
  Kernel increment = rt.load_module("fill").kernel("increment");
  std::uint32_t* values;
};

// proves: B5
TEST_F(PagedPeersTest, BytesGoDirectlyWhereTilesAreLinked) {
  for (std::size_t to = 1; to < std::min<std::size_t>(rt.devices().size(), 3); ++to) {
    increment_on(0);
    const Statistics before = rt.statistics();
    increment_on(to);
    const Statistics moved = rt.statistics() - before;
    EXPECT_EQ(moved.tiles[to].from_peer.bytes, is_linked(0, to) ? moved_bytes : 0);
    EXPECT_EQ(moved.tiles[to].to_device.bytes, is_linked(0, to) ? 0 : moved_bytes);
    EXPECT_EQ(moved.tiles[0].to_system.bytes, is_linked(0, to) ? 0 : moved_bytes);
    EXPECT_EQ(space.residency(values, bytes).bytes_on(rt.device(to)), bytes);
    EXPECT_EQ(wrong(static_cast<std::uint32_t>(7 + 2 * to)), 0u);
  }
}

// proves: F3
TEST_F(PagedPeersTest, APreferredPeersMemoryIsUsedInPlaceByBoth) {
  ASSERT_EQ(space.advise(values, bytes, preferred_location(rt.device(1))).outcome,
            HintOutcome::applied);
  increment_on(1);
  increment_on(0);
  const auto where = space.residency(values, bytes);
  EXPECT_EQ(where.bytes_on(rt.device(is_linked(0, 1) ? 1 : 0)), bytes);
  const Statistics before = rt.statistics();
  Stream first(rt.device(0)), second(rt.device(1));
  for (int turn = 0; turn < 3; ++turn) {
    first.launch(increment, grid(count / 2), values);
    second.launch(increment, grid(count - count / 2), values + count / 2);
  }
  first.wait();
  second.wait();
  const Statistics used = rt.statistics() - before;
  if (is_linked(0, 1)) {
    EXPECT_EQ(used.tiles[0].migrations() + used.tiles[1].migrations(), 0u);
    EXPECT_EQ(space.residency(values, bytes).pieces.front().mapped_on.size(), 2u);
  }
  EXPECT_EQ(wrong(7 + 2 + 3), 0u);
}

TEST_F(PagedPeersTest, APreferredPeersMemoryIsMadeThereByWhoUsesItFirst) {
  space.advise(values, bytes, preferred_location(rt.device(1)));
  increment_on(0);
  EXPECT_EQ(space.residency(values, bytes).bytes_on(rt.device(is_linked(0, 1) ? 1 : 0)), bytes);
  EXPECT_EQ(wrong(8), 0u);
}

TEST_F(PagedPeersTest, WorkOfTheProgramIsPreparedInPlace) {
  space.advise(values, bytes, preferred_location(rt.device(1)));
  const Access access{values, bytes, AccessMode::read_write};
  space.prepare(rt.device(0), &access, 1);
  const auto where = space.residency(values, bytes);
  EXPECT_EQ(where.bytes_on(rt.device(is_linked(0, 1) ? 1 : 0)), bytes);
  EXPECT_FALSE(where.pieces.empty());
  for (const ResidentPiece& piece : where.pieces)
    EXPECT_EQ(std::count(piece.mapped_on.begin(), piece.mapped_on.end(), 0u), 1);
}

// Every call of a move in turn, once and from there on; the bytes are where they were or where they were
// going, and come to the CPU.
// proves: B8
class FailingPeersTest
    : public PagedPeersTest,
      public ::testing::WithParamInterface<std::pair<const char*, Failures::How>> {
 protected:
  ~FailingPeersTest() override { failures = {}; }
  /// Moves with a failure after `skip` calls. Returns whether it was reached.
  bool move_failing(int skip, int how_often) {
    increment_on(0);
    failures = {GetParam().first, GetParam().second, skip, how_often, 0};
    try {
      increment_on(1);
      ++done_;
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
    const bool is_reached = failures.struck > 0;
    failures = {};
    ++done_;
    EXPECT_EQ(wrong(7 + done_), 0u) << GetParam().first << " after " << skip;
    return is_reached;
  }

 private:
  std::uint32_t done_ = 0;
};

TEST_P(FailingPeersTest, LoseNoByte) {
  // What is made once is there, but where that is what fails.
  const bool is_made_once = GetParam().first == std::string("zeMemAllocDevice");
  if (!is_made_once) {
    increment_on(0);
    increment_on(1);
    std::fill_n(values, count, 7u);
  }
  int reached = 0;
  for (const int how_often : {1, 2, 1000})
    for (int skip = 0; move_failing(skip, how_often); ++skip) ++reached;
  EXPECT_TRUE(reached > 0 || is_made_once);
}

INSTANTIATE_TEST_SUITE_P(
    Of, FailingPeersTest,
    ::testing::Values(std::pair{"zePhysicalMemCreate", Failures::How::refused},
                      std::pair{"zeVirtualMemMap", Failures::How::refused},
                      std::pair{"zeVirtualMemMap", Failures::How::done_all_the_same},
                      std::pair{"zeVirtualMemUnmap", Failures::How::refused},
                      std::pair{"zeVirtualMemUnmap", Failures::How::done_all_the_same},
                      std::pair{"zeMemAllocDevice", Failures::How::refused},
                      std::pair{"zeCommandListAppendMemoryCopy", Failures::How::refused}),
    [](const auto& info) {
      return std::string(info.param.first) +
             (info.param.second == Failures::How::refused ? "" : "Late");
    });

}  // namespace
}  // namespace zesvm::tests
