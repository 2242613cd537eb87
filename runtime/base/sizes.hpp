/// @file sizes.hpp
/// Amounts of memory and addresses as types of their own, so that neither is mistaken for the other
/// or for a plain count.
#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace zesvm {

/// An amount of memory.
struct Bytes {
  std::uint64_t count = 0;

  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  constexpr Bytes& operator+=(Bytes other) { return *this = {count + other.count}; }
  constexpr Bytes& operator-=(Bytes other) { return *this = {count - other.count}; }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
  friend constexpr Bytes operator*(Bytes a, std::uint64_t n) { return {a.count * n}; }
  friend constexpr Bytes operator/(Bytes a, std::uint64_t n) { return {a.count / n}; }
  friend constexpr std::uint64_t operator/(Bytes a, Bytes b) { return a.count / b.count; }
  friend constexpr Bytes operator%(Bytes a, Bytes b) { return {a.count % b.count}; }
};

/// A virtual address of the application, the same on the CPU and on every device.
struct Address {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(Address, Address) = default;
  constexpr Address& operator+=(Bytes size) { return *this = {value + size.count}; }
  friend constexpr Address operator+(Address a, Bytes size) { return {a.value + size.count}; }
  friend constexpr Address operator-(Address a, Bytes size) { return {a.value - size.count}; }
  friend constexpr Bytes operator-(Address a, Address b) { return {a.value - b.value}; }
};

/// Returns the address a pointer holds.
inline Address address_of(const void* pointer) {
  return {reinterpret_cast<std::uintptr_t>(pointer)};
}

/// Returns the pointer an address stands for; `offset` bytes further on.
template <typename T = std::byte>
T* pointer_to(Address address, Bytes offset = {}) {
  return reinterpret_cast<T*>(static_cast<std::uintptr_t>(address.value + offset.count));
}

inline namespace literals {
constexpr Bytes operator""_B(unsigned long long n) { return {n}; }
constexpr Bytes operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return {n << 20}; }
constexpr Bytes operator""_GiB(unsigned long long n) { return {n << 30}; }
}  // namespace literals

/// The CPU page: no mapping is finer, on any supported host.
inline constexpr Bytes cpu_page = 4_KiB;

/// Returns whether `size` is a power of two; zero is not.
constexpr bool is_power_of_two(Bytes size) { return std::has_single_bit(size.count); }

/// Rounds down to a multiple of `alignment`, a power of two.
constexpr Address align_down(Address a, Bytes alignment) {
  return {a.value & ~(alignment.count - 1)};
}
/// Rounds up to a multiple of `alignment`, a power of two. The result must be representable.
constexpr Address align_up(Address a, Bytes alignment) {
  return align_down(Address{a.value + alignment.count - 1}, alignment);
}
/// Rounds down to a multiple of `alignment`, a power of two.
constexpr Bytes align_down(Bytes size, Bytes alignment) {
  return {size.count & ~(alignment.count - 1)};
}
/// Rounds up to a multiple of `alignment`, a power of two. The result must be representable.
constexpr Bytes align_up(Bytes size, Bytes alignment) {
  return align_down(Bytes{size.count + alignment.count - 1}, alignment);
}
/// Returns whether `a` is a multiple of `alignment`, a power of two.
constexpr bool is_aligned(Address a, Bytes alignment) {
  return (a.value & (alignment.count - 1)) == 0;
}
/// Returns whether `size` is a multiple of `alignment`, a power of two.
constexpr bool is_aligned(Bytes size, Bytes alignment) {
  return (size.count & (alignment.count - 1)) == 0;
}

}  // namespace zesvm
