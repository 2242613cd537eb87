/// @file descriptor_passing.hpp
/// Descriptors that go over the socket between the driver and a helper.
#pragma once

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "simulator/tile/channel.hpp"

namespace zesvm::simulator::tile {

/// A descriptor and the token it came with.
struct ReceivedDescriptor {
  std::uint64_t token = 0;
  UniqueFd descriptor;
};

/// Sends a descriptor under a token.
///
/// @errors   device_lost: the other side is gone
Status send_descriptor(int socket, int descriptor, std::uint64_t token);

/// Waits for the next descriptor.
///
/// @errors   device_lost: the other side is gone
Result<ReceivedDescriptor> receive_descriptor(int socket);

}  // namespace zesvm::simulator::tile
