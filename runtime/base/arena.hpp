/// @file arena.hpp
/// Memory for the fault path: taken from the kernel directly and never from the program's heap,
/// which a fault may have interrupted, or which may be the very memory that is moving.
///
/// Freed memory is kept by size and reused; it goes back to the kernel at the end of the process.
///
/// AR1  a part is set aside for those who may not fail: an invalidation must be noted whatever the
///      host has left. Who takes from it must not need more than a few nodes at a time
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "base/sizes.hpp"
#include "base/status.hpp"

namespace zesvm {

/// Returns zeroed or reused memory of at least `size` bytes, aligned to 16 (to 64 from 64 bytes
/// on); null when the host has none.
/// @locks    takes a lock of its own, innermost
/// @context  any, fault
void* arena_allocate(std::size_t size) noexcept;
/// Gives back what arena_allocate(size) returned.
void arena_free(void* memory, std::size_t size) noexcept;
/// As arena_allocate(), but takes from what is set aside when the host has no memory (AR1). Never
/// null: aborts when that is used up too.
void* arena_allocate_reserved(std::size_t size) noexcept;
/// Returns how many bytes are handed out now.
Bytes arena_in_use() noexcept;

/// Makes the `n`-th arena_allocate() from now on find the host without memory; 0: none. For tests.
void arena_fail_at(std::uint64_t n) noexcept;
/// Returns whether that allocation was reached.
bool arena_has_failed() noexcept;

/// Makes a T in the arena; null when the host has no memory.
template <typename T, typename... Arguments>
T* arena_new(Arguments&&... arguments) {
  void* memory = arena_allocate(sizeof(T));
  return memory ? new (memory) T(std::forward<Arguments>(arguments)...) : nullptr;
}
/// Destroys what arena_new() made.
template <typename T>
void arena_delete(T* object) {
  if (!object) return;
  object->~T();
  arena_free(object, sizeof(T));
}

/// What a container does when the host has no memory.
enum class WithoutMemory : std::uint8_t { throws, takes_reserve };

/// Lets standard containers live in the arena.
template <typename T, WithoutMemory Policy = WithoutMemory::throws>
struct ArenaAllocator {
  using value_type = T;
  template <typename U>
  struct rebind {
    using other = ArenaAllocator<U, Policy>;
  };

  ArenaAllocator() = default;
  template <typename U>
  ArenaAllocator(const ArenaAllocator<U, Policy>&) noexcept {}  // NOLINT: allocators convert

  T* allocate(std::size_t n) {
    if constexpr (Policy == WithoutMemory::takes_reserve)
      return static_cast<T*>(arena_allocate_reserved(n * sizeof(T)));
    void* memory = arena_allocate(n * sizeof(T));
    if (!memory) throw std::bad_alloc{};
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t n) noexcept { arena_free(memory, n * sizeof(T)); }
  friend bool operator==(const ArenaAllocator&, const ArenaAllocator&) { return true; }
};

/// For containers that code which may not fail adds to: see AR1.
template <typename T>
using ReservedArenaAllocator = ArenaAllocator<T, WithoutMemory::takes_reserve>;

/// Adds to a container of the arena.
/// @errors  out_of_host_memory: it is as it was
template <typename Container>
Status arena_push_back(Container& container, typename Container::value_type value) {
  try {
    container.push_back(std::move(value));
  } catch (const std::bad_alloc&) {
    return Status::out_of_host_memory;
  }
  return Status::ok;
}

}  // namespace zesvm
