/// @file capabilities.hpp
/// What a device can do with memory, as its driver tells; read once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <zesvm/backing.hpp>

namespace zesvm {

/// What a device can do with one kind of memory.
struct MemoryAbilities {
  /// Kernels may read and write it.
  bool can_access = false;
  /// Atomic operations on it work.
  bool has_atomics = false;
  /// While the CPU or another device uses it.
  bool is_concurrent = false;
  /// Atomic operations work while the CPU or another device uses it.
  bool has_concurrent_atomics = false;
};

/// Facts about one tile, and the backing they lead to.
struct Capabilities {
  /// Its own memory, as device allocations.
  MemoryAbilities device_memory;
  /// Host allocations.
  MemoryAbilities host_memory;
  /// Shared allocations that belong to this device, and those that belong to others or to none.
  MemoryAbilities shared_memory;
  /// Shared allocations of others, or of none.
  MemoryAbilities shared_memory_of_others;
  /// Any memory of the program.
  MemoryAbilities system_memory;
  /// Kernels may touch memory that is not there yet.
  bool has_page_faults = false;

  /// The size of its memory.
  std::uint64_t memory_bytes = 0;
  /// The largest single allocation without the driver's relaxed limits.
  std::uint64_t max_allocation_bytes = 0;

  /// The page of virtual memory for small and for large mappings; 0: the driver has none.
  std::uint64_t small_page_bytes = 0;
  /// The same for large mappings.
  std::uint64_t large_page_bytes = 0;
  /// Physical memory can be made on the host and mapped for devices.
  bool has_host_physical_memory = false;

  /// Whether it is a tile that the driver shows as a part of its card; else as a device of its own.
  bool is_sub_device = false;
  /// ZE_FLAT_DEVICE_HIERARCHY and ZE_AFFINITY_MASK as the process has them; may be empty.
  std::string hierarchy;
  /// ZE_AFFINITY_MASK as the process has it; may be empty.
  std::string affinity_mask;
  /// The devices whose memory the driver says it can use in place: indexes of Runtime::devices().
  std::vector<std::size_t> peers;

  /// What `automatic` comes to in this Runtime, and why. The same for all devices.
  Backing backing = Backing::shared;
  /// Why.
  std::string backing_reason;
};

}  // namespace zesvm
