#include "levelzero/tile.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "levelzero/call.hpp"

namespace zesvm::levelzero {
namespace {

std::vector<ze_device_handle_t> gpus_of(ze_driver_handle_t driver) {
  std::uint32_t count = 0;
  ZESVM_ZE(zeDeviceGet(driver, &count, nullptr), "counting devices");
  std::vector<ze_device_handle_t> devices(count);
  ZESVM_ZE(zeDeviceGet(driver, &count, devices.data()), "listing devices");
  devices.resize(count);
  return devices;
}

std::vector<ze_device_handle_t> tiles_of(ze_device_handle_t card) {
  std::uint32_t count = 0;
  ZESVM_ZE(zeDeviceGetSubDevices(card, &count, nullptr), "counting tiles");
  if (count == 0) return {card};
  std::vector<ze_device_handle_t> tiles(count);
  ZESVM_ZE(zeDeviceGetSubDevices(card, &count, tiles.data()), "listing tiles");
  tiles.resize(count);
  return tiles;
}

void read_identity(Tile& tile) {
  ze_device_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  ZESVM_ZE(zeDeviceGetProperties(tile.handle, &properties), "reading a device's properties");
  tile.name = properties.name;
  std::copy(std::begin(properties.uuid.id), std::end(properties.uuid.id), tile.uuid.begin());
  tile.pci_vendor = properties.vendorId;
  tile.pci_device = properties.deviceId;
  tile.execution_units =
      properties.numSlices * properties.numSubslicesPerSlice * properties.numEUsPerSubslice;
  tile.has_page_faults = (properties.flags & ZE_DEVICE_PROPERTY_FLAG_ONDEMANDPAGING) != 0;
}

void read_limits(Tile& tile) {
  ze_device_compute_properties_t compute{};
  compute.stype = ZE_STRUCTURE_TYPE_DEVICE_COMPUTE_PROPERTIES;
  ZESVM_ZE(zeDeviceGetComputeProperties(tile.handle, &compute), "reading limits of " + tile.name);
  tile.max_group_size = compute.maxTotalGroupSize;
  tile.local_memory_bytes = compute.maxSharedLocalMemory;

  ze_device_memory_access_properties_t access{};
  access.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES;
  ZESVM_ZE(zeDeviceGetMemoryAccessProperties(tile.handle, &access),
           "reading memory access of " + tile.name);
  tile.has_shared_system_memory =
      (access.sharedSystemAllocCapabilities & ZE_MEMORY_ACCESS_CAP_FLAG_RW) != 0;
}

void read_memory(Tile& tile) {
  std::uint32_t count = 0;
  ZESVM_ZE(zeDeviceGetMemoryProperties(tile.handle, &count, nullptr),
           "counting memories of " + tile.name);
  std::vector<ze_device_memory_properties_t> memories(count);
  for (auto& memory : memories) memory.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES;
  ZESVM_ZE(zeDeviceGetMemoryProperties(tile.handle, &count, memories.data()),
           "reading memories of " + tile.name);
  for (const auto& memory : memories) tile.memory_bytes += memory.totalSize;
}

void read_queues(Tile& tile) {
  std::uint32_t count = 0;
  ZESVM_ZE(zeDeviceGetCommandQueueGroupProperties(tile.handle, &count, nullptr),
           "counting queues of " + tile.name);
  std::vector<ze_command_queue_group_properties_t> groups(count);
  for (auto& group : groups) group.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_GROUP_PROPERTIES;
  ZESVM_ZE(zeDeviceGetCommandQueueGroupProperties(tile.handle, &count, groups.data()),
           "reading queues of " + tile.name);
  for (std::uint32_t i = 0; i < groups.size(); ++i) {
    if ((groups[i].flags & ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COMPUTE) == 0) continue;
    tile.compute_queue_group = i;
    return;
  }
  throw Error(ErrorCode::unsupported, tile.name + " has no queue that runs kernels");
}

/// What tells cards apart: the place on the PCI bus; nothing where the driver does not say.
std::optional<std::array<std::uint32_t, 4>> pci_address_of(ze_device_handle_t device) {
  ze_pci_ext_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_PCI_EXT_PROPERTIES;
  if (zeDevicePciGetPropertiesExt(device, &properties) != ZE_RESULT_SUCCESS) return std::nullopt;
  const ze_pci_address_ext_t& address = properties.address;
  return std::array{address.domain, address.bus, address.device, address.function};
}

bool is_gpu(ze_device_handle_t device) {
  ze_device_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  ZESVM_ZE(zeDeviceGetProperties(device, &properties), "reading a device's properties");
  return properties.type == ZE_DEVICE_TYPE_GPU;
}

Tile read_tile(ze_device_handle_t handle) {
  Tile tile;
  tile.handle = handle;
  read_identity(tile);
  read_limits(tile);
  read_memory(tile);
  read_queues(tile);
  return tile;
}

// Numbers the tiles of each card, and says in their names which one they are.
void number_tiles(std::vector<Tile>& tiles) {
  std::map<std::size_t, std::size_t> count;
  for (Tile& tile : tiles) tile.number_on_card = count[tile.card]++;
  for (Tile& tile : tiles) {
    tile.tiles_on_card = count[tile.card];
    if (tile.tiles_on_card > 1) tile.name += " tile " + std::to_string(tile.number_on_card);
  }
}

}  // namespace

std::vector<Tile> find_tiles(ze_driver_handle_t driver) {
  std::vector<Tile> found;
  std::map<std::array<std::uint32_t, 4>, std::size_t> card_at;
  std::size_t cards = 0;
  for (ze_device_handle_t device : gpus_of(driver)) {
    if (!is_gpu(device)) continue;
    // With a flat hierarchy, which is the default on many drivers, the tiles of one card are
    // devices of their own, at one place on the bus.
    std::size_t card = cards;
    if (const auto address = pci_address_of(device))
      card = card_at.emplace(*address, cards).first->second;
    cards = std::max(cards, card + 1);
    for (ze_device_handle_t handle : tiles_of(device)) {
      found.push_back(read_tile(handle));
      found.back().index = found.size() - 1;
      found.back().card = card;
    }
  }
  number_tiles(found);
  return found;
}

}  // namespace zesvm::levelzero
