/// @file device_identity.hpp
/// How a device is told apart from others.
#pragma once

#include <level_zero/ze_api.h>

#include "simulator/driver/handles.hpp"

namespace zesvm::simulator::driver {

/// Returns the UUID of a card, or of one tile of a card that has several.
ze_device_uuid_t uuid_of(const Device& device);

/// Returns the UUID of a tile as a device: the card's, when the card has but one.
ze_device_uuid_t uuid_of_tile(const topology::DeviceDescription& card, std::uint32_t tile);

/// Returns whether a device is one of several tiles of its card.
bool is_part_of_card(const Device& device);

}  // namespace zesvm::simulator::driver
