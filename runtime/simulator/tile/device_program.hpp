/// @file device_program.hpp
/// Where the helper program is, and how it is started.
#pragma once

#include <string>
#include <sys/types.h>

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "simulator/tile/tile_process.hpp"

namespace zesvm::simulator::tile {

/// Returns the path of `zesvm-sim-device`: `ZESVM_SIM_DEVICE` if set, else the one installed (or
/// built) with the library this code is part of; empty when there is none.
std::string device_program();

/// A started helper.
struct HelperProcess {
  pid_t id = 0;
  /// Refers to the process even after its id was given to another.
  UniqueFd handle;
  /// Connected to the helper; end of file when it died.
  UniqueFd socket;
};

/// Starts a helper; the shared memory is the first descriptor it gets.
///
/// The helper dies with the calling thread: PR_SET_PDEATHSIG is about threads.
/// @errors   unsupported: the program does not start; out_of_host_memory
Result<HelperProcess> start_helper(const TileOptions& options, int shared_memory, unsigned workers);

}  // namespace zesvm::simulator::tile
