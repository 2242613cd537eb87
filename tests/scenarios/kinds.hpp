/// @file kinds.hpp
/// The kinds of memory that families run on. kinds.cpp lists them; the classes are in
/// allocated_kinds.cpp (allocators), mapped_kinds.cpp (mmap) and hinted_kinds.cpp (what is asked of
/// the driver around each launch).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scenarios/memory.hpp"

namespace zesvm::scenarios {

class Session;

/// What a kind asks of the devices.
enum class Needs { nothing, any_pointer };
/// Whether the CPU gives the memory its first content, or nobody does: zeros.
enum class FirstContent { marks, zeros };
/// When it must be checked: now and then, or after each round, since it is replaced then.
enum class Checked { at_times, each_round };
/// Whether the CPU may write to it between launches.
enum class CpuAccess { yes, no };
/// Which devices its launches take turns on.
enum class Devices { all, first };

/// A kind, by its name.
struct Kind {
  std::string name;
  std::unique_ptr<Memory> (*make)(Space& space, std::size_t bytes) = nullptr;
  Needs needs = Needs::any_pointer;
  FirstContent content = FirstContent::marks;
  Checked checked = Checked::at_times;
  CpuAccess cpu = CpuAccess::yes;
  Devices devices = Devices::all;

  /// Returns why it does not apply to a node; empty when it does.
  std::string reason_against(const Session& session) const;
};

/// Returns all kinds.
const std::vector<Kind>& kinds();

/// Returns plain memory to do something with: any pointer where the devices take that, else a shared
/// allocation of Level Zero.
std::unique_ptr<Memory> make_plain(Space& space, std::size_t bytes);

// allocated_kinds.cpp
std::unique_ptr<Memory> make_shared(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_paged(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_malloc(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_new(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_free(Space& space, std::size_t bytes);

// mapped_kinds.cpp
std::unique_ptr<Memory> make_mmap(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_mmap_shared(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_mmap_file(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_mmap_huge(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_mlock(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_remap(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_read_only(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_multi_fault(Space& space, std::size_t bytes);

// hinted_kinds.cpp
std::unique_ptr<Memory> make_prefetch(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_prefetch_system(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_madvise(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_busy(Space& space, std::size_t bytes);
std::unique_ptr<Memory> make_device_allocation_between(Space& space, std::size_t bytes);

}  // namespace zesvm::scenarios
