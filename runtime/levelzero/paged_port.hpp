/// @file paged_port.hpp
/// One tile as the core drives it for paged memory.
#pragma once

#include "levelzero/device_memory.hpp"
#include "svm/device_port.hpp"

namespace zesvm::levelzero {

/// Maps ranges on a tile. Takes no mapping away (DM4).
class PagedPort final : public svm::DevicePort {
 public:
  PagedPort(DeviceMemory& devices, std::size_t tile) : devices_(devices), tile_(tile) {}

  Status map(Interval interval, const svm::Mapping& mapping) noexcept override {
    return devices_.map(tile_, interval, mapping);
  }
  void unmap(Interval, svm::Direction) noexcept override {}
  void flush(Interval) noexcept override {}

 private:
  DeviceMemory& devices_;
  const std::size_t tile_;
};

}  // namespace zesvm::levelzero
