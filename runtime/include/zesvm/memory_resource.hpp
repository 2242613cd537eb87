/// @file memory_resource.hpp
/// Shared memory for the standard library's containers: a std::pmr::memory_resource and an allocator
/// over an AddressSpace.
///
/// Each allocation takes whole chunks (64 KiB and more), so that memory moves apart from its
/// neighbours. For many small objects put a pool on top:
///
///   zesvm::SpaceResource shared(runtime.address_space());
///   std::pmr::unsynchronized_pool_resource pool(&shared);
///   std::pmr::vector<double> values(n, &pool);
#pragma once

#include <cstddef>
#include <limits>
#include <memory_resource>
#include <new>
#include <vector>

#include <zesvm/address_space.hpp>
#include <zesvm/error.hpp>

namespace zesvm {

/// Memory of an AddressSpace, which must outlive it. Safe to use from any thread.
class SpaceResource : public std::pmr::memory_resource {
 public:
  /// Makes one over `space`, which must outlive it.
  explicit SpaceResource(AddressSpace& space) noexcept : space_(&space) {}
  /// Returns where the memory is from.
  AddressSpace& space() const noexcept { return *space_; }

 private:
  /// @errors as AddressSpace::allocate_bytes(); std::bad_alloc where memory was lacking
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    try {
      // The standard allows to ask for nothing.
      return space_->allocate_bytes(bytes == 0 ? 1 : bytes, alignment);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::out_of_host_memory ||
          error.code() == ErrorCode::out_of_device_memory)
        throw std::bad_alloc();
      throw;
    }
  }
  void do_deallocate(void* pointer, std::size_t, std::size_t) override {
    space_->free_quietly(pointer);
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    const auto* same = dynamic_cast<const SpaceResource*>(&other);
    return same != nullptr && same->space_ == space_;
  }

  AddressSpace* space_;
};

/// Memory of an AddressSpace, which must outlive it, for containers of T. It goes with the memory when
/// containers are copied, moved and swapped. A light value; safe to use from any thread.
template <typename T>
class Allocator {
 public:
  /// As the standard library asks for.
  using value_type = T;
  /// It goes with the memory when a container is copied, ...
  using propagate_on_container_copy_assignment = std::true_type;
  /// ... moved, ...
  using propagate_on_container_move_assignment = std::true_type;
  /// ... or swapped.
  using propagate_on_container_swap = std::true_type;
  /// Those over two spaces differ.
  using is_always_equal = std::false_type;

  /// Makes one over `space`.
  Allocator(AddressSpace& space) noexcept : space_(&space) {}  // NOLINT: vector<T, A> v(n, space)
  /// Makes one over the same space for other elements.
  template <typename Other>
  Allocator(const Allocator<Other>& other) noexcept  // NOLINT: as the standard asks for
      : space_(&other.space()) {}

  /// Returns where the memory is from.
  AddressSpace& space() const noexcept { return *space_; }
  /// @errors as AddressSpace::allocate(); std::bad_array_new_length
  T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / sizeof(T))
      throw std::bad_array_new_length();
    return space_->template allocate<T>(count == 0 ? 1 : count);
  }
  /// Gives memory back, as AddressSpace::free_quietly().
  void deallocate(T* pointer, std::size_t) noexcept { space_->free_quietly(pointer); }

  friend bool operator==(const Allocator& a, const Allocator& b) noexcept {
    return a.space_ == b.space_;
  }
  friend bool operator!=(const Allocator& a, const Allocator& b) noexcept { return !(a == b); }

 private:
  AddressSpace* space_;
};

/// A std::vector in shared memory: `zesvm::Vector<double> x(n, 0.0, space)`.
template <typename T>
using Vector = std::vector<T, Allocator<T>>;

}  // namespace zesvm
