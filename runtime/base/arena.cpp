#include "base/arena.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace zesvm {
namespace {

// Sizes are rounded up to a multiple of 16 up to 512 bytes, and from there on to a quarter of the
// power of two below, so that what one use gives back fits the next and little lies idle.
constexpr std::size_t fine_step = 16;
constexpr std::size_t fine_limit = 512;
constexpr std::size_t fine_classes = fine_limit / fine_step;
// From here on memory is mapped for each use alone and unmapped after it.
constexpr std::size_t direct_limit = std::size_t{1} << 20;
constexpr std::size_t steps_per_octave = 4;
constexpr std::size_t coarse_classes = 11 * steps_per_octave;  // 640 bytes ... 1 MiB
constexpr std::size_t slab_size = std::size_t{1} << 21;
// A few thousand nodes of a container: more than invalidations leave behind between collections.
constexpr std::size_t reserve_size = std::size_t{1} << 18;

struct Free {
  Free* next;
};

// Not a Mutex with a place in the order: it is innermost to all of them, leaf included.
struct SizeClass {
  std::mutex lock;
  Free* free = nullptr;
};

struct Arena {
  std::array<SizeClass, fine_classes + coarse_classes> classes;
  std::mutex slab_lock;
  // What is set aside, and how much of it was taken; under slab_lock. (AR1)
  alignas(64) std::array<std::byte, reserve_size> reserve;
  std::size_t reserve_taken = 0;
  std::byte* slab = nullptr;
  std::size_t slab_left = 0;
  std::atomic<std::uint64_t> in_use{0};
  // Counts down to the allocation that fails; 0: none.
  std::atomic<std::uint64_t> fails_in{0};
  std::atomic<bool> has_failed{false};
};

// Never destroyed: threads may still fault while the process exits.
Arena& arena() {
  alignas(Arena) static std::byte storage[sizeof(Arena)];
  static Arena* const made = new (storage) Arena;
  return *made;
}

std::size_t class_of(std::size_t size) {
  if (size <= fine_limit) return (size + fine_step - 1) / fine_step - (size > 0 ? 1 : 0);
  const auto octave = static_cast<std::size_t>(std::bit_width(size - 1)) - 10;
  const std::size_t below = fine_limit << octave;
  const std::size_t step = below / steps_per_octave;
  return fine_classes + octave * steps_per_octave + (size - below + step - 1) / step - 1;
}

std::size_t class_size(std::size_t index) {
  if (index < fine_classes) return (index + 1) * fine_step;
  const std::size_t coarse = index - fine_classes;
  const std::size_t below = fine_limit << (coarse / steps_per_octave);
  return below + below / steps_per_octave * (coarse % steps_per_octave + 1);
}

// Private pages of /dev/zero are anonymous memory, but the kernel never merges their mapping with the
// program's own, and names it: whoever moves the program's memory can leave this memory alone.
void* map_pages(std::size_t size) {
  const int zero = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
  const int anonymous = zero < 0 ? MAP_ANONYMOUS : 0;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_NORESERVE | anonymous, zero, 0);
  if (zero >= 0) ::close(zero);
  return memory == MAP_FAILED ? nullptr : memory;
}

void* cut_from_slab(Arena& arena, std::size_t size) {
  const std::lock_guard guard{arena.slab_lock};
  // Whole cache lines from 64 bytes on: what the fault path reads together lies together.
  const std::size_t alignment = size >= 64 ? 64 : 16;
  const std::size_t skip =
      (alignment - reinterpret_cast<std::uintptr_t>(arena.slab) % alignment) % alignment;
  if (arena.slab_left < size + skip) {
    arena.slab = static_cast<std::byte*>(map_pages(slab_size));
    arena.slab_left = arena.slab ? slab_size : 0;
    if (!arena.slab) return nullptr;
    arena.slab += size;
    arena.slab_left -= size;
    return arena.slab - size;
  }
  std::byte* memory = arena.slab + skip;
  arena.slab = memory + size;
  arena.slab_left -= size + skip;
  return memory;
}

bool is_to_fail(Arena& arena) {
  std::uint64_t left = arena.fails_in.load(std::memory_order_relaxed);
  while (left > 0 && !arena.fails_in.compare_exchange_weak(left, left - 1)) {
  }
  if (left != 1) return false;
  arena.has_failed.store(true);
  return true;
}

}  // namespace

void* arena_allocate(std::size_t size) noexcept {
  Arena& from = arena();
  if (is_to_fail(from)) return nullptr;
  if (size > direct_limit) {
    void* memory = map_pages(size);
    if (memory) from.in_use.fetch_add(size, std::memory_order_relaxed);
    return memory;
  }
  const std::size_t index = class_of(size);
  from.in_use.fetch_add(class_size(index), std::memory_order_relaxed);
  SizeClass& sized = from.classes[index];
  {
    const std::lock_guard guard{sized.lock};
    if (sized.free) {
      Free* memory = sized.free;
      sized.free = memory->next;
      return memory;
    }
  }
  void* memory = cut_from_slab(from, class_size(index));
  if (!memory) from.in_use.fetch_sub(class_size(index), std::memory_order_relaxed);
  return memory;
}

void* arena_allocate_reserved(std::size_t size) noexcept {
  if (void* memory = arena_allocate(size)) return memory;
  Arena& from = arena();
  const std::size_t rounded =
      size > direct_limit ? reserve_size + 1 : (class_size(class_of(size)) + 63) & ~std::size_t{63};
  const std::lock_guard guard{from.slab_lock};
  if (rounded > reserve_size - from.reserve_taken) std::abort();
  from.in_use.fetch_add(class_size(class_of(size)), std::memory_order_relaxed);
  from.reserve_taken += rounded;
  return from.reserve.data() + from.reserve_taken - rounded;
}

void arena_fail_at(std::uint64_t n) noexcept {
  arena().has_failed.store(false);
  arena().fails_in.store(n);
}

bool arena_has_failed() noexcept { return arena().has_failed.load(); }

void arena_free(void* memory, std::size_t size) noexcept {
  if (!memory) return;
  Arena& to = arena();
  if (size > direct_limit) {
    ::munmap(memory, size);
    to.in_use.fetch_sub(size, std::memory_order_relaxed);
    return;
  }
  const std::size_t index = class_of(size);
  to.in_use.fetch_sub(class_size(index), std::memory_order_relaxed);
  SizeClass& sized = to.classes[index];
  const std::lock_guard guard{sized.lock};
  sized.free = new (memory) Free{sized.free};
}

Bytes arena_in_use() noexcept { return {arena().in_use.load(std::memory_order_relaxed)}; }

}  // namespace zesvm
