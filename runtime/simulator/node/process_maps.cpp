#include "simulator/node/process_maps.hpp"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace zesvm::simulator::node {

ProcessMaps::ProcessMaps() : fd_(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) {}

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

std::optional<ProcessMap> ProcessMaps::next() {
  std::array<char, 640> line;
  if (!read_line(line)) return std::nullopt;
  unsigned long long begin = 0;
  unsigned long long end = 0;
  unsigned long long offset = 0;
  unsigned long long inode = 0;
  char rights[5] = {};
  unsigned major = 0;
  unsigned minor = 0;
  int label = 0;
  if (std::sscanf(line.data(), "%llx-%llx %4s %llx %x:%x %llu %n", &begin, &end, rights, &offset,
                  &major, &minor, &inode, &label) != 7) {
    return std::nullopt;
  }
  ProcessMap map;
  map.interval = {{begin}, {end}};
  map.is_readable = rights[0] == 'r';
  map.is_writable = rights[1] == 'w';
  map.is_executable = rights[2] == 'x';
  map.is_private = rights[3] == 'p';
  map.file_offset = {offset};
  map.inode = static_cast<ino_t>(inode);
  map.device = makedev(major, minor);
  std::strncpy(map.label.data(), line.data() + label, map.label.size() - 1);
  return map;
}

}  // namespace zesvm::simulator::node
