/// @file tile.hpp
/// One tile as Level Zero shows it: a sub-device, or a device that has none.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

#include <zesvm/capabilities.hpp>

namespace zesvm::levelzero {

class Context;

/// Facts about a tile, read once. Never changes.
class Tile {
 public:
  ze_device_handle_t handle = nullptr;
  /// The context it belongs to; null until there is one.
  Context* context = nullptr;
  std::size_t index = 0;
  std::size_t card = 0;
  std::size_t number_on_card = 0;
  std::size_t tiles_on_card = 1;
  std::string name;
  std::array<std::uint8_t, ZE_MAX_DEVICE_UUID_SIZE> uuid{};
  std::uint32_t pci_vendor = 0;
  std::uint32_t pci_device = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t execution_units = 0;
  std::uint32_t max_group_size = 0;
  std::uint32_t local_memory_bytes = 0;
  bool has_page_faults = false;
  bool has_shared_system_memory = false;
  /// The group of queues that runs kernels.
  std::uint32_t compute_queue_group = 0;
  Capabilities capabilities;
};

/// Reads every tile of a driver's GPUs, cards in the driver's order.
/// @errors Error: a query failed
std::vector<Tile> find_tiles(ze_driver_handle_t driver);

}  // namespace zesvm::levelzero
