/// @file sizes.hpp
/// Sizes that scenarios speak of, in bytes.
#pragma once

#include <cstddef>

namespace zesvm::scenarios {

inline constexpr std::size_t kibibyte = 1024;
inline constexpr std::size_t mebibyte = 1024 * kibibyte;

/// A page of the CPU.
inline constexpr std::size_t page = 4 * kibibyte;
/// A range's largest chunk, and a huge page of the CPU.
inline constexpr std::size_t chunk = 2 * mebibyte;

}  // namespace zesvm::scenarios
