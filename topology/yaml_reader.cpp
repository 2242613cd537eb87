#include "topology/yaml_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace zesvm::topology {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string between(Bounds bounds) {
  return "give a whole number from " + std::to_string(bounds.least) + " to " +
         std::to_string(bounds.most);
}

std::optional<double> parse_real(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

YamlMap::YamlMap(YAML::Node node, const std::string& file, std::string what)
    : node_(std::move(node)), file_(file), what_(std::move(what)) {
  if (!node_.IsMap()) fail(node_, "must be a mapping; write it as `key: value` lines");
  std::vector<std::string> seen;
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar()) fail(entry.first, "a key must be a word");
    if (std::find(seen.begin(), seen.end(), entry.first.Scalar()) != seen.end())
      fail(entry.first, "key '" + entry.first.Scalar() + "' is given twice; remove one");
    seen.push_back(entry.first.Scalar());
  }
}

void YamlMap::fail(const YAML::Node& where, const std::string& message) const {
  const int line = where.Mark().line;
  throw DescriptionError(file_, line < 0 ? 0 : line + 1, what_ + ": " + message);
}

std::optional<YAML::Node> YamlMap::find(std::string_view key) {
  known_.emplace_back(key);
  for (const auto& entry : node_)
    if (entry.first.Scalar() == key) return entry.second;
  return std::nullopt;
}

YAML::Node YamlMap::require(std::string_view key) {
  const auto found = find(key);
  if (!found) fail(node_, "key '" + std::string(key) + "' is missing; add it");
  return *found;
}

void YamlMap::finish() const {
  for (const auto& entry : node_) {
    if (std::find(known_.begin(), known_.end(), entry.first.Scalar()) != known_.end()) continue;
    fail(entry.first,
         "unknown key '" + entry.first.Scalar() + "'; known here are: " + joined(known_));
  }
}

std::string text_of(const YamlMap& parent, const YAML::Node& node, std::string_view key) {
  if (!node.IsScalar()) parent.fail(node, "'" + std::string(key) + "' must be one plain value");
  return node.Scalar();
}

std::vector<YAML::Node> items_of(const YamlMap& parent, const YAML::Node& list,
                                 std::string_view key) {
  if (!list.IsSequence())
    parent.fail(list, "'" + std::string(key) + "' must be a list; start its items with `- `");
  std::vector<YAML::Node> items;
  for (const auto& item : list) items.push_back(item);
  return items;
}

void YamlMap::read(std::string_view key, std::string& value) {
  if (const auto found = find(key)) value = text_of(*this, *found, key);
}

void YamlMap::read(std::string_view key, bool& value) {
  const auto found = find(key);
  if (!found) return;
  const std::string text = text_of(*this, *found, key);
  if (text != "true" && text != "false" && text != "yes" && text != "no")
    fail(*found, "'" + std::string(key) + "' is '" + text + "'; give true or false");
  value = text == "true" || text == "yes";
}

void YamlMap::read(std::string_view key, std::uint32_t& value, Bounds bounds) {
  const auto found = find(key);
  if (!found) return;
  const std::string text = text_of(*this, *found, key);
  const auto number = parse_number(text);
  if (!number || *number < bounds.least || *number > bounds.most)
    fail(*found, "'" + std::string(key) + "' is '" + text + "'; " + between(bounds));
  value = static_cast<std::uint32_t>(*number);
}

void YamlMap::read(std::string_view key, Bytes& value, Bounds bounds) {
  const auto found = find(key);
  if (!found) return;
  const std::string text = text_of(*this, *found, key);
  const auto size = parse_bytes(text);
  if (!size)
    fail(*found, "'" + std::string(key) + "' is '" + text +
                     "'; give an amount of memory such as `256 MiB` or `24 GiB`");
  if (size->count < bounds.least || size->count > bounds.most)
    fail(*found, "'" + std::string(key) + "' is " + text + ", " + std::to_string(size->count) +
                     " bytes; give from " + std::to_string(bounds.least) + " to " +
                     std::to_string(bounds.most) + " bytes");
  value = *size;
}

void YamlMap::read(std::string_view key, double& value, double least, double most) {
  const auto found = find(key);
  if (!found) return;
  const std::string text = text_of(*this, *found, key);
  const auto number = parse_real(text);
  if (!number || *number < least || *number > most)
    fail(*found, "'" + std::string(key) + "' is '" + text + "'; give a number from " +
                     std::to_string(least) + " to " + std::to_string(most));
  value = *number;
}

void YamlMap::read(std::string_view key, Bandwidth& value) {
  // No memory or link moves a petabyte per second; more is a wrong unit.
  read(key, value.gb_per_second, 0.0, 1e6);
}

void YamlMap::read(std::string_view key, std::chrono::nanoseconds& value) {
  std::uint32_t count = 0;
  if (!find(key)) return;
  read(key, count, {0, 4'000'000'000});
  value = std::chrono::nanoseconds(count);
}

void YamlMap::read(std::string_view key, std::vector<std::string>& value) {
  const auto found = find(key);
  if (!found) return;
  value.clear();
  for (const auto& item : items_of(*this, *found, key)) value.push_back(text_of(*this, item, key));
}

}  // namespace zesvm::topology
