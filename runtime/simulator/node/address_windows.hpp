/// @file address_windows.hpp
/// Which virtual addresses the node gives to programs.
///
/// A window is an interval reserved, inaccessible, in this process and at the same place in every
/// tile's process. Where it can be is found out when it is made: the kernel proposes a place (which
/// suits address space randomisation and the sanitizers, who both restrict where memory may be), and
/// when a tile has something there, another place is tried. Inside a window, addresses are handed
/// out first fit; when no window has room, one more is made.
///
/// W1  windows are disjoint and stay until the end
/// W2  intervals handed out are disjoint, inside one window, and multiples of the CPU page
/// Not here: what is mapped at the addresses (node_memory.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/interval.hpp"
#include "base/mutex.hpp"
#include "base/status.hpp"
#include "simulator/node/memory_file.hpp"

namespace zesvm::simulator::node {

/// Reserved addresses with the system memory behind them: address minus `interval.begin` is the
/// offset in `file`. Does not change once it is known to more than its maker.
struct Window {
  Interval interval;
  SharedFile file;

  /// Returns the offset of `where` in `file`.
  Bytes offset_of(Address where) const { return where - interval.begin; }
  /// Returns where the system memory behind `where` can always be touched.
  std::byte* alias_of(Address where) const { return file.memory.at(offset_of(where)); }
};

/// The windows of one node and the free addresses in them.
class AddressWindows {
 public:
  /// Reserves the interval elsewhere too and makes the window known; busy: it does not fit there,
  /// try another place; any other failure ends the search.
  using Announce = std::function<Status(Window&)>;

  /// Windows are of `window_size` bytes, larger where one allocation needs it.
  AddressWindows(Bytes window_size, Announce announce);
  ~AddressWindows();
  AddressWindows(const AddressWindows&) = delete;
  AddressWindows& operator=(const AddressWindows&) = delete;

  /// Hands out `size` bytes (a multiple of the CPU page) at a multiple of `alignment`.
  ///
  /// @errors   out_of_host_memory: no window could be made where it fits
  /// @locks    takes leaf; drops it while a window is announced
  [[nodiscard]] Result<Interval> take(Bytes size, Bytes alignment);
  /// Hands out exactly `wanted`. @errors busy: not free; invalid_address: in no window
  [[nodiscard]] Status take_at(Interval wanted);
  /// Takes back what was handed out.
  void give_back(Interval interval);
  /// Makes one more window of at least `size` bytes.
  [[nodiscard]] Status grow(Bytes size);

  /// Returns the window an address lies in; null outside all.
  ///
  /// @locks    none: windows only ever appear
  /// @context  any, fault, signal handler
  const Window* window_at(Address where) const;
  /// Returns how many windows there are.
  std::size_t count() const;

 private:
  /// Windows form a list that only grows at its head, so that reading needs no lock.
  struct Entry {
    Window window;
    Entry* next = nullptr;
  };

  Result<Interval> take_free(Bytes size, Bytes alignment) ZESVM_REQUIRES(lock_);
  Result<Entry*> make(Bytes size);

  const Bytes window_size_;
  const Announce announce_;
  std::atomic<Entry*> head_{nullptr};
  mutable Mutex<LockOrder::leaf> lock_;
  // Free intervals by their begin; neighbours of one window are merged.
  std::map<Address, Address> free_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::simulator::node
