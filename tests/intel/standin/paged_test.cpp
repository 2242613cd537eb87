// The `paged` backing: bytes move and come back right, by calls that the driver does right.
#include <set>

#include "intel/standin/standin_fixture.hpp"

namespace zesvm::tests {
namespace {

constexpr std::size_t page = 64 * 1024;

class StandinPagedTest : public StandinTest {
 protected:
  template <typename T>
  T* allocate(std::size_t count) {
    return space.allocate<T>(count, Backing::paged);
  }
  void increment(const Device& device, std::uint32_t* values, std::size_t count) {
    Stream stream(device);
    stream.launch(increment_, grid(count), values);
    stream.wait();
  }
  /// Returns how many bytes of commands of a kind were mapped: chunks of VRAM by size.
  std::vector<nlohmann::json> mappings(const char* operation, const void* begin,
                                       std::size_t bytes) {
    auto binds = log.lines("vm_bind");
    const auto from = reinterpret_cast<std::uint64_t>(begin);
    std::erase_if(binds, [&](const nlohmann::json& line) {
      return line["op"] != operation || number_of(line, "addr") < from ||
             number_of(line, "addr") >= from + bytes || line["flags"] == "CPU_ADDR_MIRROR";
    });
    return binds;
  }
  Kernel increment_ = rt.load_module("fill").kernel("increment");
};

// The driver passes another address for memory of another card: a pointer is given to the kernel only
// when its memory is where the kernel runs.
TEST_F(StandinPagedTest, BytesFollowTheKernelsFromCardToCard) {
  constexpr std::size_t count = 2 * chunk / sizeof(std::uint32_t) + 1000;
  auto* const values = allocate<std::uint32_t>(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::uint32_t>(i);
  for (int turn = 0; turn < 2; ++turn)
    for (const Device& device : rt.devices()) {
      increment(device, values, count);
      EXPECT_GE(space.residency(values, count * 4).bytes_on(device), count * 4 - 2 * chunk);
    }
  const std::size_t turns = 2 * cards();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) wrong += values[i] != i + turns;
  EXPECT_EQ(wrong, 0u);
  space.free(values);
}

// The driver remembers for ever what it found behind an address of a peer: bytes would go to memory that
// is long gone.
// proves: B5
TEST_F(StandinPagedTest, BytesGoFromCardToCardWithoutTheHost) {
  if (cards() == 1) GTEST_SKIP() << "there is one card";
  constexpr std::size_t count = 2 * chunk / sizeof(std::uint32_t);
  auto* const values = allocate<std::uint32_t>(count);
  std::uint32_t wanted = 0;
  for (std::uint32_t round = 0; round < 3; ++round) {
    wanted = round * 1000;
    std::fill_n(values, count, wanted);
    increment(rt.device(0), values, count);
    const Statistics before = rt.statistics();
    for (std::size_t turn = 1; turn < 2 * cards(); ++turn)
      increment(rt.device(turn % cards()), values, count);
    const Statistics moved = rt.statistics() - before;
    std::uint64_t direct = 0, through_host = 0;
    for (const TileStatistics& tile : moved.tiles) {
      direct += tile.from_peer.bytes;
      through_host += tile.to_system.bytes + tile.to_device.bytes;
    }
    EXPECT_EQ(direct, (2 * cards() - 1) * 2 * chunk);
    EXPECT_EQ(through_host, 0u);
    wanted += static_cast<std::uint32_t>(2 * cards());
    EXPECT_EQ(std::count(values, values + count, wanted), static_cast<long>(count));
  }
  space.free(values);
}

// Kernels of another card would fault on it.
TEST_F(StandinPagedTest, AnotherCardsMemoryIsNotUsedInPlace) {
  if (cards() == 1) GTEST_SKIP() << "there is one card";
  auto* const values = allocate<std::uint32_t>(chunk / 4);
  values[5] = 1;
  space.advise(values, chunk, preferred_location(rt.device(1)));
  increment(rt.device(1), values, chunk / 4);
  increment(rt.device(0), values, chunk / 4);
  EXPECT_EQ(space.residency(values, chunk).bytes_on(rt.device(0)), chunk);
  EXPECT_EQ(values[5], 3u);
  space.free(values);
}

TEST_F(StandinPagedTest, ATouchBringsBackOneChunk) {
  constexpr std::size_t bytes = 4 * chunk;
  auto* const values = allocate<std::uint32_t>(bytes / 4);
  values[0] = 41;
  increment(rt.device(0), values, bytes / 4);
  EXPECT_EQ(values[0], 42u);
  const auto where = space.residency(values, bytes);
  EXPECT_EQ(where.bytes_in(Place::system), chunk);
  EXPECT_EQ(where.bytes_on(rt.device(0)), bytes - chunk);
  space.free(values);
}

// No call makes physical memory resident: mapping it did.
TEST_F(StandinPagedTest, KernelsReachWhatPointersInMemoryLeadTo) {
  auto* const values = allocate<std::uint32_t>(chunk / 4);
  auto* const table = allocate<std::uint64_t>(1);
  values[7] = 41;
  table[0] = reinterpret_cast<std::uint64_t>(values + 7);
  Kernel follow = rt.load_module(ZESVM_TEST_KERNELS "/reach.spv").kernel("increment_behind");
  follow.reaching({{values, chunk, AccessMode::read_write}});
  for (const Device& device : rt.devices()) {
    Stream stream(device);
    stream.launch(follow, grid(1), table);
    stream.wait();
    EXPECT_EQ(space.residency(values, chunk).bytes_on(device), chunk);
  }
  EXPECT_EQ(values[7], 41 + cards());
  space.free(values);
  space.free(table);
}

TEST_F(StandinPagedTest, SmallAllocationsAreWholeDevicePages) {
  log.restart();
  auto* const values = allocate<std::uint32_t>(10);
  values[9] = 1;
  increment(rt.device(0), values, 10);
  for (const auto& line : mappings("MAP", values, page)) EXPECT_EQ(number_of(line, "range"), page);
  EXPECT_EQ(values[9], 2u);
  space.free(values);
}

// Mappings with an offset cannot be undone, partial unmaps are not done, changes of access lose bytes.
TEST_F(StandinPagedTest, MemoryIsMappedWholeAndUnmappedWhole) {
  constexpr std::size_t bytes = 3 * chunk;
  log.restart();
  auto* const values = allocate<std::uint32_t>(bytes / 4);
  for (const Device& device : rt.devices()) increment(device, values, bytes / 4);
  space.advise(values, chunk + page, prefer_system_memory());
  space.free(values);
  std::set<std::pair<std::uint64_t, std::uint64_t>> mapped;
  for (const auto& line : mappings("MAP", values, bytes)) {
    EXPECT_EQ(number_of(line, "obj_offset"), 0u);
    EXPECT_EQ(number_of(line, "range"), number_of(line, "obj_size"));
    EXPECT_EQ(line["flags"], "IMMEDIATE") << "mapped for reading and writing, once";
    mapped.emplace(number_of(line, "addr"), number_of(line, "range"));
  }
  EXPECT_FALSE(mapped.empty());
  for (const auto& line : mappings("UNMAP", values, bytes)) {
    EXPECT_EQ(line["err"], 0);
    EXPECT_EQ(mapped.count({number_of(line, "addr"), number_of(line, "range")}), 1u);
  }
}

// Memory of one card is not visible to another at its address.
TEST_F(StandinPagedTest, AChunkIsOnOneCardAtATime) {
  auto* const values = allocate<std::uint32_t>(chunk / 4);
  values[1] = 5;
  for (const Device& device : rt.devices()) {
    log.restart();
    increment(device, values, chunk / 4);
    for (const auto& line : mappings("MAP", values, chunk))
      EXPECT_EQ(line["card"], static_cast<int>(device.index()));
    EXPECT_THAT(log.lines("gpu_fault"), ::testing::IsEmpty());
  }
  EXPECT_EQ(values[1], 5 + cards());
  space.free(values);
}

TEST_F(StandinPagedTest, MemoryNobodyWroteReadsAsZeros) {
  auto* const values = allocate<std::uint32_t>(chunk / 4);
  increment(rt.device(cards() - 1), values, chunk / 4);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < chunk / 4; ++i) wrong += values[i] != 1;
  EXPECT_EQ(wrong, 0u);
  space.free(values);
}

// With several cards the driver imports host memory on the wrong one, and closes handles of others.
TEST_F(StandinPagedTest, HostMemoryIsUsedInPlaceByOneCardOnly) {
  auto* const values = allocate<std::uint32_t>(chunk / 4);
  values[3] = 1;
  space.pin(values, chunk);
  log.restart();
  if (cards() == 1) {
    increment(rt.device(0), values, chunk / 4);
    EXPECT_EQ(values[3], 2u);
    EXPECT_EQ(space.residency(values, chunk).bytes_in(Place::system), chunk);
  } else {
    const Error error = error_of([&] { increment(rt.device(0), values, chunk / 4); });
    EXPECT_EQ(error.code(), ErrorCode::out_of_device_memory);
    EXPECT_THAT(log.lines("prime_import"), ::testing::IsEmpty());
  }
  space.unpin(values, chunk);
  increment(rt.device(0), values, chunk / 4);
  EXPECT_EQ(values[3], cards() == 1 ? 3u : 2u);
  for (const auto& line : log.lines("gem_close")) EXPECT_EQ(line["err"], 0);
  space.free(values);
}

TEST_F(StandinPagedTest, EverythingIsGivenBack) {
  auto* const values = allocate<std::uint32_t>(2 * chunk / 4);
  for (const Device& device : rt.devices()) increment(device, values, 2 * chunk / 4);
  const auto begin = reinterpret_cast<std::uint64_t>(values);
  EXPECT_EQ(xe_standin_bound(begin, begin + 2 * chunk), 2 * chunk);
  space.free(values);
  EXPECT_EQ(xe_standin_bound(begin, begin + 2 * chunk), 0u);
}

TEST_F(StandinPagedTest, ATriadReadsTwoCardsArrays) {
  constexpr std::size_t count = chunk / sizeof(double);
  auto* const a = allocate<double>(count);
  auto* const b = allocate<double>(count);
  auto* const c = allocate<double>(count);
  for (std::size_t i = 0; i < count; ++i) b[i] = static_cast<double>(i), c[i] = 2;
  space.prefetch(b, count * sizeof(double), rt.device(0));
  space.prefetch(c, count * sizeof(double), rt.device(cards() - 1));
  Stream stream(rt.device(cards() - 1));
  stream.launch(rt.load_module("triad").kernel("triad"), grid(count), a, b, c, 3.0);
  stream.wait();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) wrong += a[i] != static_cast<double>(i) + 6;
  EXPECT_EQ(wrong, 0u);
  for (double* memory : {a, b, c}) space.free(memory);
}

}  // namespace
}  // namespace zesvm::tests
