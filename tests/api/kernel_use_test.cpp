#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::HasSubstr;

class KernelUseTest : public ApiTest {
 protected:
  static std::string letters(const ArgumentUse& use) {
    std::string text;
    if (use.is_read) text += 'r';
    if (use.is_written) text += 'w';
    if (use.is_atomic) text += 'a';
    if (use.escapes) text += 'e';
    return text;
  }
  Module fill = rt.load_module("fill");
  Kernel follow = rt.load_module(ZESVM_TEST_KERNELS "/reach.spv").kernel("increment_behind");
};

TEST_F(KernelUseTest, IsFoundInTheCodeWithItsReason) {
  const KernelUse use = fill.kernel("fill").use();
  ASSERT_EQ(use.arguments.size(), 2u);
  EXPECT_EQ(letters(use.arguments[0]), "w");
  EXPECT_EQ(use.arguments[0].reason, "written in fill");
  EXPECT_EQ(letters(use.arguments[1]), "");
  EXPECT_FALSE(use.follows_pointers);
  EXPECT_EQ(letters(fill.kernel("count").use().arguments[0]), "rwa");
}

TEST_F(KernelUseTest, SaysWhenPointersAreFollowed) {
  EXPECT_TRUE(follow.use().follows_pointers);
  EXPECT_THAT(follow.use().reason, HasSubstr("in increment_behind"));
}

TEST_F(KernelUseTest, DeclarationsReplaceIt) {
  const Kernel found = fill.kernel("increment");
  const Kernel declared = found.with_access(0, AccessMode::read);
  EXPECT_EQ(letters(declared.use().arguments[0]), "r");
  EXPECT_TRUE(declared.use().arguments[0].is_declared);
  EXPECT_EQ(letters(found.use().arguments[0]), "rw");
  EXPECT_EQ(letters(declared.with_access(0, AccessMode::atomic).use().arguments[0]), "rwa");
}

TEST_F(KernelUseTest, OnlyPointersCanBeDeclared) {
  const Kernel kernel = fill.kernel("fill");
  EXPECT_EQ(error_of([&] { kernel.with_access(1, AccessMode::read); }).code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { kernel.with_access(2, AccessMode::read); }).code(),
            ErrorCode::invalid_argument);
}

TEST_F(KernelUseTest, FaultsReachWhatWasNotDeclared) {
  auto values = space.make_array<std::uint32_t>(1);
  auto table = space.make_array<std::uint64_t>(1);
  table[0] = reinterpret_cast<std::uint64_t>(values.data());
  Stream stream(rt.device(0));
  stream.launch(follow, grid(1), table);
  stream.wait();
  EXPECT_EQ(values[0], 1u);
}

TEST_F(KernelUseTest, WhatIsDeclaredReachedIsBroughtOnEveryDevice) {
  auto values = space.make_array<std::uint32_t>(chunk / 4);
  auto table = space.make_array<std::uint64_t>(1);
  values[0] = 3;
  table[0] = reinterpret_cast<std::uint64_t>(values.data());
  Stream stream(rt.device(0));
  const auto before = rt.statistics();
  const Access reached{values.data(), values.size_bytes(), AccessMode::read_write};
  stream.launch(follow.reaching({reached}), grid(1), table);
  stream.wait();
  const auto moved = (rt.statistics() - before).tiles[0];
  EXPECT_EQ(moved.causes[static_cast<std::size_t>(Cause::prefetch)], 1u);
  EXPECT_EQ(values[0], 4u);
}

}  // namespace
}  // namespace zesvm::tests
