#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

#include "kernels/modules.hpp"
#include "kernels/use_module.hpp"

namespace zesvm::spirv {
namespace {

constexpr const char* sources[] = {"arguments", "globals", "atomics", "accesses", "specialization"};

// Everything that takes a module must return for whatever parse() lets through.
void use(std::span<const std::byte> bytes) { EXPECT_TRUE(use_module(bytes)); }

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
    // A different bit each time: all bits of all fields of many instructions.
    for (std::size_t i = 0; i < bytes.size(); i += 7) {
      const std::byte kept = bytes[i];
      bytes[i] ^= std::byte{1} << (i % 8);
      use(bytes);
      bytes[i] = kept;
    }
  }
}

// What the fuzzer does, briefly and the same each time.
class Mutations {
 public:
  explicit Mutations(std::uint32_t seed) : random_(seed) {}

  std::vector<std::byte> of(std::vector<std::byte> bytes) {
    for (auto change = 1 + random_() % 4; change > 0 && bytes.size() > 64; --change) mutate(bytes);
    return bytes;
  }

 private:
  std::ptrdiff_t word_in(const std::vector<std::byte>& bytes) {
    return static_cast<std::ptrdiff_t>(random_() % (bytes.size() / 4) * 4);
  }
  void mutate(std::vector<std::byte>& bytes) {
    const std::ptrdiff_t at = word_in(bytes), from = word_in(bytes);
    switch (random_() % 4) {
      case 0: bytes.erase(bytes.begin() + at, bytes.begin() + at + 4); break;
      case 1: std::copy_n(bytes.begin() + from, 4, bytes.begin() + at); break;
      case 2: {
        const std::vector<std::byte> piece(bytes.begin() + from, bytes.begin() + from + 4);
        bytes.insert(bytes.begin() + at, piece.begin(), piece.end());
        break;
      }
      default: {
        // Small numbers meet ids and lengths; large ones meet bounds.
        const std::uint32_t word = random_() % 2 != 0 ? random_() % 128 : random_();
        std::memcpy(&bytes[static_cast<std::size_t>(at)], &word, 4);
      }
    }
  }
  std::mt19937 random_;
};

TEST(Malformed, MutationsOfTheCorpusAreSurvived) {
  for (const char* source : sources) {
    const auto original = bytes_of(source);
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
      SCOPED_TRACE(source + std::string(", seed ") + std::to_string(seed));
      use(Mutations(seed).of(original));
    }
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
