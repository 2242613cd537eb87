// zesMemory*, zesFabricPort*, zesFrequency*: the parts of a card.
#include <algorithm>
#include <cstring>

#include "simulator/driver/device_properties.hpp"
#include "simulator/driver/enumeration.hpp"
#include "simulator/driver/sysman.hpp"
#include "simulator/node/node.hpp"

namespace zesvm::simulator::driver {

namespace {

template <typename T>
std::uint32_t tile_index(const T& part) {
  return static_cast<std::uint32_t>(
      node::index_of(part.tile) -
      node::index_of(part.device.node().tile_of(part.device.card(), 0)));
}

/// Returns whether a part is on a sub-device of the device it was enumerated for. Under FLAT a tile
/// is a device of its own and has none.
template <typename T>
bool is_on_sub_device(const T& part) {
  return !part.device.sub_devices().empty();
}

zes_mem_type_t type_of(const topology::DeviceDescription& card) {
  switch (memory_type_of(card.memory_type)) {
    case ZE_DEVICE_MEMORY_EXT_TYPE_HBM:
    case ZE_DEVICE_MEMORY_EXT_TYPE_HBM2: return ZES_MEM_TYPE_HBM;
    case ZE_DEVICE_MEMORY_EXT_TYPE_GDDR5: return ZES_MEM_TYPE_GDDR5;
    case ZE_DEVICE_MEMORY_EXT_TYPE_GDDR6: return ZES_MEM_TYPE_GDDR6;
    case ZE_DEVICE_MEMORY_EXT_TYPE_GDDR6X: return ZES_MEM_TYPE_GDDR6X;
    case ZE_DEVICE_MEMORY_EXT_TYPE_LPDDR4: return ZES_MEM_TYPE_LPDDR4;
    case ZE_DEVICE_MEMORY_EXT_TYPE_LPDDR5: return ZES_MEM_TYPE_LPDDR5;
    case ZE_DEVICE_MEMORY_EXT_TYPE_DDR4: return ZES_MEM_TYPE_DDR4;
    case ZE_DEVICE_MEMORY_EXT_TYPE_DDR5: return ZES_MEM_TYPE_DDR5;
    default: return ZES_MEM_TYPE_DDR;
  }
}

ze_result_t memory_properties(zes_mem_handle_t handle, zes_mem_properties_t* out) {
  ZESVM_FIND(memory, SysmanMemory, handle);
  ZESVM_NOT_NULL(out);
  const auto& card = memory->device.description();
  out->type = type_of(card);
  out->onSubdevice = is_on_sub_device(*memory) ? 1 : 0;
  out->subdeviceId = is_on_sub_device(*memory) ? tile_index(*memory) : 0;
  out->location = ZES_MEM_LOC_DEVICE;
  out->physicalSize = card.vram.count;
  out->busWidth = static_cast<std::int32_t>(card.memory_bus_bits);
  out->numChannels = -1;  // the specification's word for unknown
  return ZE_RESULT_SUCCESS;
}

ze_result_t memory_state(zes_mem_handle_t handle, zes_mem_state_t* out) {
  ZESVM_FIND(memory, SysmanMemory, handle);
  ZESVM_NOT_NULL(out);
  const auto& node = memory->device.node();
  if (node.is_lost(memory->tile)) return ZE_RESULT_ERROR_DEVICE_LOST;
  const auto amount = node.memory_of(memory->tile);
  out->health = ZES_MEM_HEALTH_OK;
  out->free = amount.free.count;
  out->size = amount.total.count;
  return ZE_RESULT_SUCCESS;
}

ze_result_t memory_bandwidth(zes_mem_handle_t handle, zes_mem_bandwidth_t* out) {
  ZESVM_FIND(memory, SysmanMemory, handle);
  ZESVM_NOT_NULL(out);
  const auto counters = memory->device.node().statistics(memory->tile);
  // What migrations and commands moved; accesses of kernels are not counted.
  out->readCounter = counters.copied_out.count;
  out->writeCounter = counters.copied_in.count + counters.copied_peer.count;
  out->maxBandwidth =
      static_cast<std::uint64_t>(memory->device.description().memory_bandwidth.gb_per_second * 1e9);
  out->timestamp = sysman_timestamp();
  return ZE_RESULT_SUCCESS;
}

zes_fabric_port_id_t id_of(const FabricVertex& vertex, std::uint8_t number) {
  const auto& device = vertex.device();
  return {static_cast<std::uint32_t>(device.card() + 1), device.index_in_card(), number};
}

zes_fabric_port_speed_t speed_of(topology::Bandwidth bandwidth) {
  // Lanes are not described: one of them carries all.
  return {static_cast<std::int64_t>(bandwidth.gb_per_second * 8e9), 1};
}

ze_result_t port_properties(zes_fabric_port_handle_t handle, zes_fabric_port_properties_t* out) {
  ZESVM_FIND(port, SysmanPort, handle);
  ZESVM_NOT_NULL(out);
  std::memset(out->model, 0, sizeof(out->model));
  std::strncpy(out->model, "XeLink", sizeof(out->model) - 1);
  const auto& device = port->here.device();
  out->onSubdevice = device.root() != nullptr ? 1 : 0;
  out->subdeviceId = device.root() != nullptr ? device.index_in_card() : 0;
  out->portId = id_of(port->here, port->number);
  out->maxRxSpeed = speed_of(port->link.figures.read);
  out->maxTxSpeed = speed_of(port->link.figures.write);
  return ZE_RESULT_SUCCESS;
}

ze_result_t port_link_type(zes_fabric_port_handle_t handle, zes_fabric_link_type_t* out) {
  ZESVM_FIND(port, SysmanPort, handle);
  ZESVM_NOT_NULL(out);
  std::memset(out->desc, 0, sizeof(out->desc));
  std::strncpy(out->desc, "Xe Link, simulated", sizeof(out->desc) - 1);
  return ZE_RESULT_SUCCESS;
}

ze_result_t port_config(zes_fabric_port_handle_t handle, zes_fabric_port_config_t* out) {
  ZESVM_FIND(port, SysmanPort, handle);
  ZESVM_NOT_NULL(out);
  out->enabled = 1;
  out->beaconing = 0;
  return ZE_RESULT_SUCCESS;
}

/// Returns the number of the port at the other end.
std::uint8_t remote_number(const SysmanPort& port) {
  auto& device = port.there.device();
  auto& card = device.root() != nullptr ? const_cast<Device&>(*device.root()) : device;
  for (const auto& other : SysmanParts::of(card).ports)
    if (&other->here == &port.there && &other->there == &port.here) return other->number;
  return 0;
}

ze_result_t port_state(zes_fabric_port_handle_t handle, zes_fabric_port_state_t* out) {
  ZESVM_FIND(port, SysmanPort, handle);
  ZESVM_NOT_NULL(out);
  return entry([&] {
    const bool lost = port->here.device().is_lost() || port->there.device().is_lost();
    out->status = lost ? ZES_FABRIC_PORT_STATUS_FAILED : ZES_FABRIC_PORT_STATUS_HEALTHY;
    out->qualityIssues = 0;
    out->failureReasons = lost ? ZES_FABRIC_PORT_FAILURE_FLAG_FAILED : 0;
    out->remotePortId = id_of(port->there, remote_number(*port));
    out->rxSpeed = speed_of(port->link.figures.read);
    out->txSpeed = speed_of(port->link.figures.write);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t port_throughput(zes_fabric_port_handle_t handle, zes_fabric_port_throughput_t* out) {
  ZESVM_FIND(port, SysmanPort, handle);
  ZESVM_NOT_NULL(out);
  const auto& device = port->here.device();
  out->timestamp = sysman_timestamp();
  // Counted by tile, not by link: all of a tile's ports show the same.
  out->rxCounter = device.node().statistics(device.tile()).copied_peer.count;
  out->txCounter = 0;
  return ZE_RESULT_SUCCESS;
}

ze_result_t frequency_properties(zes_freq_handle_t handle, zes_freq_properties_t* out) {
  ZESVM_FIND(frequency, SysmanFrequency, handle);
  ZESVM_NOT_NULL(out);
  const auto& card = frequency->device.description();
  out->type = ZES_FREQ_DOMAIN_GPU;
  out->onSubdevice = is_on_sub_device(*frequency) ? 1 : 0;
  out->subdeviceId = is_on_sub_device(*frequency) ? tile_index(*frequency) : 0;
  out->canControl = 0;
  out->isThrottleEventSupported = 0;
  out->min = out->max = card.core_clock_mhz;
  return ZE_RESULT_SUCCESS;
}

ze_result_t frequency_clocks(zes_freq_handle_t handle, std::uint32_t* count, double* clocks) {
  ZESVM_FIND(frequency, SysmanFrequency, handle);
  return enumerate(count, clocks, 1, [&](std::size_t) {
    return static_cast<double>(frequency->device.description().core_clock_mhz);
  });
}

ze_result_t frequency_range(zes_freq_handle_t handle, zes_freq_range_t* out) {
  ZESVM_FIND(frequency, SysmanFrequency, handle);
  ZESVM_NOT_NULL(out);
  out->min = out->max = frequency->device.description().core_clock_mhz;
  return ZE_RESULT_SUCCESS;
}

ze_result_t frequency_state(zes_freq_handle_t handle, zes_freq_state_t* out) {
  ZESVM_FIND(frequency, SysmanFrequency, handle);
  ZESVM_NOT_NULL(out);
  out->currentVoltage = -1;  // the specification's word for unknown
  out->request = out->tdp = out->efficient = out->actual =
      frequency->device.description().core_clock_mhz;
  out->throttleReasons = 0;
  return ZE_RESULT_SUCCESS;
}

ze_result_t frequency_throttle(zes_freq_handle_t handle, zes_freq_throttle_time_t* out) {
  ZESVM_FIND(frequency, SysmanFrequency, handle);
  ZESVM_NOT_NULL(out);
  out->throttleTime = 0;
  out->timestamp = sysman_timestamp();
  return ZE_RESULT_SUCCESS;
}

}  // namespace

void fill(zes_memory_dditable_t& table) {
  table.pfnGetProperties = memory_properties;
  table.pfnGetState = memory_state;
  table.pfnGetBandwidth = memory_bandwidth;
}

void fill(zes_fabric_port_dditable_t& table) {
  table.pfnGetProperties = port_properties;
  table.pfnGetLinkType = port_link_type;
  table.pfnGetConfig = port_config;
  table.pfnGetState = port_state;
  table.pfnGetThroughput = port_throughput;
}

void fill(zes_frequency_dditable_t& table) {
  table.pfnGetProperties = frequency_properties;
  table.pfnGetAvailableClocks = frequency_clocks;
  table.pfnGetRange = frequency_range;
  table.pfnGetState = frequency_state;
  table.pfnGetThrottleTime = frequency_throttle;
}

}  // namespace zesvm::simulator::driver
