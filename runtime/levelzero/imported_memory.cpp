#include "levelzero/imported_memory.hpp"

#include <array>
#include <cstdio>
#include <iterator>

#include "levelzero/call.hpp"
#include "levelzero/context.hpp"

namespace zesvm::levelzero {
namespace {

HintResult stays_on_host() {
  return {HintOutcome::ignored,
          "adopted memory stays in system memory: a device cannot use any pointer of the program"};
}

}  // namespace

ze_result_t ImportedMemory::import(Interval memory) {
  const auto import = context_.newer().import_pointer;
  // Intel's driver shows such memory to the device at another address, and gives kernels the program's:
  // the device is lost.
  if (import == nullptr || !context_.is_simulated()) return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
  const ze_result_t result =
      import(context_.driver(), pointer_to<void>(memory.begin), memory.size().count);
  if (result != ZE_RESULT_SUCCESS) return result;
  const Lock guard{lock_};
  imported_.emplace(memory.begin, memory.end);
  return result;
}

bool ImportedMemory::contains(const void* pointer) const {
  const Address where = address_of(pointer);
  const Lock guard{lock_};
  const auto after = imported_.upper_bound(where);
  return after != imported_.begin() && where < std::prev(after)->second;
}

void ImportedMemory::free(Interval footprint) {
  {
    // First: once the driver let it go, another thread may import it.
    const Lock guard{lock_};
    imported_.erase(footprint.begin);
  }
  const ze_result_t result =
      context_.newer().release_pointer(context_.driver(), pointer_to<void>(footprint.begin));
  if (result == ZE_RESULT_SUCCESS) return;
  {
    const Lock guard{lock_};
    imported_.emplace(footprint.begin, footprint.end);
  }
  std::array<char, 64> doing{};
  std::snprintf(doing.data(), doing.size(), "ending the adoption of 0x%llx",
                static_cast<unsigned long long>(footprint.begin.value));
  throw_failed("zexDriverReleaseImportedPointer", result, doing.data());
}

HintResult ImportedMemory::advise(Interval, const Advice&) { return stays_on_host(); }
HintResult ImportedMemory::prefetch(const Tile&, Interval) { return stays_on_host(); }

HintResult ImportedMemory::prefetch_to_system(Interval) {
  return {HintOutcome::already_so, "all of it is in system memory"};
}

HintResult ImportedMemory::hold_on_host(Interval) {
  return {HintOutcome::already_so, "adopted memory stays in system memory here"};
}

void ImportedMemory::release_on_host(Interval) {}
HintResult ImportedMemory::discard(Interval) { return stays_on_host(); }

std::vector<ResidentPiece> ImportedMemory::residency(Interval interval) {
  return {{interval.begin.value, interval.end.value, Place::system, {}, {}}};
}

}  // namespace zesvm::levelzero
