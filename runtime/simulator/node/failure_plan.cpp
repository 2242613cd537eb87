#include "simulator/node/failure_plan.hpp"

#include <charconv>
#include <optional>
#include <vector>

#include "base/environment.hpp"

namespace zesvm::simulator::node {

namespace {

struct Entry {
  Failure what;
  std::uint64_t first;
  std::uint64_t every;
};

std::optional<Failure> failure_named(std::string_view name) {
  if (name == "copy") return Failure::copy;
  if (name == "map") return Failure::map;
  if (name == "vram") return Failure::vram;
  if (name == "lost") return Failure::lost;
  if (name == "host") return Failure::host;
  if (name == "peer") return Failure::peer;
  return std::nullopt;
}

std::optional<std::uint64_t> count_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

std::optional<Entry> entry_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto what = failure_named(text.substr(0, colon));
  std::string_view numbers = text.substr(colon + 1);
  std::optional<std::uint64_t> every = 0;
  if (const auto slash = numbers.find('/'); slash != std::string_view::npos) {
    every = count_of(numbers.substr(slash + 1));
    numbers = numbers.substr(0, slash);
  }
  const auto first = count_of(numbers);
  if (!what || !first || !every) return std::nullopt;
  return Entry{*what, *first, *every};
}

}  // namespace

std::string FailurePlan::from_environment(FailurePlan& plan) {
  const std::string text = environment("ZESVM_FAIL");
  return text.empty() ? text : plan.add(text);
}

std::string FailurePlan::add(std::string_view text) {
  std::vector<Entry> entries;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const auto entry = entry_of(part);
    if (!entry) {
      return "ZESVM_FAIL: \"" + std::string(part.substr(0, 40)) +
             "\" is not copy, map, vram, lost, host or peer, a colon and a count from 1 (copy:3, "
             "map:10/2)";
    }
    entries.push_back(*entry);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  for (const Entry& entry : entries) fail(entry.what, entry.first, entry.every);
  return {};
}

void FailurePlan::fail(Failure what, std::uint64_t first, std::uint64_t every) {
  Plan& plan = plans_[static_cast<std::size_t>(what)];
  plan.seen.store(0);
  plan.every.store(every);
  plan.first.store(first);
}

bool FailurePlan::plans(Failure what) const noexcept {
  return plans_[static_cast<std::size_t>(what)].first.load(std::memory_order_relaxed) != 0;
}

bool FailurePlan::strikes(Failure what) noexcept {
  Plan& plan = plans_[static_cast<std::size_t>(what)];
  const std::uint64_t first = plan.first.load(std::memory_order_relaxed);
  if (first == 0) return false;
  const std::uint64_t seen = plan.seen.fetch_add(1) + 1;
  const std::uint64_t every = plan.every.load(std::memory_order_relaxed);
  const bool is_struck =
      seen == first || (every != 0 && seen > first && (seen - first) % every == 0);
  if (is_struck) struck_.fetch_add(1, std::memory_order_relaxed);
  return is_struck;
}

}  // namespace zesvm::simulator::node
