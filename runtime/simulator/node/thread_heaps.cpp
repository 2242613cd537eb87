#include "simulator/node/thread_heaps.hpp"

#include <fcntl.h>
#include <optional>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace zesvm::simulator::node {
namespace {

/// Heaps begin at multiples of their largest size.
constexpr Bytes largest_heap = 64_MiB;

/// Where in its first heap an arena is: behind the description, whose size varies.
constexpr Interval arena_offsets{Address{32}, Address{256}};

/// What a heap begins with.
struct HeapDescription {
  Address arena;
  Address heap_before;
  Bytes size;
  Bytes writable_size;
};
static_assert(sizeof(HeapDescription) == 4 * sizeof(void*));

/// Reads through the kernel: there may be nothing.
std::optional<HeapDescription> description_at(int memory, Address heap) {
  HeapDescription found{};
  if (::pread(memory, &found, sizeof found, static_cast<off_t>(heap.value)) != sizeof found)
    return std::nullopt;
  return found;
}

}  // namespace

bool is_in_thread_heap(Address where) {
  const UniqueFd memory{::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)};
  const Address heap = align_down(where, largest_heap);
  const auto own = description_at(memory.get(), heap);
  if (!own || own->size > own->writable_size || own->writable_size > largest_heap) return false;
  if (!is_aligned(Address{own->size.count}, cpu_page) || where >= heap + own->writable_size)
    return false;
  const Address first = align_down(own->arena, largest_heap);
  if (!arena_offsets.contains(Address{(own->arena - first).count})) return false;
  const auto firsts = first == heap ? own : description_at(memory.get(), first);
  return firsts && firsts->arena == own->arena && firsts->heap_before == Address{};
}

}  // namespace zesvm::simulator::node
