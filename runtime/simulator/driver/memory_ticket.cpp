#include "simulator/driver/memory_ticket.hpp"

#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace zesvm::simulator::driver {

namespace {

constexpr std::uint64_t ticket_magic = 0x7a6573766d6d656d;

bool is_meant(int fd, const MemoryTicket& ticket) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_ino == ticket.file &&
         status.st_dev == ticket.file_system;
}

// Programs that take a handle for a descriptor and no more, as measuring tools do, send only that
// to the other process. So the descriptor tells the rest itself: its file position, which goes
// wherever the descriptor goes and is not used for anything else, says what part of the file is
// meant. From the lowest bit: where it begins, in pages; how many there are; the kind; a mark.
constexpr unsigned page_bits = 28;  // 1 TiB, the largest file there is
constexpr std::uint64_t position_mark = 0x2d;

std::uint64_t as_position(const node::ExportedMemory& memory) {
  const std::uint64_t begin = memory.offset.count / cpu_page.count;
  const std::uint64_t pages = align_up(memory.size, cpu_page).count / cpu_page.count;
  const std::uint64_t kind = memory.kind == node::MemoryKind::host ? 1 : 0;
  return begin | pages << page_bits | kind << (2 * page_bits) |
         position_mark << (2 * page_bits + 1);
}

}  // namespace

bool MemoryTicket::is_whole() const { return magic == ticket_magic; }

MemoryTicket read_ticket(const ze_ipc_mem_handle_t& handle) {
  MemoryTicket ticket;
  std::memcpy(&ticket, handle.data, sizeof(ticket));
  return ticket;
}

ze_ipc_mem_handle_t write_ticket(const MemoryTicket& ticket) {
  ze_ipc_mem_handle_t handle{};
  std::memcpy(handle.data, &ticket, sizeof(ticket));
  return handle;
}

MemoryTicket ticket_for(const node::ExportedMemory& memory, int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return {};
  return {fd,
          ::getpid(),
          ticket_magic,
          status.st_ino,
          status.st_dev,
          memory.offset.count,
          memory.size.count,
          static_cast<std::uint32_t>(memory.kind)};
}

MemoryTicket ticket_of_descriptor(int fd) {
  const off_t seen = fd >= 0 ? ::lseek(fd, 0, SEEK_CUR) : -1;
  const auto position = static_cast<std::uint64_t>(seen);
  if (seen < 0 || position >> (2 * page_bits + 1) != position_mark) return {};
  constexpr std::uint64_t pages = (std::uint64_t{1} << page_bits) - 1;
  const bool is_host = (position >> (2 * page_bits) & 1) != 0;
  return ticket_for({.offset = cpu_page * (position & pages),
                     .size = cpu_page * (position >> page_bits & pages),
                     .kind = is_host ? node::MemoryKind::host : node::MemoryKind::device},
                    fd);
}

MemoryTicket ticket_of_file(int fd, node::MemoryKind kind) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return {};
  return ticket_for(
      {.offset = {}, .size = {static_cast<std::uint64_t>(status.st_size)}, .kind = kind}, fd);
}

UniqueFd descriptor_that_tells(const node::ExportedMemory& memory) {
  UniqueFd plain{memory.fd};
  const std::string path = "/proc/self/fd/" + std::to_string(memory.fd);
  UniqueFd own{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  const auto position = static_cast<off_t>(as_position(memory));
  if (!own.is_open() || ::lseek(own.get(), position, SEEK_SET) != position) return plain;
  return own;
}

UniqueFd descriptor_of(const MemoryTicket& ticket) {
  if (ticket.fd >= 0 && is_meant(ticket.fd, ticket))
    return UniqueFd{::fcntl(ticket.fd, F_DUPFD_CLOEXEC, 0)};
  const UniqueFd process{static_cast<int>(::syscall(SYS_pidfd_open, ticket.process, 0))};
  if (process.is_open()) {
    UniqueFd taken{static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), ticket.fd, 0))};
    if (taken.is_open() && is_meant(taken.get(), ticket)) return taken;
  }
  const std::string path =
      "/proc/" + std::to_string(ticket.process) + "/fd/" + std::to_string(ticket.fd);
  UniqueFd opened{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  if (opened.is_open() && is_meant(opened.get(), ticket)) return opened;
  return {};
}

}  // namespace zesvm::simulator::driver
