// zesInit, zesDriver*, zesDevice*: the card, its PCI connection, and what it is made of.
#include <atomic>
#include <chrono>
#include <cstring>

#include "base/environment.hpp"
#include "simulator/driver/device_identity.hpp"
#include "simulator/driver/device_properties.hpp"
#include "simulator/driver/enumeration.hpp"
#include "simulator/driver/sysman.hpp"
#include "simulator/node/node.hpp"

namespace zesvm::simulator::driver {

namespace {

std::atomic<bool> sysman_initialised{false};

ze_result_t sysman_init(std::uint32_t flags) {
  if (flags != 0 && flags != 1) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
  const auto result = entry([] { return Driver::initialise(); });
  if (result == ZE_RESULT_SUCCESS) sysman_initialised.store(true, std::memory_order_release);
  return result;
}

ze_result_t get_drivers(std::uint32_t* count, zes_driver_handle_t* drivers) {
  Driver* const driver = Driver::instance();
  if (driver == nullptr || !is_sysman_enabled()) return ZE_RESULT_ERROR_UNINITIALIZED;
  return enumerate(count, drivers, 1, [&](std::size_t) {
    return reinterpret_cast<zes_driver_handle_t>(handle_of(driver));
  });
}

ze_result_t get_devices(zes_driver_handle_t handle, std::uint32_t* count,
                        zes_device_handle_t* devices) {
  if (!is_sysman_enabled()) return ZE_RESULT_ERROR_UNINITIALIZED;
  ZESVM_FIND(driver, Driver, reinterpret_cast<ze_driver_handle_t>(handle));
  const auto roots = driver->roots();
  return enumerate(count, devices, roots.size(), [&](std::size_t i) {
    return reinterpret_cast<zes_device_handle_t>(handle_of(roots[i].get()));
  });
}

/// Finds the device a UUID belongs to; a tile's comes back as its card and the tile's number.
ze_result_t get_device_by_uuid(zes_driver_handle_t handle, ze_uuid_t uuid,
                               zes_device_handle_t* device, ze_bool_t* on_sub_device,
                               std::uint32_t* sub_device) {
  if (!is_sysman_enabled()) return ZE_RESULT_ERROR_UNINITIALIZED;
  ZESVM_FIND(driver, Driver, reinterpret_cast<ze_driver_handle_t>(handle));
  ZESVM_NOT_NULL(device);
  ZESVM_NOT_NULL(on_sub_device);
  ZESVM_NOT_NULL(sub_device);
  const auto matches = [&](const Device& candidate) {
    return std::memcmp(uuid_of(candidate).id, uuid.id, sizeof(uuid.id)) == 0;
  };
  const auto found = [&](const Device& card, const Device& match) {
    *device = reinterpret_cast<zes_device_handle_t>(handle_of(&card));
    *on_sub_device = &card != &match ? 1 : 0;
    *sub_device = &card != &match ? match.index_in_card() : 0;
    return ZE_RESULT_SUCCESS;
  };
  for (const auto& root : driver->roots()) {
    if (matches(*root)) return found(*root, *root);
    for (const auto& tile : root->sub_devices())
      if (matches(*tile)) return found(*root, *tile);
  }
  return ZE_RESULT_ERROR_INVALID_ARGUMENT;
}

ze_result_t get_sysman_extension_properties(zes_driver_handle_t handle, std::uint32_t* count,
                                            void*) {
  if (!is_sysman_enabled()) return ZE_RESULT_ERROR_UNINITIALIZED;
  ZESVM_FIND(driver, Driver, reinterpret_cast<ze_driver_handle_t>(handle));
  ZESVM_NOT_NULL(count);
  *count = 0;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_extension_function(zes_driver_handle_t handle, const char* name, void** address) {
  if (!is_sysman_enabled()) return ZE_RESULT_ERROR_UNINITIALIZED;
  ZESVM_FIND(driver, Driver, reinterpret_cast<ze_driver_handle_t>(handle));
  ZESVM_NOT_NULL(name);
  ZESVM_NOT_NULL(address);
  *address = nullptr;
  return ZE_RESULT_ERROR_INVALID_ARGUMENT;
}

template <std::size_t Size>
void write(char (&out)[Size], const std::string& text) {
  std::memset(out, 0, Size);
  std::strncpy(out, text.c_str(), Size - 1);
}

ze_result_t get_properties(zes_device_handle_t handle, zes_device_properties_t* out) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(out);
  // Programs leave the head of the inner structure uninitialised: its chain is not followed.
  ze_device_properties_t core{};
  core.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  describe(*device, core);
  core.stype = out->core.stype;
  core.pNext = out->core.pNext;
  out->core = core;
  const auto& card = device->description();
  out->numSubdevices = static_cast<std::uint32_t>(device->sub_devices().size());
  write(out->serialNumber, "unknown");
  write(out->boardNumber, "unknown");
  write(out->brandName, "unknown");
  write(out->modelName, card.name);
  write(out->vendorName, "Intel(R) Corporation");
  write(out->driverVersion, "zesvm simulator");
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_state(zes_device_handle_t handle, zes_device_state_t* out) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(out);
  out->reset = device->is_lost() ? ZES_RESET_REASON_FLAG_WEDGED : 0;
  out->repaired = ZES_REPAIR_STATUS_UNSUPPORTED;
  return ZE_RESULT_SUCCESS;
}

zes_pci_speed_t speed_of(const topology::DeviceDescription& card) {
  return {static_cast<std::int32_t>(card.pci_generation), static_cast<std::int32_t>(card.pci_width),
          pci_bandwidth(card.pci_generation, card.pci_width)};
}

ze_result_t get_pci_properties(zes_device_handle_t handle, zes_pci_properties_t* out) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(out);
  const auto& card = device->description();
  out->address = {card.pci_address.domain, card.pci_address.bus, card.pci_address.device,
                  card.pci_address.function};
  out->maxSpeed = speed_of(card);
  out->haveBandwidthCounters = 1;
  out->havePacketCounters = out->haveReplayCounters = 0;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_pci_state(zes_device_handle_t handle, zes_pci_state_t* out) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(out);
  out->status = device->is_lost() ? ZES_PCI_LINK_STATUS_UNKNOWN : ZES_PCI_LINK_STATUS_GOOD;
  out->qualityIssues = 0;
  out->stabilityIssues = 0;
  out->speed = speed_of(device->description());
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_pci_bars(zes_device_handle_t handle, std::uint32_t* count,
                         zes_pci_bar_properties_t* bars) {
  ZESVM_FIND_SYSMAN(device, handle);
  // One: all of VRAM, as with a resizable BAR. Its bus address means nothing here.
  return enumerate_into(count, bars, 1, [&](std::size_t, zes_pci_bar_properties_t& bar) {
    bar.type = ZES_PCI_BAR_TYPE_MEM;
    bar.index = 2;
    bar.base = 0;
    bar.size = device->description().total_vram().count;
    if (bar.stype == ZES_STRUCTURE_TYPE_PCI_BAR_PROPERTIES_1_2) {
      auto& more = reinterpret_cast<zes_pci_bar_properties_1_2_t&>(bar);
      more.resizableBarSupported = more.resizableBarEnabled = 1;
    }
  });
}

ze_result_t get_pci_stats(zes_device_handle_t handle, zes_pci_stats_t* out) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(out);
  out->timestamp = sysman_timestamp();
  out->replayCounter = out->packetCounter = 0;
  out->rxCounter = out->txCounter = 0;
  for (const auto tile : device->tiles()) {
    const auto counters = device->node().statistics(tile);
    out->rxCounter += counters.copied_in.count;
    out->txCounter += counters.copied_out.count;
  }
  out->speed = speed_of(device->description());
  return ZE_RESULT_SUCCESS;
}

ze_result_t ecc_available(zes_device_handle_t handle, ze_bool_t* available) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(available);
  *available = device->description().ecc ? 1 : 0;
  return ZE_RESULT_SUCCESS;
}

ze_result_t ecc_configurable(zes_device_handle_t handle, ze_bool_t* configurable) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(configurable);
  *configurable = 0;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_ecc_state(zes_device_handle_t handle, zes_device_ecc_properties_t* out) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(out);
  out->currentState = out->pendingState =
      device->description().ecc ? ZES_DEVICE_ECC_STATE_ENABLED : ZES_DEVICE_ECC_STATE_UNAVAILABLE;
  out->pendingAction = ZES_DEVICE_ACTION_NONE;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_processes(zes_device_handle_t handle, std::uint32_t* count, zes_process_state_t*) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(count);
  *count = 0;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_card_power(zes_device_handle_t handle, zes_pwr_handle_t* power) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(power);
  return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
}

/// Enumerates what a simulated card has none of.
template <typename Handle>
ze_result_t none(zes_device_handle_t handle, std::uint32_t* count, Handle*) {
  ZESVM_FIND_SYSMAN(device, handle);
  ZESVM_NOT_NULL(count);
  *count = 0;
  return ZE_RESULT_SUCCESS;
}

/// Enumerates one kind of parts.
template <auto Member, typename Handle>
ze_result_t parts(zes_device_handle_t handle, std::uint32_t* count, Handle* handles) {
  ZESVM_FIND_SYSMAN(device, handle);
  return entry([&] {
    const auto& all = SysmanParts::of(*device).*Member;
    return enumerate(count, handles, all.size(),
                     [&](std::size_t i) { return handle_of(all[i].get()); });
  });
}

}  // namespace

bool is_sysman_enabled() {
  static const bool by_environment = environment("ZES_ENABLE_SYSMAN") == "1";
  return by_environment || sysman_initialised.load(std::memory_order_acquire);
}

std::uint64_t sysman_timestamp() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

void fill(zes_device_dditable_t& table) {
  table.pfnGetProperties = get_properties;
  table.pfnGetState = get_state;
  table.pfnProcessesGetState = get_processes;
  table.pfnPciGetProperties = get_pci_properties;
  table.pfnPciGetState = get_pci_state;
  table.pfnPciGetBars = get_pci_bars;
  table.pfnPciGetStats = get_pci_stats;
  table.pfnEccAvailable = ecc_available;
  table.pfnEccConfigurable = ecc_configurable;
  table.pfnGetEccState = get_ecc_state;
  table.pfnGetCardPowerDomain = get_card_power;
  table.pfnEnumMemoryModules = parts<&SysmanParts::memories>;
  table.pfnEnumFrequencyDomains = parts<&SysmanParts::frequencies>;
  table.pfnEnumFabricPorts = parts<&SysmanParts::ports>;
  table.pfnEnumDiagnosticTestSuites = none;
  table.pfnEnumEngineGroups = none;
  table.pfnEnumFans = none;
  table.pfnEnumFirmwares = none;
  table.pfnEnumLeds = none;
  table.pfnEnumPerformanceFactorDomains = none;
  table.pfnEnumPowerDomains = none;
  table.pfnEnumPsus = none;
  table.pfnEnumRasErrorSets = none;
  table.pfnEnumSchedulers = none;
  table.pfnEnumStandbyDomains = none;
  table.pfnEnumTemperatureSensors = none;
}

void add_sysman_functions(FunctionNames& names) {
  add_function(names, "zesInit", sysman_init);
  add_function(names, "zesDriverGet", get_drivers);
  add_function(names, "zesDeviceGet", get_devices);
  add_function(names, "zesDriverGetDeviceByUuidExp", get_device_by_uuid);
  add_function(names, "zesDriverGetExtensionProperties", get_sysman_extension_properties);
  add_function(names, "zesDriverGetExtensionFunctionAddress", get_extension_function);
}

}  // namespace zesvm::simulator::driver
