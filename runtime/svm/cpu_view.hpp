/// @file cpu_view.hpp
/// The interface through which the core sees what the CPU has mapped, and traps CPU access.
#pragma once

#include <cstdint>

#include "base/interval.hpp"
#include "base/status.hpp"

namespace zesvm::svm {

/// How an address is accessed.
enum class Access : std::uint8_t { read, write, atomic };

/// Whether the CPU may write to a mapping.
enum class Writable : std::uint8_t { no, yes };
/// Whether the bytes of a mapping may move to VRAM.
enum class Migratable : std::uint8_t {
  /// They stay; a file mapped shared, say.
  no,
  yes,
  /// They stay, and what needs VRAM elsewhere works where they are: atomics of every device.
  not_needed,
};

/// One mapping of the CPU.
struct CpuMapping {
  /// The largest interval known to have the same properties; page aligned, holds the address asked.
  Interval interval;
  Writable writable = Writable::yes;
  Migratable migratable = Migratable::yes;
};

/// How much of an interval holds content.
enum class Populated : std::uint8_t {
  /// Every byte reads as zero and was never written: moving it copies nothing.
  none,
  /// Some pages hold content.
  some,
  /// Every page holds content.
  all,
};

/// What the CPU has mapped. Implemented by the simulated node and by the runtime.
///
/// Called without locks of order notifier or below, possibly with a range held; from any thread.
/// Must touch no application memory and not allocate from the program's heap.
class CpuView {
 public:
  virtual ~CpuView() = default;

  /// Returns the mapping at an address.
  /// @errors   not_mapped
  virtual Result<CpuMapping> mapping_at(Address where) noexcept = 0;

  /// Returns how much of an interval, inside one mapping, holds content.
  virtual Populated populated(Interval interval) noexcept = 0;

  /// Makes every CPU access to the interval fault until untrap(); such accesses wait in
  /// AddressSpace::cpu_fault(). All pages are trapped when it returns, on all threads.
  /// @errors   busy, out_of_host_memory: nothing is trapped, the interval stays in system memory
  virtual Status trap(Interval interval) noexcept = 0;

  /// Gives the CPU access to the interval again, with the permission of its mapping.
  virtual void untrap(Interval interval) noexcept = 0;

  /// Makes the interval, not trapped, read as zeros; its content is dead (B11).
  virtual void clear(Interval interval) noexcept = 0;
};

}  // namespace zesvm::svm
