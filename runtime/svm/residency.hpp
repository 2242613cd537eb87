/// @file residency.hpp
/// Where memory is, as AddressSpace::residency() tells it (D8).
#pragma once

#include <optional>
#include <vector>

#include "base/arena.hpp"
#include "base/interval.hpp"
#include "pagemap/block.hpp"
#include "pagemap/owner.hpp"
#include "svm/attributes.hpp"
#include "svm/device_port.hpp"

namespace zesvm::svm {

/// Where one chunk is (D8).
struct ChunkResidency {
  Interval interval;
  /// False: no device ever touched it, or not any more; the rest is default then.
  bool has_range = false;
  /// Null: system memory.
  const pagemap::Pagemap* pagemap = nullptr;
  pagemap::Extent extent;
  bool is_device_memory = false;
  Attributes attributes;
  std::optional<Place> last_prefetch;
  struct MappedOn {
    DeviceId device;
    pagemap::Protocol protocol = pagemap::Protocol::none;
  };
  // Filled while a range is held, which those wait for whose calls have the heap locked.
  std::vector<MappedOn, ArenaAllocator<MappedOn>> mapped_on;
};

/// Where the chunks of an interval are.
struct Residency {
  std::vector<ChunkResidency> chunks;
  /// The one place of all; nothing when it is mixed. `Place::faulting()` never.
  std::optional<Place> place;
  std::optional<Attributes> attributes;
  std::optional<Place> last_prefetch;
  bool is_mixed() const { return !place.has_value(); }
};

}  // namespace zesvm::svm
