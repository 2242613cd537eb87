/// @file imported_pointers.hpp
/// Memory of the program that it announced to the driver, to be used by copies and kernels later:
/// what the extension functions zexDriverImportExternalPointer and its companions know.
///
/// Real drivers pin such memory in system memory. For devices that take any pointer it is remembered
/// only; others use it where it is, in launches that are given a pointer into it.
///
/// M1  imported intervals are not empty and do not overlap
#pragma once

#include <map>
#include <optional>

#include <level_zero/ze_api.h>

#include "base/interval.hpp"
#include "base/mutex.hpp"

namespace zesvm::simulator::driver {

/// The imported intervals of one driver.
class ImportedPointers {
 public:
  /// Remembers an interval that is not empty; one inside an imported one already is.
  /// @errors  as Intel's driver: OVERLAPPING_REGIONS between two imported ones,
  ///          HANDLE_OBJECT_IN_USE beginning in one, INVALID_SIZE ending in one
  /// @locks   takes leaf
  ze_result_t import(Interval memory);
  /// Forgets the imported interval that begins at `base`; returns whether there was one.
  /// @locks takes leaf
  bool release(Address base);
  /// Returns the imported interval around an address. @locks takes leaf
  std::optional<Interval> at(Address where) const;

 private:
  std::optional<Interval> find(Address where) const ZESVM_REQUIRES(lock_);

  mutable Mutex<LockOrder::leaf> lock_;
  std::map<Address, Address> ends_ ZESVM_GUARDED_BY(lock_);  // by where they begin
};

}  // namespace zesvm::simulator::driver
