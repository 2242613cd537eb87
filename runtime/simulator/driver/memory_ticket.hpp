/// @file memory_ticket.hpp
/// What travels to another process so that it finds memory: the content of an IPC handle, and the
/// descriptor that tells the same when it comes alone.
///
/// T1  a descriptor given to a program tells what part of its file is meant, wherever it goes
#pragma once

#include <cstdint>

#include <level_zero/ze_api.h>

#include "base/unique_fd.hpp"
#include "simulator/node/types.hpp"

namespace zesvm::simulator::driver {

/// What an IPC handle holds. The descriptor comes first, as in the handles of real drivers:
/// programs that send it over a socket replace it there by the one they received.
struct MemoryTicket {
  std::int32_t fd = -1;
  std::int32_t process = 0;
  std::uint64_t magic = 0;
  /// Tells whether a descriptor is the one that was meant.
  std::uint64_t file = 0;
  std::uint64_t file_system = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t kind = 0;

  /// Returns whether all of it is there, not only a descriptor.
  bool is_whole() const;
};
static_assert(sizeof(MemoryTicket) <= ZE_MAX_IPC_HANDLE_SIZE);

MemoryTicket read_ticket(const ze_ipc_mem_handle_t& handle);
ze_ipc_mem_handle_t write_ticket(const MemoryTicket& ticket);

/// Makes the ticket for exported memory whose descriptor is `fd`.
MemoryTicket ticket_for(const node::ExportedMemory& memory, int fd);
/// Makes the ticket for a descriptor that came alone from a driver like this one; one that is not
/// whole when it tells nothing.
MemoryTicket ticket_of_descriptor(int fd);
/// Makes the ticket for all of a file of memory that somebody else made; one that is not whole
/// when there is no such file.
MemoryTicket ticket_of_file(int fd, node::MemoryKind kind);

/// Takes the descriptor of exported memory, and returns one of its own that tells what part of the
/// file is meant (T1).
UniqueFd descriptor_that_tells(const node::ExportedMemory& memory);
/// Returns a descriptor of this process for a ticket: the one it names when it was received through
/// a socket, or is ours; else the sender's, taken from its process. Closed when there is none.
UniqueFd descriptor_of(const MemoryTicket& ticket);

}  // namespace zesvm::simulator::driver
