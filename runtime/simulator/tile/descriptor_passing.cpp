#include "simulator/tile/descriptor_passing.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace zesvm::simulator::tile {
namespace {

// A message with room for one descriptor.
struct Envelope {
  explicit Envelope(DescriptorMessage& content) : part{&content, sizeof content} {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
  }
  iovec part;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
};

}  // namespace

Status send_descriptor(int socket, int descriptor, std::uint64_t token) {
  DescriptorMessage content{token};
  Envelope envelope{content};
  cmsghdr* header = CMSG_FIRSTHDR(&envelope.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  for (;;) {
    if (::sendmsg(socket, &envelope.message, MSG_NOSIGNAL) >= 0) return Status::ok;
    if (errno == EBADF) return Status::invalid_argument;
    if (errno != EINTR) return Status::device_lost;
  }
}

Result<ReceivedDescriptor> receive_descriptor(int socket) {
  DescriptorMessage content{};
  Envelope envelope{content};
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &envelope.message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  const cmsghdr* header = CMSG_FIRSTHDR(&envelope.message);
  if (got != static_cast<ssize_t>(sizeof content) || header == nullptr) return Status::device_lost;
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return ReceivedDescriptor{content.token, UniqueFd{descriptor}};
}

}  // namespace zesvm::simulator::tile
