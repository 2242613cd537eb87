#include <algorithm>
#include <cstdint>
#include <limits>
#include <sys/mman.h>

#include <zesvm/address_space.hpp>

#include "api/allocations.hpp"
#include "api/text.hpp"
#include "levelzero/call.hpp"
#include "levelzero/capabilities.hpp"
#include "levelzero/command_list.hpp"
#include "levelzero/context.hpp"
#include "levelzero/imported_memory.hpp"
#include "levelzero/paged_memory.hpp"
#include "levelzero/placement_node.hpp"
#include "levelzero/work_trace.hpp"
#include "topology/range_placement.hpp"

namespace zesvm {
namespace {

// More than a device's limit for one allocation is allowed: pages move in and out as needed.
ze_relaxed_allocation_limits_exp_desc_t relaxed_limits() {
  ze_relaxed_allocation_limits_exp_desc_t limits{};
  limits.stype = ZE_STRUCTURE_TYPE_RELAXED_ALLOCATION_LIMITS_EXP_DESC;
  limits.flags = ZE_RELAXED_ALLOCATION_LIMITS_EXP_FLAG_MAX_SIZE;
  return limits;
}

// 2 MiB: the largest chunk memory moves in. 64 KiB: the smallest some devices move. An allocation
// that ends inside a chunk would move in smaller ones, or not at all; from half a chunk on the rest
// is worth that.
constexpr Bytes large_chunk = 2_MiB;
constexpr Bytes small_chunk = 64_KiB;

/// What is asked of the driver for an allocation.
struct Footprint {
  Bytes size;
  Bytes alignment;
  /// What the program asked for; the rest of the alignment is only better to have.
  Bytes needed_alignment;
  bool is_small = false;
};

/// What the driver gave, and the part of it that is used.
struct Given {
  Interval used;
  Address memory;
};

Footprint footprint_of(Bytes size, Bytes alignment) {
  // Sums below must not wrap; the driver refuses such sizes in its own words.
  if (size > 1_GiB * 1024 * 1024) return {size, alignment, std::max(alignment, Bytes{1}), false};
  const bool is_small = size < large_chunk / 2;
  const Bytes chunk = is_small ? small_chunk : large_chunk;
  return {align_up(size, chunk), std::max(alignment, chunk), std::max(alignment, Bytes{1}),
          is_small};
}

// Devices map what the CPU never touched in their smallest pages, and some cannot move those.
void touch(void* pointer, Bytes size) {
  auto* bytes = static_cast<volatile char*>(pointer);
  for (std::size_t i = 0; i < size.count; i += cpu_page.count) bytes[i] = 0;
}

// An allocation that belongs to no device may be used by all; the only device can have it.
ze_device_handle_t home_of(const levelzero::Context& context) {
  return context.tiles().size() == 1 ? context.tiles().front().handle : nullptr;
}

void* ask_driver(const levelzero::Context& context, Bytes size, Bytes alignment,
                 const std::string& doing) {
  auto limits = relaxed_limits();
  ze_device_mem_alloc_desc_t device{};
  device.stype = ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC;
  device.pNext = &limits;
  ze_host_mem_alloc_desc_t host{};
  host.stype = ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC;
  void* pointer = nullptr;
  ZESVM_ZE(zeMemAllocShared(context.handle(), &device, &host, size.count, alignment.count,
                            home_of(context), &pointer),
           doing);
  return pointer;
}

Given allocate_shared(const levelzero::Context& context, const Footprint& footprint,
                      const std::string& doing) {
  void* pointer = ask_driver(context, footprint.size, footprint.alignment, doing);
  Address begin = align_up(address_of(pointer), footprint.needed_alignment);
  if (begin != address_of(pointer)) {
    // Intel's driver forgets larger alignments where an allocation belongs to no device.
    zeMemFree(context.handle(), pointer);
    pointer = ask_driver(context, footprint.size + footprint.needed_alignment, footprint.alignment,
                         doing);
    begin = align_up(address_of(pointer), footprint.needed_alignment);
  }
  if (footprint.is_small) touch(pointer_to<void>(begin), footprint.size);
  return {{begin, begin + footprint.size}, address_of(pointer)};
}

Interval allocate_paged(levelzero::Context& context, const Footprint& footprint,
                        const std::string& doing) {
  try {
    return context.paged_memory().allocate(footprint.size, footprint.alignment);
  } catch (const Error& error) {
    throw Error(error.code(), doing + ": " + error.what(), error.call(), error.result());
  }
}

// A mapping of its own, so that chunks share nothing with other memory of the program.
Interval map_program_memory(const Footprint& footprint, const std::string& doing) {
  const Bytes mapped = footprint.size + footprint.alignment;
  void* const pointer = mapped < footprint.size
                            ? MAP_FAILED
                            : ::mmap(nullptr, mapped.count, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pointer == MAP_FAILED)
    throw Error(ErrorCode::out_of_host_memory, doing + ": the kernel has no room for it", "mmap");
  const Interval all{address_of(pointer), address_of(pointer) + mapped};
  const Address begin = align_up(all.begin, footprint.alignment);
  const Interval given{begin, begin + footprint.size};
  if (all.begin < given.begin) ::munmap(pointer, (given.begin - all.begin).count);
  if (given.end < all.end) ::munmap(pointer_to<void>(given.end), (all.end - given.end).count);
  return given;
}

// A simulated node that keeps a trace tells of its own allocations.
void note_allocated(const levelzero::Context& context, Interval interval, Backing backing) {
  levelzero::WorkTrace* const trace = context.trace();
  if (trace != nullptr && trace->is_alone()) trace->allocated(interval, backing);
}

void note_freed(const levelzero::Context& context, Address begin) {
  levelzero::WorkTrace* const trace = context.trace();
  if (trace != nullptr && trace->is_alone()) trace->freed(begin);
}

}  // namespace

AddressSpace::AddressSpace(levelzero::Context& context, Backing backing)
    : context_(context),
      backing_(backing),
      allocations_(std::make_unique<Allocations>()),
      host_memory_(std::make_unique<topology::RangePlacement>(
          topology::HostNuma::of_this_machine(),
          [&context] { return levelzero::numa_nodes_of(context); })) {}

AddressSpace::~AddressSpace() {
  for (const Allocations::Living& living : allocations_->take_all()) {
    try {
      Allocations::give_back(context_, living);
    } catch (const Error&) {
      // The context, which goes next, ends what is left.
    }
  }
}

std::size_t AddressSpace::checked_size(std::size_t count, std::size_t element) {
  if (count <= std::numeric_limits<std::size_t>::max() / element) return count * element;
  throw Error(ErrorCode::invalid_argument, "allocating " + std::to_string(count) + " objects of " +
                                               std::to_string(element) +
                                               " bytes: more than an address can count");
}

void* AddressSpace::allocate_bytes(std::size_t bytes, std::size_t alignment, Backing backing) {
  const std::string doing = "allocating " + size_text(bytes);
  if (bytes == 0) throw Error(ErrorCode::invalid_argument, doing + ": ask for at least one byte");
  if ((alignment & (alignment - 1)) != 0)
    throw Error(ErrorCode::invalid_argument,
                doing + " aligned to " + std::to_string(alignment) + ": not a power of two");
  if (backing == Backing::automatic) backing = backing_;
  const Footprint footprint = footprint_of(Bytes{bytes}, Bytes{alignment});
  Given given{};
  switch (backing) {
    case Backing::paged: given.used = allocate_paged(context_, footprint, doing); break;
    case Backing::system:
      levelzero::check_possible(backing, context_.tiles());
      given.used = map_program_memory(footprint, doing);
      break;
    case Backing::automatic:
    case Backing::shared: given = allocate_shared(context_, footprint, doing);
  }
  const Address begin = given.used.begin;
  allocations_->add({{begin, begin + Bytes{bytes}}, given.used.end, backing, false, given.memory});
  note_allocated(context_, given.used, backing);
  return pointer_to<void>(begin);
}

void AddressSpace::adopt(void* pointer, std::size_t bytes) {
  const std::string doing = "adopting " + size_text(bytes) + " at " + address_text(pointer);
  const auto interval = Interval::checked(address_of(pointer), Bytes{bytes});
  if (bytes == 0 || !interval) throw Error(ErrorCode::invalid_argument, doing + ": nothing there");
  if (allocations_->overlaps(*interval))
    throw Error(ErrorCode::invalid_argument,
                doing + ": part of it is in memory of this address space already");
  if (const levelzero::Tile* const lacking = levelzero::without_system_memory(context_.tiles())) {
    const ze_result_t result = context_.imported_memory().import(*interval);
    if (result != ZE_RESULT_SUCCESS)
      throw Error(
          ErrorCode::unsupported,
          doing + ": " + lacking->name +
              " cannot use any pointer of the program (shared-system access), and the driver "
              "did not import this memory (" +
              levelzero::name_of(result) +
              "); use memory of AddressSpace::allocate, or a Vector, instead");
  }
  allocations_->add({*interval, interval->end, Backing::system, true, {}});
  note_allocated(context_, *interval, Backing::system);
}

std::optional<Backing> AddressSpace::backing_of(const void* pointer) const noexcept {
  return allocations_->backing_at(address_of(pointer));
}

void AddressSpace::Allocations::give_back(levelzero::Context& context, const Living& living) {
  void* const pointer = pointer_to<void>(living.interval.begin);
  const Interval footprint{living.interval.begin, living.footprint_end};
  if (levelzero::MemoryBacking* const backing = context.backing_at(pointer))
    return backing->free(footprint);
  if (living.is_adopted) return;
  if (living.backing == Backing::system) {
    ::munmap(pointer, footprint.size().count);
    return;
  }
  ZESVM_ZE(zeMemFree(context.handle(), pointer_to<void>(living.memory)),
           "freeing " + address_text(pointer));
}

// Memory that stays, or whose addresses the kernel may give to others, keeps no advice.
void AddressSpace::forget_advice(const void* pointer) {
  const auto living = allocations_->at(address_of(pointer));
  if (!living || living->interval.begin != address_of(pointer)) return;
  if (living->is_adopted || (living->backing == Backing::system && !context_.is_simulated()))
    take_advice_back(living->interval);
}

void AddressSpace::free(void* pointer) {
  if (pointer == nullptr) return;
  forget_advice(pointer);
  // Removed first: once the driver has it back, another thread may be given the same address.
  const auto living = allocations_->remove(address_of(pointer));
  if (!living)
    throw Error(ErrorCode::unknown_memory,
                "freeing " + address_text(pointer) +
                    ": no living allocation of this address space begins there");
  host_memory_->forget(living->interval);
  try {
    note_freed(context_, living->interval.begin);
    Allocations::give_back(context_, *living);
  } catch (const Error&) {
    allocations_->add(*living);
    throw;
  }
}

void AddressSpace::free_quietly(void* pointer) noexcept {
  try {
    free(pointer);
  } catch (const Error&) {
    // The Runtime frees it at its end.
  }
}

levelzero::PagedMemory* AddressSpace::paged_at(const void* pointer) const noexcept {
  levelzero::PagedMemory* const paged = context_.paged();
  return paged != nullptr && paged->contains(pointer) ? paged : nullptr;
}

bool AddressSpace::contains(const void* pointer) const noexcept {
  return allocations_->covering(address_of(pointer)).has_value();
}

std::uint64_t AddressSpace::allocated_bytes() const noexcept { return allocations_->total().count; }

void AddressSpace::check(const void* pointer, std::size_t bytes, const char* doing) const {
  const std::string what =
      std::string(doing) + " " + size_text(bytes) + " at " + address_text(pointer);
  const auto interval = Interval::checked(address_of(pointer), Bytes{bytes});
  if (bytes == 0 || !interval)
    throw Error(ErrorCode::invalid_argument, what +
                                                 ": an interval must be at least one byte, and "
                                                 "end in the address space");
  const auto allocation = allocations_->covering(interval->begin);
  if (!allocation)
    throw Error(ErrorCode::unknown_memory,
                what + ": not in memory of this address space (AddressSpace::allocate)");
  if (!allocation->contains(*interval))
    throw Error(ErrorCode::invalid_argument, what + ": leaves its allocation, which is " +
                                                 size_text(allocation->size().count) + " at " +
                                                 address_text(pointer_to<void>(allocation->begin)));
}

}  // namespace zesvm
