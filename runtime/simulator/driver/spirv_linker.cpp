#include "simulator/driver/spirv_linker.hpp"

#include <algorithm>
#include <cstdint>
#include <spirv-tools/libspirv.hpp>
#include <spirv-tools/linker.hpp>
#include <vector>

namespace zesvm::simulator::driver {

namespace {

// The linker takes modules of one version only, while compilers choose the lowest that each module
// can be said in. What is valid in one is valid in the next.
std::vector<std::vector<std::uint32_t>> of_one_version(
    std::span<const spirv::Module* const> modules) {
  constexpr std::size_t version = 1;  // the second word of the header
  std::vector<std::vector<std::uint32_t>> copies;
  std::uint32_t newest = 0;
  for (const spirv::Module* module : modules) {
    copies.emplace_back(module->words().begin(), module->words().end());
    newest = std::max(newest, copies.back()[version]);
  }
  for (auto& copy : copies) copy[version] = newest;
  return copies;
}

}  // namespace

LinkOutcome link_modules(std::span<const spirv::Module* const> modules) {
  LinkOutcome outcome;
  spvtools::Context context{SPV_ENV_UNIVERSAL_1_6};
  context.SetMessageConsumer(
      [&](spv_message_level_t, const char*, const spv_position_t&, const char* message) {
        outcome.log += std::string{message} + "\n";
      });
  auto copies = of_one_version(modules);
  std::vector<const std::uint32_t*> words;
  std::vector<std::size_t> counts;
  for (const auto& copy : copies) {
    words.push_back(copy.data());
    counts.push_back(copy.size());
  }
  std::vector<std::uint32_t> linked;
  const spv_result_t result =
      spvtools::Link(context, words.data(), counts.data(), words.size(), &linked);
  if (result != SPV_SUCCESS) {
    if (outcome.log.empty()) outcome.log = "linking failed\n";
    return outcome;
  }
  auto parsed = spirv::parse(std::move(linked));
  if (!parsed) {
    outcome.log += "linking made no module: " + parsed.error().message + "\n";
    return outcome;
  }
  outcome.module = *std::move(parsed);
  return outcome;
}

}  // namespace zesvm::simulator::driver
