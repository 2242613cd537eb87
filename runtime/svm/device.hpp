/// @file device.hpp
/// The devices of an address space, as the core keeps them.
#pragma once

#include <atomic>

#include "pagemap/pagemap.hpp"
#include "svm/device_port.hpp"
#include "svm/statistics.hpp"

namespace zesvm::svm {

/// What becomes of the memory of a device that leaves.
enum class Content : std::uint8_t { kept, lost };

/// One device of an address space.
struct Device {
  DeviceId id;
  DevicePort& port;
  pagemap::Pagemap* vram;
  DeviceTraits traits;
  /// It left: nothing new is mapped on it. Set before its mappings go.
  std::atomic<bool> is_gone{false};
  /// Its memory content is gone: copies from it are skipped.
  std::atomic<bool> is_lost{false};
  DeviceCounters counters;

  Device(DeviceId device_id, DevicePort& device_port, pagemap::Pagemap* device_vram,
         const DeviceTraits& device_traits)
      : id(device_id), port(device_port), vram(device_vram), traits(device_traits) {}
};

/// All devices that ever joined, readable without a lock; replaced when one joins.
struct DeviceTable {
  std::size_t count = 0;
  DeviceTable* outgrown = nullptr;
  Device* devices[1] = {};
};

}  // namespace zesvm::svm
