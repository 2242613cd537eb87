/// @file interval.hpp
/// Half-open intervals of addresses.
#pragma once

#include <algorithm>
#include <optional>

#include "base/sizes.hpp"

namespace zesvm {

/// The addresses `[begin, end)`. Empty when `begin == end`; never `begin > end`.
struct Interval {
  Address begin;
  Address end;

  friend constexpr auto operator<=>(const Interval&, const Interval&) = default;

  /// Returns the interval of `size` bytes at `begin`; nothing when it would wrap around.
  static constexpr std::optional<Interval> checked(Address begin, Bytes size) {
    if (begin.value + size.count < begin.value) return std::nullopt;
    return Interval{begin, begin + size};
  }

  /// Returns the aligned chunk of `size` bytes, a power of two, that holds `where`.
  static constexpr Interval chunk_at(Address where, Bytes size) {
    const Address begin = align_down(where, size);
    return {begin, begin + size};
  }

  constexpr Bytes size() const { return end - begin; }
  constexpr bool is_empty() const { return begin == end; }
  constexpr bool contains(Address where) const { return begin <= where && where < end; }
  constexpr bool contains(const Interval& other) const {
    return begin <= other.begin && other.end <= end;
  }
  constexpr bool overlaps(const Interval& other) const {
    return begin < other.end && other.begin < end;
  }
  /// Returns what both hold; empty (at `begin`) when they do not overlap.
  constexpr Interval intersection(const Interval& other) const {
    const Address from = std::max(begin, other.begin);
    return {from, std::max(from, std::min(end, other.end))};
  }
  /// Returns the smallest interval of whole units that holds this one; a unit is a power of two.
  constexpr Interval rounded_out(Bytes unit) const {
    return {align_down(begin, unit), align_up(end, unit)};
  }
  /// Returns the smallest interval that holds both.
  constexpr Interval hull(const Interval& other) const {
    if (is_empty()) return other;
    if (other.is_empty()) return *this;
    return {std::min(begin, other.begin), std::max(end, other.end)};
  }
};

}  // namespace zesvm
