#include <algorithm>
#include <cstdint>
#include <limits>

#include <zesvm/address_space.hpp>

#include "api/allocations.hpp"
#include "api/text.hpp"
#include "levelzero/call.hpp"
#include "levelzero/command_list.hpp"
#include "levelzero/context.hpp"

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
  bool is_small = false;
};

Footprint footprint_of(Bytes size, Bytes alignment) {
  // Sums below must not wrap; the driver refuses such sizes in its own words.
  if (size > 1_GiB * 1024 * 1024) return {size, alignment, false};
  const bool is_small = size < large_chunk / 2;
  const Bytes chunk = is_small ? small_chunk : large_chunk;
  return {align_up(size, chunk), std::max(alignment, chunk), is_small};
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

}  // namespace

AddressSpace::AddressSpace(levelzero::Context& context)
    : context_(context), allocations_(std::make_unique<Allocations>()) {}

AddressSpace::~AddressSpace() {
  for (const Interval& interval : allocations_->take_all())
    zeMemFree(context_.handle(), pointer_to<void>(interval.begin));
}

std::size_t AddressSpace::checked_size(std::size_t count, std::size_t element) {
  if (count <= std::numeric_limits<std::size_t>::max() / element) return count * element;
  throw Error(ErrorCode::invalid_argument, "allocating " + std::to_string(count) + " objects of " +
                                               std::to_string(element) +
                                               " bytes: more than an address can count");
}

void* AddressSpace::allocate_bytes(std::size_t bytes, std::size_t alignment) {
  const std::string doing = "allocating " + size_text(bytes);
  if (bytes == 0) throw Error(ErrorCode::invalid_argument, doing + ": ask for at least one byte");
  if ((alignment & (alignment - 1)) != 0)
    throw Error(ErrorCode::invalid_argument,
                doing + " aligned to " + std::to_string(alignment) + ": not a power of two");
  auto limits = relaxed_limits();
  ze_device_mem_alloc_desc_t device{};
  device.stype = ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC;
  device.pNext = &limits;
  ze_host_mem_alloc_desc_t host{};
  host.stype = ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC;
  void* pointer = nullptr;
  const Footprint footprint = footprint_of(Bytes{bytes}, Bytes{alignment});
  ZESVM_ZE(zeMemAllocShared(context_.handle(), &device, &host, footprint.size.count,
                            footprint.alignment.count, home_of(context_), &pointer),
           doing);
  if (footprint.is_small) touch(pointer, footprint.size);
  const Address begin = address_of(pointer);
  allocations_->add({{begin, begin + Bytes{bytes}}, begin + footprint.size});
  return pointer;
}

void AddressSpace::free(void* pointer) {
  if (pointer == nullptr) return;
  // Removed first: once the driver has it back, another thread may be given the same address.
  const auto living = allocations_->remove(address_of(pointer));
  if (!living)
    throw Error(ErrorCode::unknown_memory,
                "freeing " + address_text(pointer) +
                    ": no living allocation of this address space begins there");
  const ze_result_t result = zeMemFree(context_.handle(), pointer);
  if (result == ZE_RESULT_SUCCESS) return;
  allocations_->add(*living);
  levelzero::throw_failed("zeMemFree", result, "freeing " + address_text(pointer));
}

void AddressSpace::free_quietly(void* pointer) noexcept {
  try {
    free(pointer);
  } catch (const Error&) {
    // The Runtime frees it at its end.
  }
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
