#include "levelzero/without_hardware.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/environment.hpp"

namespace zesvm::levelzero {
namespace {

// The driver takes its settings with these prefixes, too.
constexpr std::array prefixes{"", "NEO_", "NEO_L0_"};

// Its command stream receivers that write files, talk to a model of a GPU, or do nothing.
constexpr std::array<std::string_view, 4> receivers_without{"1", "2", "4", "5"};

}  // namespace

std::vector<std::string> settings_without_hardware(const Variables& variable) {
  const std::string reads = "NEOReadDebugKeys";
  if (const std::string value = variable(reads); value.empty() || value == "0") return {};
  for (const char* prefix : prefixes) {
    const std::string receiver = prefix + std::string("SetCommandStreamReceiver");
    const std::string value = variable(receiver);
    if (std::find(receivers_without.begin(), receivers_without.end(), value) !=
        receivers_without.end())
      return {receiver, reads};
  }
  return {};
}

std::vector<std::string> settings_without_hardware() {
  return settings_without_hardware(
      [](const std::string& name) { return environment(name.c_str()); });
}

}  // namespace zesvm::levelzero
