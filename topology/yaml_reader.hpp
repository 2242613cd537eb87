/// @file yaml_reader.hpp
/// Reads typed values out of a YAML mapping, and refuses what it does not know.
///
/// Node files are written by hand and come from anybody: each complaint names file and line, the
/// key, what is wrong, and what would be right.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <yaml-cpp/yaml.h>

#include "base/sizes.hpp"
#include "topology/node_description.hpp"

namespace zesvm::topology {

/// The smallest and the largest value that makes sense.
struct Bounds {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

/// One mapping of a YAML file. Every key that is asked for counts as known.
class YamlMap {
 public:
  /// Wraps `node`; `what` names it in errors (`device 2`).
  /// @errors DescriptionError: not a mapping, a key twice, a key that is no text
  YamlMap(YAML::Node node, const std::string& file, std::string what);

  /// Returns the value of a key; nothing when the key is absent.
  std::optional<YAML::Node> find(std::string_view key);
  /// Returns the value of a key that must be there.
  YAML::Node require(std::string_view key);

  /// Each of these replaces `value` when the key is present, and leaves it alone otherwise.
  void read(std::string_view key, std::string& value);
  void read(std::string_view key, bool& value);
  void read(std::string_view key, std::uint32_t& value, Bounds bounds);
  void read(std::string_view key, Bytes& value, Bounds bounds);
  void read(std::string_view key, double& value, double least, double most);
  void read(std::string_view key, Bandwidth& value);
  void read(std::string_view key, std::chrono::nanoseconds& value);
  void read(std::string_view key, std::vector<std::string>& value);

  /// Refuses keys nobody asked for. Called when everything was read.
  void finish() const;

  /// Throws a DescriptionError that points at `where`.
  [[noreturn]] void fail(const YAML::Node& where, const std::string& message) const;

  const YAML::Node& node() const { return node_; }
  const std::string& file() const { return file_; }
  const std::string& what() const { return what_; }

 private:
  YAML::Node node_;
  const std::string& file_;
  std::string what_;
  std::vector<std::string> known_;
};

/// Returns the items of a list.
/// @errors DescriptionError: not a list
std::vector<YAML::Node> items_of(const YamlMap& parent, const YAML::Node& list,
                                 std::string_view key);

/// Returns the text of a scalar.
/// @errors DescriptionError: not a scalar
std::string text_of(const YamlMap& parent, const YAML::Node& node, std::string_view key);

/// Reads a decimal or `0x` number; nothing for anything else.
std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace zesvm::topology
