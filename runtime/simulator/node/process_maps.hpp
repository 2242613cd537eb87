/// @file process_maps.hpp
/// What this process has mapped where, as the kernel tells it. Allocates nothing.
///
/// The kernel tells of one mapping at a time, and other threads change them meanwhile: those that serve
/// faults of the CPU are not to be kept from it.
///
/// PM1  nothing is told twice: where the kernel makes one mapping of one that was told and the next, only
///      what is behind the first is told then
/// PM2  what changes meanwhile may be left out; who takes it for gone looks again
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <sys/types.h>

#include "base/interval.hpp"

namespace zesvm::simulator::node {

/// One line of /proc/self/maps.
struct ProcessMap {
  Interval interval{};
  bool is_readable = false;
  bool is_writable = false;
  bool is_executable = false;
  bool is_private = false;
  Bytes file_offset;
  ino_t inode = 0;
  dev_t device = 0;
  /// Its path or label; empty for plain anonymous memory.
  std::array<char, 512> label{};

  bool is_anonymous() const { return inode == 0 && label[0] == '\0'; }
  bool is_inaccessible() const { return !is_readable && !is_writable; }
  /// Returns whether the same is mapped at the same place, to the same ends.
  bool is_same_as(const ProcessMap& other) const {
    return interval == other.interval && is_readable == other.is_readable &&
           is_writable == other.is_writable && is_private == other.is_private &&
           file_offset == other.file_offset && inode == other.inode && device == other.device;
  }
};

/// Walks through the mappings of this process, ascending.
class ProcessMaps {
 public:
  /// Begins with the first that `file` has, in the kernel's words.
  explicit ProcessMaps(const char* file = "/proc/self/maps");
  ~ProcessMaps();
  ProcessMaps(const ProcessMaps&) = delete;
  ProcessMaps& operator=(const ProcessMaps&) = delete;

  /// Returns the next mapping; nothing after the last, or when the kernel does not tell.
  std::optional<ProcessMap> next();

 private:
  /// Puts the next line into `line`; the part that does not fit is dropped.
  bool read_line(std::array<char, 640>& line);
  /// Returns what the next line says.
  std::optional<ProcessMap> read();

  int fd_;
  /// Where the last mapping ended.
  Address told_until_{};
  std::array<char, 4096> buffer_;
  std::size_t used_ = 0;
  std::size_t at_ = 0;
};

}  // namespace zesvm::simulator::node
