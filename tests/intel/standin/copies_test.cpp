// Copies and fills that a program asks for, on memory of every backing.
#include <cstring>

#include "intel/standin/standin_fixture.hpp"

namespace zesvm::tests {
namespace {

class StandinCopiesTest : public StandinTest, public ::testing::WithParamInterface<Backing> {};

TEST_P(StandinCopiesTest, FillsAndCopiesAreRight) {
  // A part of a page at the end.
  constexpr std::size_t bytes = 3 * chunk + 12345;
  char* const from = space.allocate<char>(bytes, GetParam());
  char* const to = space.allocate<char>(bytes, GetParam());
  for (std::size_t i = 0; i < bytes; ++i) from[i] = static_cast<char>(i * 7 + i / 251);
  for (const Device& device : rt.devices()) {
    Stream stream(device);
    stream.fill(to, 0x5a, bytes);
    stream.copy(to + 1, from + 3, bytes - 4);
    stream.wait();
    EXPECT_EQ(to[0], 0x5a);
    EXPECT_EQ(std::memcmp(to + 1, from + 3, bytes - 4), 0);
    EXPECT_EQ(to[bytes - 1], 0x5a);
  }
  space.free(from);
  space.free(to);
}

const auto name_of_backing = [](const auto& info) { return std::string(name_of(info.param)); };
INSTANTIATE_TEST_SUITE_P(Allocated, StandinCopiesTest,
                         ::testing::Values(Backing::paged, Backing::shared), name_of_backing);
// Needs cards that use any pointer.
INSTANTIATE_TEST_SUITE_P(Plain, StandinCopiesTest, ::testing::Values(Backing::system),
                         name_of_backing);

}  // namespace
}  // namespace zesvm::tests
