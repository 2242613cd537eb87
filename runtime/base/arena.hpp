/// @file arena.hpp
/// Memory for the fault path: taken from the kernel directly and never from the program's heap,
/// which a fault may have interrupted, or which may be the very memory that is moving.
///
/// Freed memory is kept by size and reused; it goes back to the kernel at the end of the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "base/sizes.hpp"

namespace zesvm {

/// Returns zeroed or reused memory of at least `size` bytes, aligned to 16 (to 64 from 64 bytes
/// on); null when the host has none.
/// @locks    takes a lock of its own, innermost
/// @context  any, fault
void* arena_allocate(std::size_t size) noexcept;
/// Gives back what arena_allocate(size) returned.
void arena_free(void* memory, std::size_t size) noexcept;
/// Returns how many bytes are handed out now.
Bytes arena_in_use() noexcept;

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

/// Lets standard containers live in the arena.
template <typename T>
struct ArenaAllocator {
  using value_type = T;

  ArenaAllocator() = default;
  template <typename U>
  ArenaAllocator(const ArenaAllocator<U>&) noexcept {}  // NOLINT: allocators convert

  T* allocate(std::size_t n) {
    void* memory = arena_allocate(n * sizeof(T));
    if (!memory) throw std::bad_alloc{};
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t n) noexcept { arena_free(memory, n * sizeof(T)); }
  friend bool operator==(const ArenaAllocator&, const ArenaAllocator&) { return true; }
};

}  // namespace zesvm
