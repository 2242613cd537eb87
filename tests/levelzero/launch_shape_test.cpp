#include "levelzero/launch_shape.hpp"

#include <gmock/gmock.h>

#include <zesvm/error.hpp>

namespace zesvm::levelzero {
namespace {

using ::testing::HasSubstr;
using Size = std::array<std::uint32_t, 3>;

spirv::Argument argument(std::uint32_t index, const char* name, spirv::ArgumentKind kind,
                         std::uint64_t size) {
  spirv::Argument made;
  made.index = index;
  made.name = name;
  made.kind = kind;
  made.size = Bytes{size};
  return made;
}

spirv::Kernel kernel() {
  spirv::Kernel made;
  made.name = "scale";
  made.arguments = {argument(0, "values", spirv::ArgumentKind::global_pointer, 8),
                    argument(1, "factor", spirv::ArgumentKind::value, 4),
                    argument(2, "scratch", spirv::ArgumentKind::local_pointer, 0)};
  return made;
}

std::string message_of(const std::vector<Argument>& arguments) {
  try {
    check_arguments(kernel(), arguments);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(LaunchShape, CoversTheGridExactly) {
  for (std::uint64_t items : {1u, 7u, 64u, 1000u, 65536u, 99991u}) {
    const LaunchShape shape = shape_of(grid(items), kernel(), 1024);
    EXPECT_EQ(std::uint64_t{shape.group_size[0]} * shape.group_count[0], items);
    EXPECT_LE(shape.group_size[0], 1024u);
  }
}

TEST(LaunchShape, SharesTheGroupBetweenDimensions) {
  const LaunchShape shape = shape_of(grid(64, 64, 3), kernel(), 128);
  EXPECT_LE(shape.group_size[0] * shape.group_size[1] * shape.group_size[2], 128u);
  EXPECT_EQ(shape.group_count[2] * shape.group_size[2], 3u);
}

TEST(LaunchShape, TakesTheGivenGroup) {
  const LaunchShape shape = shape_of(grid(96, 4).by(32, 2), kernel(), 1024);
  EXPECT_EQ(shape.group_size, (Size{32, 2, 1}));
  EXPECT_EQ(shape.group_count, (Size{3, 2, 1}));
}

TEST(LaunchShape, TakesTheGroupTheKernelWasCompiledFor) {
  spirv::Kernel fixed = kernel();
  fixed.required_group_size = Size{8, 1, 1};
  EXPECT_EQ(shape_of(grid(64), fixed, 1024).group_size, (Size{8, 1, 1}));
  EXPECT_THROW(shape_of(grid(64).by(16), fixed, 1024), Error);
}

TEST(LaunchShape, RefusesWhatDoesNotFit) {
  EXPECT_THROW(shape_of(grid(0), kernel(), 1024), Error);
  EXPECT_THROW(shape_of(grid(100).by(64), kernel(), 1024), Error);
  EXPECT_THROW(shape_of(grid(2048).by(2048), kernel(), 1024), Error);
  EXPECT_THROW(shape_of(grid(std::uint64_t{1} << 40).by(1), kernel(), 1024), Error);
}

TEST(Arguments, FitWhenNumberKindAndSizeDo) {
  float value = 0;
  EXPECT_EQ(message_of({&value, 1.0f, LocalMemory{64}}), "accepted");
  EXPECT_EQ(message_of({static_cast<float*>(nullptr), 1.0f, LocalMemory{64}}), "accepted");
}

TEST(Arguments, SayWhichOneDoesNotFit) {
  float value = 0;
  EXPECT_THAT(message_of({&value, 1.0f}), HasSubstr("takes 3 arguments, not 2"));
  EXPECT_THAT(message_of({&value, 1.0, LocalMemory{64}}), HasSubstr("argument 1 ('factor')"));
  EXPECT_THAT(message_of({1.0f, 1.0f, LocalMemory{64}}), HasSubstr("argument 0 ('values')"));
  EXPECT_THAT(message_of({&value, 1.0f, LocalMemory{0}}), HasSubstr("argument 2 ('scratch')"));
  EXPECT_THAT(message_of({&value, &value, LocalMemory{64}}), HasSubstr("given a pointer"));
}

}  // namespace
}  // namespace zesvm::levelzero
