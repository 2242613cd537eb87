#include "scenarios/memory.hpp"

#include <algorithm>

#include "scenarios/failure.hpp"

namespace zesvm::scenarios {

void Expected::fill(std::uint64_t seed) {
  for (std::size_t at = 0; at < bytes_.size(); ++at) bytes_[at] = mark(at, ~seed);
}

void Expected::add(const Work& work) {
  for (std::uint64_t i = 0; i < work.count; ++i) {
    const std::uint64_t at = work.first + i * work.stride;
    bytes_[at] = static_cast<std::uint8_t>(bytes_[at] + mark(at, work.seed));
  }
}

void Expected::check(const std::uint8_t* actual, std::size_t from, std::size_t to) const {
  const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(from);
  const auto end = bytes_.begin() + static_cast<std::ptrdiff_t>(to);
  const auto [wrong, found] = std::mismatch(begin, end, actual + from);
  if (wrong == end) return;
  const auto offset = wrong - bytes_.begin();
  must(false, "byte ", offset, " of ", size(), " is ", int{*found}, ", not ", int{*wrong});
}

}  // namespace zesvm::scenarios
