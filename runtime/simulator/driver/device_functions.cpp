// zeDevice*: finding devices, what they share with each other, their state and their clock.
#include <algorithm>

#include "simulator/driver/device_clock.hpp"
#include "simulator/driver/device_links.hpp"
#include "simulator/driver/device_properties.hpp"
#include "simulator/driver/enumeration.hpp"
#include "simulator/driver/extension_chain.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/node/node.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t get(ze_driver_handle_t handle, std::uint32_t* count, ze_device_handle_t* devices) {
  ZESVM_FIND(driver, Driver, handle);
  const auto all = driver->devices();
  return enumerate(count, devices, all.size(),
                   [&](std::size_t i) { return handle_of(all[i].get()); });
}

ze_result_t get_sub_devices(ze_device_handle_t handle, std::uint32_t* count,
                            ze_device_handle_t* devices) {
  ZESVM_FIND(device, Device, handle);
  const auto parts = device->sub_devices();
  return enumerate(count, devices, parts.size(),
                   [&](std::size_t i) { return handle_of(parts[i].get()); });
}

ze_result_t get_root_device(ze_device_handle_t handle, ze_device_handle_t* root) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(root);
  *root = device->root() != nullptr ? handle_of(device->root()) : nullptr;
  return ZE_RESULT_SUCCESS;
}

ze_result_t can_access_peer(ze_device_handle_t handle, ze_device_handle_t peer_handle,
                            ze_bool_t* value) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_FIND(peer, Device, peer_handle);
  ZESVM_NOT_NULL(value);
  *value = device->can_access(*peer) ? 1 : 0;
  return ZE_RESULT_SUCCESS;
}

void fill_bandwidth(const DeviceLink& link, ze_device_p2p_bandwidth_exp_properties_t& out) {
  // The smaller of the two directions: what a program can count on.
  const double gigabytes =
      std::min(link.figures.read.gb_per_second, link.figures.write.gb_per_second);
  out.logicalBandwidth = out.physicalBandwidth = static_cast<std::uint32_t>(gigabytes);
  out.bandwidthUnit = ZE_BANDWIDTH_UNIT_BYTES_PER_NANOSEC;
  out.logicalLatency = out.physicalLatency =
      static_cast<std::uint32_t>(link.figures.latency.count());
  out.latencyUnit = ZE_LATENCY_UNIT_NANOSEC;
}

ze_result_t get_p2p_properties(ze_device_handle_t handle, ze_device_handle_t peer_handle,
                               ze_device_p2p_properties_t* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_FIND(peer, Device, peer_handle);
  ZESVM_NOT_NULL(out);
  const auto link = link_between(*device, *peer);
  const bool access = device->can_access(*peer);
  out->flags = access ? ZE_DEVICE_P2P_PROPERTY_FLAG_ACCESS : 0;
  if (access && link.atomics) out->flags |= ZE_DEVICE_P2P_PROPERTY_FLAG_ATOMICS;
  if (auto* bandwidth = extension<ze_device_p2p_bandwidth_exp_properties_t>(
          chain_of(*out, ZE_STRUCTURE_TYPE_DEVICE_P2P_PROPERTIES),
          ZE_STRUCTURE_TYPE_DEVICE_P2P_BANDWIDTH_EXP_PROPERTIES))
    fill_bandwidth(access ? link : DeviceLink{}, *bandwidth);
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_status(ze_device_handle_t handle) {
  ZESVM_FIND(device, Device, handle);
  return device->is_lost() ? ZE_RESULT_ERROR_DEVICE_LOST : ZE_RESULT_SUCCESS;
}

ze_result_t get_global_timestamps(ze_device_handle_t handle, std::uint64_t* host,
                                  std::uint64_t* device_ticks) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(host);
  ZESVM_NOT_NULL(device_ticks);
  if (device->is_lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
  const auto& card = device->description();
  *device_ticks = DeviceClock{card.timer_resolution_ns, card.timestamp_bits}.now();
  *host = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                         std::chrono::steady_clock::now().time_since_epoch())
                                         .count());
  return ZE_RESULT_SUCCESS;
}

ze_result_t reserve_cache(ze_device_handle_t handle, std::size_t level, std::size_t size) {
  ZESVM_FIND(device, Device, handle);
  // No cache can be reserved; giving up a reservation that never was succeeds.
  const bool known = level == 0 || std::any_of(device->description().caches.begin(),
                                               device->description().caches.end(),
                                               [&](auto& cache) { return cache.level == level; });
  if (!known) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  return size == 0 ? ZE_RESULT_SUCCESS : ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
}

ze_result_t set_cache_advice(ze_device_handle_t handle, void* pointer, std::size_t,
                             ze_cache_ext_region_t region) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(pointer);
  if (region > ZE_CACHE_EXT_REGION_ZE_CACHE_NON_RESERVED_REGION)
    return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  return region == ZE_CACHE_EXT_REGION_ZE_CACHE_RESERVE_REGION ? ZE_RESULT_ERROR_UNSUPPORTED_FEATURE
                                                               : ZE_RESULT_SUCCESS;
}

ze_result_t get_pci_properties(ze_device_handle_t handle, ze_pci_ext_properties_t* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(out);
  const auto& card = device->description();
  out->address = {card.pci_address.domain, card.pci_address.bus, card.pci_address.device,
                  card.pci_address.function};
  out->maxSpeed.genVersion = static_cast<std::int32_t>(card.pci_generation);
  out->maxSpeed.width = static_cast<std::int32_t>(card.pci_width);
  out->maxSpeed.maxBandwidth = pci_bandwidth(card.pci_generation, card.pci_width);
  return ZE_RESULT_SUCCESS;
}

}  // namespace

std::int64_t pci_bandwidth(std::uint32_t generation, std::uint32_t lanes) {
  // Megabytes per second and lane, after the line code: 8b/10b up to generation 2, then 128b/130b.
  constexpr std::int64_t of_lane[]{0, 250, 500, 985, 1969, 3938, 7563};
  const auto known = std::min<std::size_t>(generation, std::size(of_lane) - 1);
  return of_lane[known] * 1'000'000 * lanes;
}

void fill(ze_device_dditable_t& table) {
  fill_properties(table);
  table.pfnGet = get;
  table.pfnGetSubDevices = get_sub_devices;
  table.pfnGetP2PProperties = get_p2p_properties;
  table.pfnCanAccessPeer = can_access_peer;
  table.pfnGetStatus = get_status;
  table.pfnGetGlobalTimestamps = get_global_timestamps;
  table.pfnReserveCacheExt = reserve_cache;
  table.pfnSetCacheAdviceExt = set_cache_advice;
  table.pfnPciGetPropertiesExt = get_pci_properties;
}

void add_device_functions(FunctionNames& names) {
  add_function(names, "zeDeviceGetRootDevice", get_root_device);
}

}  // namespace zesvm::simulator::driver
