/// @file launch_encoding.hpp
/// A launch as bytes of a command, and back.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "simulator/tile/channel.hpp"

namespace zesvm::simulator::tile {

/// Returns a launch as the payload of a command.
std::vector<std::byte> encode_launch(const LaunchRequest& request, std::uint64_t work);

/// A launch and the number its completion goes under.
struct DecodedLaunch {
  std::uint64_t work = 0;
  LaunchRequest request;
};

/// Returns the launch in a payload; nothing when it is malformed.
std::optional<DecodedLaunch> decode_launch(std::span<const std::byte> payload);

}  // namespace zesvm::simulator::tile
