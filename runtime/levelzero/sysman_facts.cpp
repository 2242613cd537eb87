#include <algorithm>
#include <dlfcn.h>
#include <string_view>

#include <level_zero/zes_api.h>

#include "base/environment.hpp"
#include "levelzero/call.hpp"
#include "levelzero/detection.hpp"

namespace zesvm::levelzero {
namespace {

using topology::Bandwidth;
using topology::MissingSource;
using topology::PortState;

/// Fills a vector by the two calls Level Zero takes to list things; empty where it fails.
template <typename Handle, typename Call>
std::vector<Handle> list_of(Call call) {
  std::uint32_t count = 0;
  if (call(&count, static_cast<Handle*>(nullptr)) != ZE_RESULT_SUCCESS || count == 0) return {};
  std::vector<Handle> all(count);
  if (call(&count, all.data()) != ZE_RESULT_SUCCESS) return {};
  all.resize(count);
  return all;
}

bool is_enabled_by_environment() { return environment("ZES_ENABLE_SYSMAN") == "1"; }

// Loaders of today have zesInit, which works at any time; with the oldest supported one, Sysman is
// asked through the handles of Level Zero.
std::variant<std::vector<zes_device_handle_t>, MissingSource> devices_of(
    ze_driver_handle_t driver) {
  if (is_enabled_by_environment()) {
    const auto devices = list_of<ze_device_handle_t>(
        [&](std::uint32_t* count, auto* out) { return zeDeviceGet(driver, count, out); });
    std::vector<zes_device_handle_t> same;
    for (ze_device_handle_t device : devices)
      same.push_back(reinterpret_cast<zes_device_handle_t>(device));
    return same;
  }
  using Init = ze_result_t (*)(std::uint32_t);
  using GetDrivers = ze_result_t (*)(std::uint32_t*, zes_driver_handle_t*);
  using GetDevices = ze_result_t (*)(zes_driver_handle_t, std::uint32_t*, zes_device_handle_t*);
  const auto init = reinterpret_cast<Init>(::dlsym(RTLD_DEFAULT, "zesInit"));
  const auto get_drivers = reinterpret_cast<GetDrivers>(::dlsym(RTLD_DEFAULT, "zesDriverGet"));
  const auto get_devices = reinterpret_cast<GetDevices>(::dlsym(RTLD_DEFAULT, "zesDeviceGet"));
  if (init == nullptr || get_drivers == nullptr || get_devices == nullptr)
    return MissingSource{topology::Source::sysman,
                         "ZES_ENABLE_SYSMAN=1 was not set, and this loader has no zesInit"};
  if (const ze_result_t result = init(0); result != ZE_RESULT_SUCCESS)
    return MissingSource{topology::Source::sysman, "zesInit returned " + name_of(result)};
  std::vector<zes_device_handle_t> all;
  for (zes_driver_handle_t one : list_of<zes_driver_handle_t>(get_drivers)) {
    const auto some = list_of<zes_device_handle_t>(
        [&](std::uint32_t* count, auto* out) { return get_devices(one, count, out); });
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::optional<topology::PciSpeed> speed_of(const zes_pci_speed_t& speed) {
  if (speed.gen <= 0 || speed.width <= 0) return std::nullopt;
  return topology::PciSpeed{static_cast<std::uint32_t>(speed.gen),
                            static_cast<std::uint32_t>(speed.width)};
}

void read_memory(zes_device_handle_t handle, std::uint32_t tile, topology::SysmanDevice& device) {
  for (zes_mem_handle_t memory : list_of<zes_mem_handle_t>([&](std::uint32_t*count, auto*out) {
         return zesDeviceEnumMemoryModules(handle, count, out);
       })) {
    zes_mem_properties_t properties{};
    properties.stype = ZES_STRUCTURE_TYPE_MEM_PROPERTIES;
    zes_mem_state_t state{};
    state.stype = ZES_STRUCTURE_TYPE_MEM_STATE;
    if (zesMemoryGetProperties(memory, &properties) != ZE_RESULT_SUCCESS ||
        zesMemoryGetState(memory, &state) != ZE_RESULT_SUCCESS ||
        properties.location != ZES_MEM_LOC_DEVICE)
      continue;
    const std::uint32_t where = properties.onSubdevice ? properties.subdeviceId : tile;
    const auto is_known = [&](const topology::SysmanMemory& known) { return known.tile == where; };
    if (std::none_of(device.memory.begin(), device.memory.end(), is_known))
      device.memory.push_back({where, Bytes{state.size}, Bytes{state.free}});
  }
}

// Sysman gives bits per second and lane.
Bandwidth bandwidth_of(const zes_fabric_port_speed_t& speed) {
  if (speed.bitRate <= 0 || speed.width <= 0) return {};
  return {static_cast<double>(speed.bitRate) * speed.width / 8e9};
}

topology::PortId id_of(const zes_fabric_port_id_t& id) {
  return {id.fabricId, id.attachId, id.portNumber};
}

PortState state_of(zes_fabric_port_status_t status) {
  switch (status) {
    case ZES_FABRIC_PORT_STATUS_HEALTHY: return PortState::healthy;
    case ZES_FABRIC_PORT_STATUS_DEGRADED: return PortState::degraded;
    case ZES_FABRIC_PORT_STATUS_FAILED: return PortState::failed;
    case ZES_FABRIC_PORT_STATUS_DISABLED: return PortState::disabled;
    default: return PortState::unknown;
  }
}

void read_ports(zes_device_handle_t handle, std::uint32_t tile, topology::SysmanDevice& device) {
  for (zes_fabric_port_handle_t one :
       list_of<zes_fabric_port_handle_t>([&](std::uint32_t*count, auto*out) {
         return zesDeviceEnumFabricPorts(handle, count, out);
       })) {
    zes_fabric_port_properties_t properties{};
    properties.stype = ZES_STRUCTURE_TYPE_FABRIC_PORT_PROPERTIES;
    if (zesFabricPortGetProperties(one, &properties) != ZE_RESULT_SUCCESS) continue;
    topology::SysmanPort port;
    port.id = id_of(properties.portId);
    port.tile = properties.onSubdevice ? properties.subdeviceId : tile;
    zes_fabric_port_state_t state{};
    state.stype = ZES_STRUCTURE_TYPE_FABRIC_PORT_STATE;
    if (zesFabricPortGetState(one, &state) == ZE_RESULT_SUCCESS) {
      port.state = state_of(state.status);
      port.receive = bandwidth_of(state.rxSpeed);
      port.send = bandwidth_of(state.txSpeed);
      if (port.state != PortState::disabled) port.remote = id_of(state.remotePortId);
    }
    const auto is_known = [&](const topology::SysmanPort& known) { return known.id == port.id; };
    if (std::none_of(device.ports.begin(), device.ports.end(), is_known))
      device.ports.push_back(port);
  }
}

}  // namespace

std::variant<topology::SysmanFacts, MissingSource> read_sysman(ze_driver_handle_t driver,
                                                               const std::vector<Tile>& tiles) {
  const auto devices = devices_of(driver);
  if (const auto* missing = std::get_if<MissingSource>(&devices)) return *missing;
  topology::SysmanFacts facts;
  ze_result_t refused = ZE_RESULT_SUCCESS;
  for (zes_device_handle_t handle : std::get<std::vector<zes_device_handle_t>>(devices)) {
    zes_pci_properties_t pci{};
    pci.stype = ZES_STRUCTURE_TYPE_PCI_PROPERTIES;
    refused = zesDevicePciGetProperties(handle, &pci);
    if (refused != ZE_RESULT_SUCCESS) continue;
    const topology::PciAddress address{pci.address.domain, pci.address.bus, pci.address.device,
                                       pci.address.function};
    // With a flat hierarchy the tiles of one card are devices at one address.
    auto known = std::find_if(facts.devices.begin(), facts.devices.end(),
                              [&](const auto& device) { return device.pci_address == address; });
    if (known == facts.devices.end()) {
      facts.devices.emplace_back().pci_address = address;
      known = facts.devices.end() - 1;
      known->most = speed_of(pci.maxSpeed);
    }
    zes_pci_state_t state{};
    state.stype = ZES_STRUCTURE_TYPE_PCI_STATE;
    if (zesDevicePciGetState(handle, &state) == ZE_RESULT_SUCCESS)
      known->current = speed_of(state.speed);
    std::uint32_t tile = 0;
    for (const Tile& one : tiles)
      if (reinterpret_cast<zes_device_handle_t>(one.handle) == handle) tile = place_of(one).tile;
    read_memory(handle, tile, *known);
    read_ports(handle, tile, *known);
  }
  if (facts.devices.empty() && refused != ZE_RESULT_SUCCESS)
    return MissingSource{topology::Source::sysman,
                         "zesDevicePciGetProperties returned " + name_of(refused)};
  return facts;
}

}  // namespace zesvm::levelzero
