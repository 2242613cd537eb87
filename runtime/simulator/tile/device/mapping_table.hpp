/// @file mapping_table.hpp
/// What is bound where in this process: the tile's page table, and the book that is kept of it.
///
/// M1  windows are disjoint; every binding and every scratch piece lies in one
/// M2  an address of a window shows its scratch piece if there is one, else its binding, else nothing
/// M3  an address of a window minus the probe offset is readable exactly where an atomic is allowed
/// A fault handler calls in here. That is safe, though it locks and allocates: it runs on the thread
/// that faulted, and code under the lock touches no window.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sys/mman.h>
#include <unordered_map>

#include "base/interval.hpp"
#include "base/unique_fd.hpp"
#include "simulator/tile/tile_process.hpp"

namespace zesvm::simulator::tile::device {

/// Windows, files and bindings.
class MappingTable {
 public:
  /// @param probe_offset  how far below an address its atomic probe lies; zero: no probes
  explicit MappingTable(Bytes probe_offset) : probe_offset_(probe_offset) {}

  Status reserve(Interval window);
  Status release(Interval window);
  Status add_file(FileId id, UniqueFd descriptor, Bytes size);
  Status remove_file(FileId id);
  Status bind(const Binding& binding);
  Status unbind(Interval interval);

  /// Returns whether an address lies in a window.
  bool is_in_window(Address where);

  /// Returns the address an atomic probe at `where` stands for; nothing if it is no probe.
  std::optional<Address> probed_address(Address where);
  /// Returns the address outside of windows that an atomic probe at `where` would stand for; nothing
  /// without probes, or where no program has addresses.
  std::optional<Address> probed_outside(Address where) const;

  /// Lays private pages around `where`, with the content bound there if any, which the failed
  /// launch may use as it likes.
  Status lay_scratch(Address where);

  /// Shows again what is bound where scratch pages are.
  void clear_scratch();

 private:
  struct File {
    UniqueFd descriptor;
    Bytes size;
  };
  struct Piece {
    Address end;
    // Shared with other pieces of the file; lives on when the file is removed.
    std::shared_ptr<File> file;
    Bytes offset;
    Rights rights;
  };
  using Pieces = std::map<Address, Piece>;

  // Whether windows, one or several side by side, hold the whole interval.
  bool covers(Interval interval) const;
  Status check(const Binding& binding) const;
  Status show(Address begin, const Piece& piece, int populate) const;
  void show_nothing(Interval interval) const;
  void show_again(Interval interval) const;
  void set_probe(Interval interval, int protection) const;
  // Cuts an interval out of the book.
  void forget(Interval interval);
  void forget_scratch(Interval interval);
  // An interval of one piece, or of none.
  struct Part {
    Interval interval;
    std::shared_ptr<File> file;
    Bytes offset;
  };
  // Returns the largest part around `where` within its chunk.
  Part part_around(Address where) const;

  std::mutex lock_;
  const Bytes probe_offset_;
  std::map<Address, Address> windows_;
  std::unordered_map<std::uint32_t, std::shared_ptr<File>> files_;
  Pieces pieces_;
  std::map<Address, Address> scratch_;
};

}  // namespace zesvm::simulator::tile::device
