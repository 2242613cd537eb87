#include "kernels/spirv/accesses.hpp"

#include <gmock/gmock.h>

#include "kernels/modules.hpp"

namespace zesvm::spirv {
namespace {

using ::testing::HasSubstr;

KernelAccesses accesses_of(const std::string& module, const std::string& kernel) {
  for (auto& one : infer_accesses(module_of(module)))
    if (one.kernel == kernel) return one;
  throw std::runtime_error("no kernel " + kernel);
}

// r, w, a, e for read, written, atomic, escaping; a dot for an argument nothing happens to.
std::string letters(const KernelAccesses& accesses) {
  std::string all;
  for (const AccessSummary& one : accesses.arguments) {
    std::string letters;
    if (one.is_read) letters += 'r';
    if (one.is_written) letters += 'w';
    if (one.is_atomic) letters += 'a';
    if (one.escapes) letters += 'e';
    all += (all.empty() ? "" : " ") + (letters.empty() ? "." : letters);
  }
  return all + (accesses.touches_other_memory ? " +other" : "");
}

std::string letters(const std::string& kernel) { return letters(accesses_of("accesses", kernel)); }

TEST(Accesses, OfPlainKernels) {
  EXPECT_EQ(letters("triad"), "r r w .");
  EXPECT_EQ(letters("update"), "rw r");
  EXPECT_EQ(letters("count"), "rwa r");
  EXPECT_EQ(letters("unused"), "w .");
  EXPECT_EQ(letters("copies"), "r w");
  EXPECT_EQ(letters("vectors"), "r w");
  EXPECT_EQ(letters("loops"), "w .");
}

TEST(Accesses, AreFollowedThroughFunctions) {
  EXPECT_EQ(letters("calls"), "w r");
  EXPECT_EQ(letters("either"), "r r w .");
  EXPECT_THAT(accesses_of("accesses", "calls").arguments[0].reason,
              HasSubstr("written in store_to"));
}

TEST(Accesses, ToFoundPointersAreTold) {
  EXPECT_EQ(letters("chase"), "r r +other");
  EXPECT_THAT(accesses_of("accesses", "chase").reason, HasSubstr("written in chase"));
}

TEST(Accesses, OfCodeElsewhereAreAllKindsAndSayWhy) {
  const auto accesses = accesses_of("accesses", "outside");
  EXPECT_EQ(letters(accesses), "rwae r +other");
  EXPECT_EQ(accesses.arguments[0].reason,
            "handed to elsewhere, whose code is not in the module, in outside");
}

TEST(Accesses, OfKeptPointersAreTold) { EXPECT_EQ(letters("leak"), "e w"); }

TEST(Accesses, OfGenericPointersAreFollowed) {
  EXPECT_EQ(letters(accesses_of("atomics", "generic_global")), "rwa");
  EXPECT_EQ(letters(accesses_of("atomics", "generic_atomics")), "rwa .");
}

TEST(Accesses, OfConstantAndVolatileArguments) {
  EXPECT_EQ(letters(accesses_of("arguments", "each_kind")), "r w r . . . . . r .");
}

// Without optimisation every pointer goes through a variable of the function.
TEST(Accesses, AreTheSameWithoutOptimisation) {
  for (const KernelAccesses& optimised : infer_accesses(module_of("accesses"))) {
    const auto plain = accesses_of("accesses_plain", optimised.kernel);
    for (std::size_t i = 0; i < optimised.arguments.size(); ++i) {
      SCOPED_TRACE(optimised.kernel + " argument " + std::to_string(i));
      EXPECT_GE(plain.arguments[i].is_read, optimised.arguments[i].is_read);
      EXPECT_GE(plain.arguments[i].is_written, optimised.arguments[i].is_written);
    }
  }
  EXPECT_EQ(letters(accesses_of("accesses_plain", "triad")), "r r w .");
  EXPECT_EQ(letters(accesses_of("accesses_plain", "copies")), "r w");
}

}  // namespace
}  // namespace zesvm::spirv
