#include "kernels/spirv/transform.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <gmock/gmock.h>
#include <map>

#include "kernels/modules.hpp"

namespace zesvm::spirv {
namespace {

using ::testing::HasSubstr;

template <typename T>
SpecializationValue value(std::uint32_t id, T number) {
  const auto* from = reinterpret_cast<const std::byte*>(&number);
  return {id, {from, from + sizeof number}};
}

std::uint64_t default_of(const Module& module, std::uint32_t id) {
  for (const auto& constant : module.specialization_constants())
    if (constant.id == id) return constant.default_value;
  ADD_FAILURE() << "no constant " << id;
  return 0;
}

TEST(Specialize, ReplacesValuesOfEverySize) {
  const auto changed =
      specialize(module_of("specialization"),
                 std::vector{value(3, 7), value(7, 2.5f), value(11, 0x500000006L), value(12, 'x')});
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(default_of(*changed, 3), 7u);
  EXPECT_EQ(default_of(*changed, 7), std::bit_cast<std::uint32_t>(2.5f));
  EXPECT_EQ(default_of(*changed, 11), 0x500000006u);
  EXPECT_EQ(default_of(*changed, 12), std::uint64_t{'x'});
  EXPECT_TRUE(is_accepted(*changed));
}

TEST(Specialize, LeavesTheOthersAlone) {
  const Module original = module_of("specialization");
  const auto changed = specialize(original, std::vector{value(3, 7), value(99, 1)});
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(default_of(*changed, 7), default_of(original, 7));
  EXPECT_EQ(default_of(original, 3), 42u);
}

TEST(Specialize, RefusesValuesOfTheWrongSize) {
  const auto changed = specialize(module_of("specialization"), std::vector{value(3, 'x')});
  ASSERT_FALSE(changed.has_value());
  EXPECT_THAT(changed.error().message, HasSubstr("has 4 bytes; 1 were given"));
}

TEST(AtomicProbes, PrecedeAtomicsOnGlobalMemory) {
  const auto probed = with_atomic_probes(module_of("atomics"), 0x1000'0000'0000);
  ASSERT_TRUE(probed.has_value());
  // Seven of global_atomics and one of generic_global; those on local memory have none.
  EXPECT_EQ(probed->probed, 8u);
  EXPECT_TRUE(is_accepted(probed->module));
}

TEST(AtomicProbes, ReportWhatCannotBeTold) {
  const auto probed = with_atomic_probes(module_of("atomics"), 0x1000);
  ASSERT_TRUE(probed.has_value());
  ASSERT_EQ(probed->skipped.size(), 1u);
  EXPECT_THAT(probed->skipped[0], HasSubstr("through: the pointer is to global memory on one"));
}

TEST(AtomicProbes, LeaveModulesWithoutAtomicsAlone) {
  const Module original = module_of("arguments");
  const auto probed = with_atomic_probes(original, 0x1000);
  ASSERT_TRUE(probed.has_value());
  EXPECT_EQ(probed->probed, 0u);
  EXPECT_TRUE(std::equal(original.words().begin(), original.words().end(),
                         probed->module.words().begin(), probed->module.words().end()));
}

const PlacedVariable& placed_in(const PlacedGlobals& globals, const std::string& name) {
  for (const auto& variable : globals.variables)
    if (variable.name == name) return variable;
  throw std::runtime_error("no variable " + name);
}

template <typename T>
T initial(const PlacedGlobals& globals, const std::string& name) {
  T number;
  std::memcpy(&number, globals.image.data() + placed_in(globals, name).offset.count, sizeof number);
  return number;
}

TEST(Globals, BecomeAnArgumentOfEveryKernel) {
  const Module original = module_of("globals");
  const auto globals = with_globals_in_device_memory(original);
  ASSERT_TRUE(globals.has_value()) << globals.error().message;
  for (const Kernel& kernel : original.kernels()) {
    const auto& arguments = globals->module.kernel(kernel.name)->arguments;
    ASSERT_EQ(arguments.size(), kernel.arguments.size() + 1) << kernel.name;
    EXPECT_EQ(arguments.back().kind, ArgumentKind::global_pointer);
  }
  EXPECT_TRUE(globals->module.variables().empty());
  EXPECT_TRUE(is_accepted(globals->module));
}

TEST(Globals, KeepTheirInitialValues) {
  const auto globals = with_globals_in_device_memory(module_of("globals"));
  ASSERT_TRUE(globals.has_value());
  EXPECT_EQ(globals->image.size(), globals->size.count);
  EXPECT_EQ(initial<int>(*globals, "counter"), 7);
  EXPECT_EQ(initial<int>(*globals, "last"), 3);
  EXPECT_EQ(initial<float>(*globals, "values"), 0.0f);
  EXPECT_EQ((initial<std::array<int, 4>>(*globals, "lookup")), (std::array{10, 20, 30, 40}));
}

TEST(Globals, PointAtEachOtherByRelocations) {
  const auto globals = with_globals_in_device_memory(module_of("globals"));
  ASSERT_TRUE(globals.has_value());
  std::map<Bytes, Bytes> targets;
  for (const auto& one : globals->relocations) targets[one.offset] = one.target;
  const auto offset = [&](const char* name) { return placed_in(*globals, name).offset; };
  EXPECT_EQ(targets.at(offset("first") + 8_B), offset("last"));
  EXPECT_EQ(targets.at(offset("cursor")), offset("counter"));
  EXPECT_EQ(targets.at(offset("middle")), offset("values") + 8_B);
  EXPECT_EQ(targets.size(), 3u);
}

TEST(Globals, AbsentLeaveTheModuleAlone) {
  const auto globals = with_globals_in_device_memory(module_of("atomics"));
  ASSERT_TRUE(globals.has_value());
  EXPECT_EQ(globals->size, 0_B);
  EXPECT_EQ(globals->module.kernel("generic_global")->arguments.size(), 1u);
}

TEST(Globals, ThatAreMovedCanBeProbed) {
  const auto globals = with_globals_in_device_memory(module_of("globals"));
  ASSERT_TRUE(globals.has_value());
  const auto probed = with_atomic_probes(globals->module, 0x1000);
  ASSERT_TRUE(probed.has_value());
  EXPECT_TRUE(is_accepted(probed->module));
}

}  // namespace
}  // namespace zesvm::spirv
