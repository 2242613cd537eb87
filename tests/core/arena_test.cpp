// Memory for the fault path.
#include "base/arena.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <vector>

namespace zesvm {
namespace {

TEST(ArenaTest, GivesAlignedMemoryOfAnySize) {
  std::vector<std::pair<void*, std::size_t>> taken;
  for (std::size_t size = 1; size < (std::size_t{5} << 20); size = size * 9 / 8 + 1) {
    void* memory = arena_allocate(size);
    ASSERT_NE(memory, nullptr) << size;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % (size >= 64 ? 64 : 16), 0u) << size;
    std::memset(memory, static_cast<int>(size), size);
    taken.emplace_back(memory, size);
  }
  // Nobody wrote into somebody else's.
  for (const auto& [memory, size] : taken) {
    const auto* bytes = static_cast<unsigned char*>(memory);
    EXPECT_EQ(bytes[0], static_cast<unsigned char>(size));
    EXPECT_EQ(bytes[size - 1], static_cast<unsigned char>(size));
  }
  for (const auto& [memory, size] : taken) arena_free(memory, size);
}

TEST(ArenaTest, ReusesWhatWasGivenBack) {
  for (const std::size_t size : {16u, 100u, 513u, 2064u, 57240u}) {
    void* first = arena_allocate(size);
    arena_free(first, size);
    void* second = arena_allocate(size);
    EXPECT_EQ(first, second) << size;
    arena_free(second, size);
  }
}

TEST(ArenaTest, CountsWhatIsHandedOut) {
  const Bytes before = arena_in_use();
  for (const std::size_t size : {1u, 512u, 513u, 640u, 641u, 1024u, 1025u, 1u << 20}) {
    void* memory = arena_allocate(size);
    EXPECT_GE((arena_in_use() - before).count, size);
    EXPECT_LE((arena_in_use() - before).count, size + std::max<std::size_t>(16, size / 4)) << size;
    arena_free(memory, size);
    EXPECT_EQ(arena_in_use(), before) << size;
  }
}

}  // namespace
}  // namespace zesvm
