/// @file transcript.hpp
/// What a Level Zero driver answered, call by call: lines of `key = value`, in the order of the calls.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include <level_zero/ze_api.h>

namespace zesvm::tests {

/// Lines of `key = value`; every key is there once.
class Transcript {
 public:
  /// Adds a line.
  void add(const std::string& key, const std::string& value);
  /// Adds a line for a number.
  void add_number(const std::string& key, std::uint64_t value);
  /// Adds the name of a result, without "ZE_RESULT_".
  /// @return the result
  ze_result_t add(const std::string& key, ze_result_t result);

  /// Reads lines; empty ones and comments, which begin with `#`, are passed over.
  static Transcript read(std::istream& in);
  void write(std::ostream& out) const;

  /// The value of a key; null where there is none.
  const std::string* find(const std::string& key) const;
  const std::vector<std::pair<std::string, std::string>>& lines() const { return lines_; }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

/// What a loader is too old for; such a line is equal to any other.
inline constexpr const char* absent = "absent";

/// The value of a known difference for what was not asked, because a call before it failed.
inline constexpr const char* missing = "missing";

/// Compares answers with recorded ones. A known difference has the recorded key and this driver's answer as value.
/// @return a line for each difference that is not known, and for each known one that is none any more
std::vector<std::string> compare(const Transcript& now, const Transcript& recorded,
                                 const Transcript& known);

}  // namespace zesvm::tests
