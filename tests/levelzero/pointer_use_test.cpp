#include "levelzero/pointer_use.hpp"

#include <gmock/gmock.h>

namespace zesvm::levelzero {
namespace {

using spirv::Word;

constexpr Word cross_workgroup = 5;
constexpr Word function = 7;

Word head(Word op, Word length) { return length << 16 | op; }

/// A module of these types; float is id 1.
bool follows(std::initializer_list<Word> types) {
  std::vector<Word> words{0x07230203, 0x00010000, 0, 20, 0};
  // Capabilities Addresses and Kernel, 64-bit OpenCL memory model.
  for (Word word : {head(17, 2), Word{4}, head(17, 2), Word{6}, head(14, 3), Word{2}, Word{2},
                    head(22, 3), Word{1}, Word{32}})
    words.push_back(word);
  words.insert(words.end(), types);
  const auto module = spirv::parse(words);
  EXPECT_TRUE(module) << module.error().message;
  return module && may_follow_pointers(*module);
}

TEST(PointerUse, ArgumentsToPlainDataAreAllThereIs) {
  EXPECT_FALSE(follows({head(32, 4), 2, cross_workgroup, 1}));
}

TEST(PointerUse, MemoryMayHoldPointers) {
  EXPECT_TRUE(follows({head(32, 4), 2, cross_workgroup, 1, head(32, 4), 3, cross_workgroup, 2}));
}

TEST(PointerUse, StructuresMayHoldPointers) {
  EXPECT_TRUE(follows({head(32, 4), 2, cross_workgroup, 1, head(30, 4), 3, 1, 2, head(32, 4), 4,
                       cross_workgroup, 3}));
  EXPECT_TRUE(follows(
      {head(32, 4), 2, cross_workgroup, 1, head(30, 3), 3, 2, head(32, 4), 4, function, 3}));
}

TEST(PointerUse, AKernelsOwnVariablesHoldItsArguments) {
  EXPECT_FALSE(follows({head(32, 4), 2, cross_workgroup, 1, head(32, 4), 3, function, 2}));
}

}  // namespace
}  // namespace zesvm::levelzero
