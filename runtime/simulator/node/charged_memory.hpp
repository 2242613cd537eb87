/// @file charged_memory.hpp
/// The mover and the page tables of a node, with the virtual clock charged for what they do.
#pragma once

#include "pagemap/memory_mover.hpp"
#include "simulator/node/virtual_clock.hpp"
#include "svm/device_port.hpp"

namespace zesvm::simulator::node {

/// A mover that charges the moves that succeed to the timeline of the calling thread.
class ChargedMover : public pagemap::MemoryMover {
 public:
  ChargedMover(pagemap::MemoryMover& mover, VirtualClock& clock) : mover_(mover), clock_(clock) {}

  Status copy_to_vram(Interval from, pagemap::Extent to) noexcept override;
  Status copy_to_system(pagemap::Extent from, Interval to) noexcept override;
  Status copy_between(Interval interval, pagemap::Extent from,
                      pagemap::Extent to) noexcept override;
  Status clear(pagemap::Extent extent) noexcept override;

 private:
  pagemap::MemoryMover& mover_;
  VirtualClock& clock_;
};

/// A page table that charges its changes likewise.
class ChargedPort : public svm::DevicePort {
 public:
  ChargedPort(svm::DevicePort& port, VirtualClock& clock) : port_(port), clock_(clock) {}

  Status map(Interval interval, const svm::Mapping& mapping) noexcept override;
  void unmap(Interval interval, svm::Direction mapped_as) noexcept override;
  void flush(Interval interval) noexcept override;

 private:
  svm::DevicePort& port_;
  VirtualClock& clock_;
};

}  // namespace zesvm::simulator::node
