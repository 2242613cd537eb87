/// @file device_properties.hpp
/// From a node description's words to Level Zero's numbers.
#pragma once

#include <cstdint>
#include <string_view>

#include <level_zero/ze_ddi.h>

namespace zesvm::simulator::driver {

class Device;

/// Fills in what zeDeviceGetProperties reports, extension structures in its chain included.
void describe(const Device& device, ze_device_properties_t& out);

/// Returns the hardware IP version of a family (`pvc`, `bmg`, `dg2`); 0 for others.
std::uint32_t ip_version_of(std::string_view family);

/// Returns the kind of memory a name such as `HBM2e` or `GDDR6` stands for; plain DDR for others.
ze_device_memory_ext_type_t memory_type_of(std::string_view name);

/// Returns what a PCIe connection carries each way, in bytes per second.
std::int64_t pci_bandwidth(std::uint32_t generation, std::uint32_t lanes);

/// Fills the entries of zeDeviceGet...Properties.
void fill_properties(ze_device_dditable_t& table);

}  // namespace zesvm::simulator::driver
