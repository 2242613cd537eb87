#include "simulator/driver/event_memory.hpp"

#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zesvm::simulator::driver {

namespace {

constexpr std::uint32_t event_magic = 0x5a45564e;

struct Ticket {
  std::uint32_t magic;
  std::int32_t process;
  std::int32_t file;
  std::uint32_t count;
  std::uint32_t flags;
  std::uint64_t inode;
};
static_assert(sizeof(Ticket) <= sizeof(EventMemoryTicket));

std::uint64_t inode_of(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

EventMemory::EventMemory(UniqueFd file, EventWords* words, std::uint32_t count, std::uint32_t flags,
                         Origin origin)
    : file_(std::move(file)), words_(words), count_(count), flags_(flags), origin_(origin) {}

EventMemory::~EventMemory() { ::munmap(words_, count_ * sizeof(EventWords)); }

Result<std::shared_ptr<EventMemory>> EventMemory::map(UniqueFd file, std::uint32_t count,
                                                      std::uint32_t flags, Origin origin) {
  void* mapped = ::mmap(nullptr, count * sizeof(EventWords), PROT_READ | PROT_WRITE, MAP_SHARED,
                        file.get(), 0);
  if (mapped == MAP_FAILED) return Status::out_of_host_memory;
  return std::shared_ptr<EventMemory>{
      new EventMemory(std::move(file), static_cast<EventWords*>(mapped), count, flags, origin)};
}

Result<std::shared_ptr<EventMemory>> EventMemory::create(std::uint32_t count, std::uint32_t flags) {
  UniqueFd file{::memfd_create("zesvm-events", MFD_CLOEXEC)};
  if (!file.is_open()) return Status::out_of_host_memory;
  const auto size = static_cast<off_t>(count * sizeof(EventWords));
  if (::ftruncate(file.get(), size) != 0) return Status::out_of_host_memory;
  return map(std::move(file), count, flags, Origin::own);
}

Result<std::shared_ptr<EventMemory>> EventMemory::open(const EventMemoryTicket& data) {
  Ticket ticket{};
  std::memcpy(&ticket, data.data(), sizeof ticket);
  if (ticket.magic != event_magic || ticket.count == 0) return Status::invalid_argument;
  const std::string path =
      "/proc/" + std::to_string(ticket.process) + "/fd/" + std::to_string(ticket.file);
  UniqueFd file{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  // The number may name another file by now: the maker destroyed the pool.
  if (!file.is_open() || inode_of(file.get()) != ticket.inode) return Status::invalid_argument;
  return map(std::move(file), ticket.count, ticket.flags, Origin::imported);
}

std::shared_ptr<EventSlot> EventMemory::slot(std::uint32_t index) {
  return std::make_shared<EventSlot>(words_ + index, shared_from_this());
}

EventMemoryTicket EventMemory::ticket() const {
  const Ticket ticket{event_magic, ::getpid(), file_.get(), count_, flags_, inode_of(file_.get())};
  EventMemoryTicket data{};
  std::memcpy(data.data(), &ticket, sizeof ticket);
  return data;
}

}  // namespace zesvm::simulator::driver
