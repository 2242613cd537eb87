#include "simulator/driver/spirv_linker.hpp"

#include <cstdint>
#include <spirv-tools/libspirv.hpp>
#include <spirv-tools/linker.hpp>
#include <vector>

namespace zesvm::simulator::driver {

LinkOutcome link_modules(std::span<const spirv::Module* const> modules) {
  LinkOutcome outcome;
  spvtools::Context context{SPV_ENV_UNIVERSAL_1_6};
  context.SetMessageConsumer(
      [&](spv_message_level_t, const char*, const spv_position_t&, const char* message) {
        outcome.log += std::string{message} + "\n";
      });
  std::vector<const std::uint32_t*> words;
  std::vector<std::size_t> counts;
  for (const spirv::Module* module : modules) {
    words.push_back(module->words().data());
    counts.push_back(module->words().size());
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
