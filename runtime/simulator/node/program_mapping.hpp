/// @file program_mapping.hpp
/// What the program has mapped at an address, and how tiles can use it.
#pragma once

#include <cstdint>

#include "base/interval.hpp"
#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "simulator/node/process_maps.hpp"

namespace zesvm::simulator::node {

/// How tiles get to see memory of the program.
enum class Use : std::uint8_t {
  /// Its pages are replaced, in place, by those of a file of the node, which may move.
  replaced_and_moved,
  /// The same, but they stay in system memory, and few are replaced at once: memory that the C
  /// library works with on its own. Real devices move it: atomics work as if it were in VRAM.
  replaced_and_kept,
  /// The same, without atomics: private pages of a file, which real devices do not move either.
  replaced,
  /// Its own file is mapped.
  file_mapped,
};

/// A mapping of the program.
struct ProgramMapping {
  Use use = Use::replaced;
  /// The part of it that can be used, around the address asked for.
  Interval usable{};
  ProcessMap map{};
};

/// Returns how tiles can use what the program has mapped at `where`.
///
/// @errors   not_mapped; permission_denied: stacks and what threads need to run; code; memory that
///           cannot be accessed; changed pages of a file that can only be read
/// @context  any, fault
[[nodiscard]] Result<ProgramMapping> program_mapping_at(Address where);

/// Notes where the threads that run now have their stacks and variables, before what the program maps
/// later lies beside them.
void note_threads();

/// Opens the file of a mapping, by whatever way the kernel allows here.
///
/// @errors   permission_denied
[[nodiscard]] Result<UniqueFd> open_file_of(const ProcessMap& map);

/// Returns whether the program may access an address now, itself.
/// @context  any, fault
bool is_accessible(Address where);

}  // namespace zesvm::simulator::node
