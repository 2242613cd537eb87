/// @file sysman.hpp
/// System management: the view of a card that monitoring tools have.
///
/// A Sysman device handle is the core device handle, as on real drivers, and only answers when
/// ZES_ENABLE_SYSMAN=1 was set at zeInit or zesInit was called. Memory modules, fabric ports and
/// frequency domains exist once for each tile; what a simulated card has not (fans, LEDs, power
/// supplies, sensors ...) is enumerated with count 0.
#pragma once

#include <level_zero/zes_ddi.h>

#include "simulator/driver/fabric.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/tables.hpp"

namespace zesvm::simulator::driver {

/// Returns whether Sysman calls are answered.
bool is_sysman_enabled();

/// The VRAM of one tile.
class SysmanMemory : public Object {
 public:
  using Handle = zes_mem_handle_t;
  static constexpr ObjectKind kind = ObjectKind::sysman_memory;
  SysmanMemory(Device& device, node::TileId tile) : device(device), tile(tile) {}
  Device& device;
  const node::TileId tile;
};

/// The clock of one tile's execution units.
class SysmanFrequency : public Object {
 public:
  using Handle = zes_freq_handle_t;
  static constexpr ObjectKind kind = ObjectKind::sysman_frequency;
  SysmanFrequency(Device& device, node::TileId tile) : device(device), tile(tile) {}
  Device& device;
  const node::TileId tile;
};

/// One end of a fabric edge.
class SysmanPort : public Object {
 public:
  using Handle = zes_fabric_port_handle_t;
  static constexpr ObjectKind kind = ObjectKind::sysman_fabric_port;
  SysmanPort(const FabricVertex& here, const FabricVertex& there, DeviceLink link,
             std::uint8_t number)
      : here(here), there(there), link(link), number(number) {}
  const FabricVertex& here;
  const FabricVertex& there;
  const DeviceLink link;
  const std::uint8_t number;
};

/// Everything Sysman can enumerate of one device; made at the first question, and kept.
struct SysmanParts {
  std::vector<std::shared_ptr<SysmanMemory>> memories;
  std::vector<std::shared_ptr<SysmanFrequency>> frequencies;
  std::vector<std::shared_ptr<SysmanPort>> ports;
  /// Returns the parts of a device.
  static const SysmanParts& of(Device& device);
};

/// Returns nanoseconds of the steady clock in microseconds, the unit of Sysman's timestamps.
std::uint64_t sysman_timestamp();

}  // namespace zesvm::simulator::driver

/// Declares `variable`, the device behind a Sysman handle, or returns from the entry point.
#define ZESVM_FIND_SYSMAN(variable, handle)                                                   \
  if (!::zesvm::simulator::driver::is_sysman_enabled()) return ZE_RESULT_ERROR_UNINITIALIZED; \
  ZESVM_FIND(variable, ::zesvm::simulator::driver::Device,                                    \
             reinterpret_cast<ze_device_handle_t>(handle))
