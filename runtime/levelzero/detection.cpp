#include "levelzero/detection.hpp"

#include <algorithm>

#include "levelzero/fabric_facts.hpp"

namespace zesvm::levelzero {
namespace {

using topology::Bandwidth;

std::optional<Bandwidth> bandwidth_of(std::uint32_t value, ze_bandwidth_unit_t unit) {
  if (value == 0 || unit != ZE_BANDWIDTH_UNIT_BYTES_PER_NANOSEC) return std::nullopt;
  return Bandwidth{static_cast<double>(value)};
}

void read_pci(ze_device_handle_t handle, topology::LevelZeroDevice& card) {
  ze_pci_ext_properties_t pci{};
  pci.stype = ZE_STRUCTURE_TYPE_PCI_EXT_PROPERTIES;
  if (zeDevicePciGetPropertiesExt(handle, &pci) != ZE_RESULT_SUCCESS) return;
  card.pci_address = topology::PciAddress{pci.address.domain, pci.address.bus, pci.address.device,
                                          pci.address.function};
  if (pci.maxSpeed.genVersion > 0 && pci.maxSpeed.width > 0)
    card.pci_speed = topology::PciSpeed{static_cast<std::uint32_t>(pci.maxSpeed.genVersion),
                                        static_cast<std::uint32_t>(pci.maxSpeed.width)};
}

void read_memory_bandwidth(ze_device_handle_t handle, topology::LevelZeroDevice& card) {
  std::uint32_t count = 1;
  ze_device_memory_ext_properties_t design{};
  design.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_EXT_PROPERTIES;
  ze_device_memory_properties_t memory{};
  memory.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES;
  memory.pNext = &design;
  if (zeDeviceGetMemoryProperties(handle, &count, &memory) != ZE_RESULT_SUCCESS) return;
  card.memory_bandwidth = bandwidth_of(design.readBandwidth, design.bandwidthUnit);
}

void read_abilities(ze_device_handle_t handle, topology::LevelZeroDevice& card) {
  ze_device_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  if (zeDeviceGetProperties(handle, &properties) == ZE_RESULT_SUCCESS)
    card.integrated = (properties.flags & ZE_DEVICE_PROPERTY_FLAG_INTEGRATED) != 0;
  ze_device_memory_access_properties_t access{};
  access.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES;
  if (zeDeviceGetMemoryAccessProperties(handle, &access) == ZE_RESULT_SUCCESS)
    card.system_atomics = (access.hostAllocCapabilities & ZE_MEMORY_ACCESS_CAP_FLAG_ATOMIC) != 0;
}

topology::LevelZeroDevice read_card(const Tile& first) {
  topology::LevelZeroDevice card;
  card.name = first.name;
  if (first.tiles_on_card > 1) card.name.resize(card.name.rfind(" tile "));
  card.vendor_id = first.pci_vendor;
  card.device_id = first.pci_device;
  card.tiles = static_cast<std::uint32_t>(first.tiles_on_card);
  card.memory = Bytes{first.memory_bytes};
  card.page_faults = first.has_page_faults;
  card.shared_system = first.has_shared_system_memory;
  read_pci(first.handle, card);
  read_memory_bandwidth(first.handle, card);
  read_abilities(first.handle, card);
  return card;
}

topology::LevelZeroPair read_pair(const Tile& from, const Tile& to) {
  topology::LevelZeroPair pair;
  pair.from = place_of(from);
  pair.to = place_of(to);
  ze_bool_t access = 0;
  if (zeDeviceCanAccessPeer(from.handle, to.handle, &access) == ZE_RESULT_SUCCESS)
    pair.can_access = access != 0;

  ze_device_p2p_bandwidth_exp_properties_t bandwidth{};
  bandwidth.stype = ZE_STRUCTURE_TYPE_DEVICE_P2P_BANDWIDTH_EXP_PROPERTIES;
  ze_device_p2p_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_P2P_PROPERTIES;
  properties.pNext = &bandwidth;
  if (zeDeviceGetP2PProperties(from.handle, to.handle, &properties) != ZE_RESULT_SUCCESS)
    return pair;
  pair.p2p_access = (properties.flags & ZE_DEVICE_P2P_PROPERTY_FLAG_ACCESS) != 0;
  pair.p2p_atomics = (properties.flags & ZE_DEVICE_P2P_PROPERTY_FLAG_ATOMICS) != 0;
  pair.bandwidth = bandwidth_of(bandwidth.logicalBandwidth, bandwidth.bandwidthUnit);
  if (bandwidth.logicalLatency > 0 && bandwidth.latencyUnit == ZE_LATENCY_UNIT_NANOSEC)
    pair.latency = std::chrono::nanoseconds(bandwidth.logicalLatency);
  return pair;
}

}  // namespace

topology::TileId place_of(const Tile& tile) {
  return {static_cast<std::uint32_t>(tile.card), static_cast<std::uint32_t>(tile.number_on_card)};
}

topology::LevelZeroFacts read_level_zero(ze_driver_handle_t driver, const std::vector<Tile>& tiles,
                                         std::vector<topology::MissingSource>& missing) {
  topology::LevelZeroFacts facts;
  for (const Tile& tile : tiles)
    if (tile.number_on_card == 0) facts.devices.push_back(read_card(tile));
  for (const Tile& tile : tiles)
    if (zeDeviceGetStatus(tile.handle) == ZE_RESULT_ERROR_DEVICE_LOST)
      facts.lost.push_back(place_of(tile));
  for (const Tile& from : tiles)
    for (const Tile& to : tiles)
      if (from.index != to.index) facts.pairs.push_back(read_pair(from, to));
  auto fabric = read_fabric(driver, tiles);
  if (auto* absent = std::get_if<topology::MissingSource>(&fabric))
    missing.push_back(std::move(*absent));
  else
    facts.edges = std::move(std::get<std::vector<topology::FabricEdge>>(fabric));
  return facts;
}

}  // namespace zesvm::levelzero
