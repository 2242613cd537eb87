/// @file lock_order_apart.hpp
/// Work that comes upon a thread from outside, as a signal does: a call of the program's allocator, made
/// with any lock held, that the node has to look after.
#pragma once

#include <array>
#include <cstdint>

#include "base/lock_order.hpp"

namespace zesvm {

/// Lets this thread take locks as if it held none, while it lives.
///
/// That cannot end in a circle only where no lock that the work takes is ever held while the program's
/// allocator is used.
class LocksApart {
 public:
  LocksApart() noexcept;
  ~LocksApart();
  LocksApart(const LocksApart&) = delete;
  LocksApart& operator=(const LocksApart&) = delete;

 private:
  std::array<std::uint16_t, static_cast<std::size_t>(LockOrder::leaf) + 1> before_;
};

}  // namespace zesvm
