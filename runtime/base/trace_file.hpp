/// @file trace_file.hpp
/// What happens, written to a file as it happens, in the JSON array format that chrome://tracing and
/// Perfetto read. docs/tracing.md describes the events.
///
/// The file can be read after a crash: every event is a line, written when it happened, and both
/// viewers, and `zesvm map`, accept an array without its end.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/interval.hpp"
#include "base/unique_fd.hpp"

namespace zesvm {

/// Which line of the picture an event is on.
struct TraceLane {
  /// 0: the program; 1 + n: the n-th tile.
  std::uint32_t group = 0;
  /// A thread of the program, or 0 for the launches of a tile.
  std::uint32_t thread = 0;
};

/// One line of JSON, put together without memory of its own.
class TraceLine {
 public:
  TraceLine(std::string_view name, std::string_view category, char phase, TraceLane lane);

  /// Adds when the event began and how long it took; phase 'X' needs both.
  TraceLine& time(std::chrono::nanoseconds begin, std::chrono::nanoseconds end);
  TraceLine& argument(std::string_view key, std::string_view value);
  TraceLine& argument(std::string_view key, std::uint64_t value);
  /// Adds "begin" as hexadecimal text (JSON numbers lose bits of addresses) and "bytes".
  TraceLine& interval(Interval interval);
  /// Adds where memory is: `tile N`, or without one `system`.
  TraceLine& place(std::string_view key, std::optional<std::uint32_t> tile);

  /// Ends the line and returns it.
  std::string_view end();

 private:
  void put(std::string_view text);
  void put_escaped(std::string_view text);
  void key(std::string_view key);

  // Texts are cut; a line has room for ten of them.
  static constexpr std::size_t longest_text = 256;
  std::array<char, 4096> text_;
  std::size_t size_ = 0;
  bool has_arguments_ = false;
};

/// The file. Lines of several threads do not mix: each is appended by one system call.
class TraceFile {
 public:
  /// Opens the file that the environment asks for (`ZESVM_TRACE=FILE`); null when it asks for none.
  /// `%p` in the name is replaced by the process id. When the file cannot be written, says so on
  /// stderr and returns null.
  static std::unique_ptr<TraceFile> from_environment();
  /// Replaces a file. Returns null, with errno set, when it cannot be written.
  static std::unique_ptr<TraceFile> open(const std::string& path);
  /// Hands the lines to somebody who writes a file of their own, and begins and ends it.
  static std::unique_ptr<TraceFile> through(std::function<void(std::string_view)> writer);
  ~TraceFile();
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  /// Writes a line.
  ///
  /// @locks    needs none
  /// @context  any, fault
  void write(TraceLine& line) noexcept;
  /// Writes the name of a group, or of a lane in it; viewers show them.
  void name_group(std::uint32_t group, std::string_view name) noexcept;
  void name_lane(TraceLane lane, std::string_view name) noexcept;
  /// Returns the lane of this thread in a group; writes its name the first time.
  TraceLane lane_of_this_thread(std::uint32_t group) noexcept;
  /// Writes lines that somebody else put together, each with its end.
  void append(std::string_view lines) noexcept;
  /// Ends the array; what is written later is dropped.
  void end() noexcept;
  /// Ends it at the end of the process, for files of those who are never destroyed. One in a library.
  void end_at_exit() noexcept;
  /// Returns the time that events are to carry.
  static std::chrono::nanoseconds now() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch();
  }

 private:
  explicit TraceFile(UniqueFd fd);
  void put(std::string_view text) noexcept;

  UniqueFd fd_;
  // Instead of a file.
  std::function<void(std::string_view)> writer_;
  std::atomic<bool> is_ended_{false};
};

}  // namespace zesvm
