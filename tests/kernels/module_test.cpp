#include "kernels/spirv/module.hpp"

#include <algorithm>
#include <gmock/gmock.h>

#include "kernels/modules.hpp"

namespace zesvm::spirv {
namespace {

using ::testing::HasSubstr;

TEST(Arguments, HaveTheKindOfTheirDeclaration) {
  const Module module = module_of("arguments");
  const auto& arguments = module.kernel("each_kind")->arguments;
  ASSERT_EQ(arguments.size(), 10u);
  const ArgumentKind kinds[] = {
      ArgumentKind::global_pointer, ArgumentKind::global_pointer, ArgumentKind::constant_pointer,
      ArgumentKind::local_pointer,  ArgumentKind::value,          ArgumentKind::value,
      ArgumentKind::value,          ArgumentKind::value,          ArgumentKind::image,
      ArgumentKind::sampler};
  for (std::size_t i = 0; i < arguments.size(); ++i) EXPECT_EQ(arguments[i].kind, kinds[i]) << i;
  EXPECT_EQ(arguments[8].access, AccessQualifier::read_only);
}

TEST(Arguments, HaveTheSizeOfTheirType) {
  const Module module = module_of("arguments");
  const auto& arguments = module.kernel("each_kind")->arguments;
  EXPECT_EQ(arguments[0].size, 8_B);
  EXPECT_EQ(arguments[0].pointee_size, 4_B);
  EXPECT_EQ(arguments[3].size, 0_B);
  EXPECT_EQ(arguments[4].size, 4_B);
  EXPECT_EQ(arguments[5].size, 16_B);
  EXPECT_EQ(arguments[6].size, 16_B) << "a structure of double and int";
  EXPECT_EQ(arguments[6].alignment, 8_B);
  EXPECT_EQ(arguments[7].size, 1_B);
}

TEST(Arguments, KeepNamesAndQualifiers) {
  const Module module = module_of("arguments");
  const auto& arguments = module.kernel("each_kind")->arguments;
  EXPECT_EQ(arguments[2].name, "weights");
  EXPECT_EQ(arguments[5].type_name, "float4");
  EXPECT_EQ(arguments[6].type_name, "pair");
  EXPECT_TRUE(arguments[0].is_restrict);
  EXPECT_TRUE(arguments[1].is_volatile);
}

TEST(Kernels, SayTheirGroupSizes) {
  const Module module = module_of("arguments");
  const std::array<std::uint32_t, 3> fixed{8, 4, 2}, hint{64, 1, 1};
  EXPECT_EQ(module.kernel("fixed_group")->required_group_size, fixed);
  EXPECT_EQ(module.kernel("fixed_group")->local_memory, 400_B);
  EXPECT_EQ(module.kernel("each_kind")->required_group_size, std::nullopt);
  EXPECT_EQ(module.kernel("hinted")->group_size_hint, hint);
  EXPECT_EQ(module.kernel("hinted")->subgroup_size, 16u);
  EXPECT_THAT(module.kernel("hinted")->source_attributes,
              HasSubstr("intel_reqd_sub_group_size(16)"));
  EXPECT_TRUE(module.kernel("nothing")->arguments.empty());
  EXPECT_EQ(module.kernel("missing"), nullptr);
}

TEST(Variables, HaveNameSizeAndOrigin) {
  const Module module = module_of("globals");
  ASSERT_NE(module.variable("values"), nullptr);
  EXPECT_EQ(module.variable("values")->size, 64_B);
  EXPECT_TRUE(module.variable("values")->is_exported);
  EXPECT_TRUE(module.variable("counter")->has_initializer);
  EXPECT_EQ(module.variable("first")->size, 16_B);
  EXPECT_TRUE(module.variable("lookup")->is_constant);
  EXPECT_FALSE(module.variable("hidden")->is_exported);
}

TEST(Module, SaysWhatItNeedsAndOffers) {
  const Module module = module_of("globals");
  EXPECT_TRUE(module.has_capability(6)) << "Kernel";
  EXPECT_FALSE(module.has_capability(1)) << "Shader";
  const auto& functions = module.reflection().exported_functions;
  EXPECT_TRUE(std::any_of(functions.begin(), functions.end(),
                          [](const LinkedFunction& one) { return one.name == "add"; }));
  EXPECT_TRUE(module.imports().empty());
  EXPECT_EQ(module.reflection().pointer_size, 8_B);
}

TEST(SpecializationConstants, HaveIdSizeAndDefault) {
  const auto constants = module_of("specialization").specialization_constants();
  const auto with_id = [&](std::uint32_t id) {
    return *std::find_if(constants.begin(), constants.end(),
                         [&](const auto& one) { return one.id == id; });
  };
  ASSERT_EQ(constants.size(), 4u);
  EXPECT_EQ(with_id(3).default_value, 42u);
  EXPECT_EQ(with_id(7).default_value, 0x3fc00000u);
  EXPECT_EQ(with_id(11).default_value, 0x100000002u);
  EXPECT_EQ(with_id(11).size, 8_B);
  EXPECT_EQ(with_id(12).size, 1_B);
}

TEST(Module, IsReadInEitherByteOrder) {
  auto bytes = bytes_of("arguments");
  for (std::size_t i = 0; i + 3 < bytes.size(); i += 4)
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i) + 4);
  const auto module = parse(bytes);
  ASSERT_TRUE(module.has_value());
  EXPECT_EQ(module->kernels().size(), 4u);
}

}  // namespace
}  // namespace zesvm::spirv
