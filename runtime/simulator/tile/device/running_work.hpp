/// @file running_work.hpp
/// The work that runs now, and which of it has failed.
///
/// A fault on a thread of the OpenCL implementation does not tell which kernel it belongs to. With
/// one engine there is only one; with several, a refused fault fails every kernel that runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "simulator/tile/device/mapping_table.hpp"

namespace zesvm::simulator::tile::device {

/// Whether work runs on its engine's thread alone or on the threads of the OpenCL implementation.
enum class WorkKind : std::uint8_t { kernel, transfer };

/// One engine's work.
struct Work {
  WorkKind kind = WorkKind::kernel;
  Status status = Status::ok;
  Address fault_address;
  Access fault_access = Access::read;
};

/// All work that runs.
class RunningWork {
 public:
  explicit RunningWork(MappingTable& mappings) : mappings_(mappings) {}

  /// Notes that work begins on the calling engine's thread.
  void begin(Work& work);
  /// Notes that it ended; with the last failed work, its scratch pages go.
  void end(Work& work);

  /// Returns whether anything runs that a fault of the calling thread may belong to.
  bool is_any();
  /// Returns whether all such work has failed.
  bool has_failed();
  /// Fails the work of the calling thread. Only a work's first failure is kept.
  void fail(Status status, Address where, Access access);

 private:
  // Calls `body` with each work a fault of this thread may belong to.
  template <typename Body>
  void for_each_suspect(Body body);

  MappingTable& mappings_;
  std::mutex lock_;
  std::vector<Work*> running_;
  bool has_scratch_ = false;
};

}  // namespace zesvm::simulator::tile::device
