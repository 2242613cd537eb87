#include <gtest/gtest.h>
#include <random>

#include "kernels/modules.hpp"
#include "kernels/spirv/accesses.hpp"
#include "kernels/spirv/transform.hpp"

namespace zesvm::spirv {
namespace {

constexpr const char* sources[] = {"arguments", "globals", "atomics", "accesses", "specialization"};

// Everything that takes a module must return for whatever parse() lets through.
void use(std::span<const std::byte> bytes) {
  const auto module = parse(bytes);
  if (!module) {
    EXPECT_FALSE(module.error().message.empty());
    EXPECT_LE(module.error().offset, bytes.size());
    return;
  }
  (void)specialize(*module, std::vector{SpecializationValue{3, {std::byte{1}}}});
  (void)with_atomic_probes(*module, 0x1000);
  (void)infer_accesses(*module);
  (void)with_globals_in_device_memory(*module);
}

TEST(Malformed, TruncationsAreSurvived) {
  for (const char* source : sources) {
    const auto bytes = bytes_of(source);
    ASSERT_FALSE(bytes.empty());
    for (std::size_t size = 0; size < bytes.size(); ++size) use(std::span(bytes).first(size));
  }
}

TEST(Malformed, FlippedBitsAreSurvived) {
  for (const char* source : sources) {
    auto bytes = bytes_of(source);
    // Every third byte, a different bit each time: all bits of all fields of many instructions.
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
      const std::byte kept = bytes[i];
      bytes[i] ^= std::byte{1} << (i % 8);
      use(bytes);
      bytes[i] = kept;
    }
  }
}

TEST(Malformed, RandomWordsAreSurvived) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto original = bytes_of("globals");
  for (int round = 0; round < 1000; ++round) {
    auto bytes = original;
    for (int change = 0; change < 4; ++change) {
      const std::size_t at = random() % (bytes.size() / 4) * 4;
      // Small numbers meet ids and lengths; large ones meet bounds.
      const std::uint32_t word = random() % 2 != 0 ? random() % 128 : random();
      for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(word >> (8 * i));
    }
    use(bytes);
  }
}

TEST(Malformed, ErrorsPointAtTheDefect) {
  auto bytes = bytes_of("arguments");
  bytes[20] = bytes[21] = bytes[22] = bytes[23] = std::byte{0};
  const auto module = parse(bytes);
  ASSERT_FALSE(module.has_value());
  EXPECT_EQ(module.error().offset, 20u);
}

TEST(Malformed, OtherFilesAreRefused) {
  EXPECT_FALSE(parse(std::span<const std::byte>{}).has_value());
  const std::vector<std::byte> zeros(64);
  EXPECT_EQ(parse(zeros).error().message, "not SPIR-V: wrong magic number");
}

}  // namespace
}  // namespace zesvm::spirv
