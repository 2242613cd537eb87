#include "simulator/driver/device_identity.hpp"

#include <algorithm>

#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_device_uuid_t card_uuid(const topology::DeviceDescription& card) {
  ze_device_uuid_t uuid{};
  std::copy_n(card.uuid.begin(), std::min<std::size_t>(card.uuid.size(), ZE_MAX_DEVICE_UUID_SIZE),
              uuid.id);
  return uuid;
}

}  // namespace

ze_device_uuid_t uuid_of_tile(const topology::DeviceDescription& card, std::uint32_t tile) {
  auto uuid = card_uuid(card);
  // The last byte counts the tiles from 1; that of a card is its own.
  if (card.tiles > 1) uuid.id[ZE_MAX_DEVICE_UUID_SIZE - 1] += static_cast<std::uint8_t>(tile + 1);
  return uuid;
}

ze_device_uuid_t uuid_of(const Device& device) {
  return is_part_of_card(device) ? uuid_of_tile(device.description(), device.index_in_card())
                                 : card_uuid(device.description());
}

bool is_part_of_card(const Device& device) {
  return device.tiles().size() == 1 && device.description().tiles > 1;
}

}  // namespace zesvm::simulator::driver
