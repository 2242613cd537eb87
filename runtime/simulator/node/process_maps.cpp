#include "simulator/node/process_maps.hpp"

#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace zesvm::simulator::node {

namespace {

/// The fields of a line, each ended by one character. Not sscanf(), which takes as long as the kernel
/// does to write the line.
class Fields {
 public:
  explicit Fields(const char* line) : at_(line), end_(line + std::strlen(line)) {}

  std::uint64_t number(int base) {
    std::uint64_t value = 0;
    const auto [next, error] = std::from_chars(at_, end_, value, base);
    is_whole_ = is_whole_ && error == std::errc{} && next != end_;
    at_ = is_whole_ ? next + 1 : end_;
    return value;
  }
  /// Returns the next `size` characters; null when there are fewer.
  const char* word(std::ptrdiff_t size) {
    is_whole_ = is_whole_ && end_ - at_ > size;
    if (!is_whole_) return nullptr;
    const char* const begin = at_;
    at_ += size + 1;
    return begin;
  }
  /// Returns what is left behind spaces; null when a field before it was not there.
  const char* rest() {
    if (!is_whole_) return nullptr;
    while (*at_ == ' ') ++at_;
    return at_;
  }

 private:
  const char* at_;
  const char* const end_;
  bool is_whole_ = true;
};

}  // namespace

ProcessMaps::ProcessMaps(const char* file) : fd_(::open(file, O_RDONLY | O_CLOEXEC)) {}

ProcessMaps::~ProcessMaps() {
  if (fd_ >= 0) ::close(fd_);
}

bool ProcessMaps::read_line(std::array<char, 640>& line) {
  std::size_t length = 0;
  for (;;) {
    if (at_ == used_) {
      const ssize_t got = fd_ >= 0 ? ::read(fd_, buffer_.data(), buffer_.size()) : 0;
      if (got <= 0) return false;
      used_ = static_cast<std::size_t>(got);
      at_ = 0;
    }
    const char c = buffer_[at_++];
    if (c == '\n') break;
    if (length + 1 < line.size()) line[length++] = c;
  }
  line[length] = '\0';
  return true;
}

std::optional<ProcessMap> ProcessMaps::read() {
  std::array<char, 640> line;
  if (!read_line(line)) return std::nullopt;
  Fields fields{line.data()};
  ProcessMap map;
  map.interval.begin = {fields.number(16)};
  map.interval.end = {fields.number(16)};
  const char* const rights = fields.word(4);
  if (rights == nullptr) return std::nullopt;
  map.is_readable = rights[0] == 'r';
  map.is_writable = rights[1] == 'w';
  map.is_executable = rights[2] == 'x';
  map.is_private = rights[3] == 'p';
  map.file_offset = {fields.number(16)};
  const auto major = static_cast<unsigned>(fields.number(16));
  map.device = makedev(major, static_cast<unsigned>(fields.number(16)));
  map.inode = static_cast<ino_t>(fields.number(10));
  const char* const label = fields.rest();
  if (label == nullptr) return std::nullopt;
  std::strncpy(map.label.data(), label, map.label.size() - 1);
  return map;
}

std::optional<ProcessMap> ProcessMaps::next() {
  while (auto map = read()) {
    Interval& interval = map->interval;
    if (interval.end <= told_until_) continue;
    if (interval.begin < told_until_) {  // (PM1)
      if (map->inode != 0) map->file_offset += told_until_ - interval.begin;
      interval.begin = told_until_;
    }
    told_until_ = interval.end;
    return map;
  }
  return std::nullopt;
}

}  // namespace zesvm::simulator::node
