/// @file fork_watch.hpp
/// Tells whether this process is the one an object was made in.
///
/// After fork() the child has a copy of every object but none of its threads, and shares memory and
/// descriptors with the parent: using or destroying the copy would disturb the parent.
#pragma once

#include <atomic>
#include <cstdint>
#include <pthread.h>

namespace zesvm::simulator::tile {

/// Remembers the process it was made in.
class HomeProcess {
 public:
  /// Returns whether this is another process.
  bool is_elsewhere() const { return generation_ != forks_.load(std::memory_order_relaxed); }

 private:
  static std::uint32_t watch() {
    static const int installed =
        ::pthread_atfork(nullptr, nullptr, [] { forks_.fetch_add(1, std::memory_order_relaxed); });
    static_cast<void>(installed);
    return forks_.load(std::memory_order_relaxed);
  }

  // How many forks lie between this process and the one that loaded the library.
  inline static std::atomic<std::uint32_t> forks_{0};
  const std::uint32_t generation_ = watch();
};

}  // namespace zesvm::simulator::tile
