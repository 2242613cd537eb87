/// @file enumeration.hpp
/// The way Level Zero hands out lists: a count, then as many elements as fit.
#pragma once

#include <algorithm>
#include <cstdint>

#include <level_zero/ze_api.h>

namespace zesvm::simulator::driver {

/// Gives `available` elements by the specification's rule: `*count` 0 asks for the number; a larger
/// one is cut to it; a null array leaves the elements out.
///
/// @param get  get(i) returns the i-th element
template <typename Element, typename Get>
ze_result_t enumerate(std::uint32_t* count, Element* elements, std::size_t available, Get&& get) {
  if (count == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
  const auto total = static_cast<std::uint32_t>(available);
  if (*count == 0 || *count > total) {
    const bool only_asked = *count == 0;
    *count = total;
    if (only_asked) return ZE_RESULT_SUCCESS;
  }
  if (elements == nullptr) return ZE_RESULT_SUCCESS;
  for (std::uint32_t i = 0; i < *count; ++i) elements[i] = get(i);
  return ZE_RESULT_SUCCESS;
}

/// As `enumerate`, for elements the caller has prepared and that are filled in: get(i, element).
template <typename Element, typename Fill>
ze_result_t enumerate_into(std::uint32_t* count, Element* elements, std::size_t available,
                           Fill&& fill) {
  if (count == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
  const auto total = static_cast<std::uint32_t>(available);
  if (*count == 0) {
    *count = total;
    return ZE_RESULT_SUCCESS;
  }
  *count = std::min(*count, total);
  if (elements == nullptr) return ZE_RESULT_SUCCESS;
  for (std::uint32_t i = 0; i < *count; ++i) fill(i, elements[i]);
  return ZE_RESULT_SUCCESS;
}

}  // namespace zesvm::simulator::driver
