/// @file log.hpp
/// The log: a JSON object per line, for each kernel call and each thing a card did.
#pragma once

#include <cstdint>
#include <string>

namespace zesvm::xe_standin {

/// 1: memory, binds, advice, exec, work of the cards; 2: also queries, waits, mappings; 3: also every
/// command of the cards.
extern int log_level;

/// Opens the file that XE_STANDIN_LOG names, for appending, for its owner only.
void open_log();

/// A line; written when it ends. One thread at a time.
class Line {
 public:
  explicit Line(const char* call, int level = 1);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  Line& num(const char* key, long long value) { return raw(key, "%lld", value); }
  Line& hex(const char* key, uint64_t value) {
    return raw(key, "\"0x%llx\"", static_cast<unsigned long long>(value));
  }
  /// Adds text, escaped as JSON wants it.
  Line& str(const char* key, const std::string& value);
  /// Adds a value in JSON's own words.
  Line& raw(const char* key, const char* format, ...) __attribute__((format(printf, 3, 4)));

 private:
  std::string text_;
  bool is_on_;
};

}  // namespace zesvm::xe_standin
