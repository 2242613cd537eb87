/// @file kernel_log.hpp
/// The calls a driver made to the stand-in's kernel, as tests look at them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace zesvm::tests {

/// Reads the log that XE_STANDIN_LOG names, from where it was when this was made.
class KernelLog {
 public:
  KernelLog();

  /// Returns all lines of the process.
  static std::vector<nlohmann::json> whole();
  /// Returns the lines since then, or since the last restart().
  std::vector<nlohmann::json> lines() const;
  /// Returns those that are about one call, such as "vm_bind".
  std::vector<nlohmann::json> lines(const std::string& call) const;
  /// Forgets what was there until now.
  void restart();

  /// Returns advice and prefetches as short texts, in the order they were made:
  ///   "card 0: +0x0 0x200000 on card 1, ALL_PAGES", "card 0: +0x0 0x1000 atomic DEVICE",
  ///   "card 0: +0x0 0x1000 prefetch as advised"; offsets are from `base`.
  /// A call for another address space than the one the card works with, or one that failed, says so.
  std::vector<std::string> hints(const void* base) const;

 private:
  std::string hint_text(const nlohmann::json& line, std::uint64_t base) const;

  std::string path_;
  std::size_t begin_ = 0;
  // The address space of each card that shows the program's memory, or has queues.
  std::map<int, int> working_vm_;
};

/// Returns a number that the log has as text: "0x1000".
std::uint64_t number_of(const nlohmann::json& line, const char* key);

}  // namespace zesvm::tests
