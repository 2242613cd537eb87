/// @file memory_file.hpp
/// Memory that has a name other processes can map: an anonymous file, seen as a whole through an
/// alias mapping of this process. Bytes travel through aliases, never through the addresses the
/// program knows, so that moving them cannot fault.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/arena.hpp"
#include "base/interval.hpp"
#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "simulator/tile/tile_process.hpp"

namespace zesvm::simulator::node {

/// An anonymous file, sparse, mapped as a whole. Vanishes with the last process that maps it.
class MemoryFile {
 public:
  /// Which blocks may get large pages together with others.
  enum class Neighbours : std::uint8_t {
    /// Those that was_used_before() was asked of.
    used,
    /// All: the whole file will be used.
    all,
  };

  /// An empty file.
  MemoryFile() = default;
  /// Creates a file of `size` bytes, all holes; `name` shows up in /proc only.
  ///
  /// @errors   out_of_host_memory: no descriptor or no address space
  [[nodiscard]] static Result<MemoryFile> create(const char* name, Bytes size);
  /// Takes over a file made elsewhere, of which `[begin, begin + size)` is used.
  [[nodiscard]] static Result<MemoryFile> adopt(UniqueFd fd, Bytes begin, Bytes size);
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&& other) noexcept;
  ~MemoryFile();

  int descriptor() const { return fd_.get(); }
  /// Returns where in the file the used part ends.
  Bytes end() const { return begin_ + size_; }
  /// Returns where byte `offset` of the file, in the used part, is in the alias.
  std::byte* at(Bytes offset) const { return alias_ + (offset - begin_).count; }
  /// Gives the pages of `[offset, offset + size)` back; they read as zeros afterwards.
  void punch(Bytes offset, Bytes size) const;
  /// Gives whole blocks of 2 MiB inside `[offset, offset + size)` their pages before they are
  /// written, each as one large page where the kernel has one: then one fault of a process fills
  /// its page table for the block, not 512. Bytes that are there stay. A hint: may do nothing.
  /// Blocks that follow may become large with them, which costs little then.
  ///
  /// @context  any, fault
  /// @cost     once for a block: less than the faults of writing to it; later, one load
  void make_large(Bytes offset, Bytes size, Neighbours neighbours) const;
  /// Returns whether this was said of the block at `offset` before, since its pages were made.
  bool was_used_before(Bytes offset) const;
  /// Returns whether the part has a page that exists (was written or read through a mapping).
  bool has_page(Bytes offset, Bytes size) const;
  /// Returns whether the part may have a page that does not exist; one swapped out counts as such.
  bool has_hole(Bytes offset, Bytes size) const;

 private:
  /// What is known of the pages of a block of 2 MiB.
  enum Pages : std::uint8_t { unknown, used_once, large };
  using Blocks = std::vector<std::atomic<std::uint8_t>, ArenaAllocator<std::atomic<std::uint8_t>>>;

  std::atomic<std::uint8_t>& block_at(Bytes offset) const;
  /// Returns where the blocks end that get large pages together with the one at `from`.
  Bytes end_of_batch(Bytes from, Bytes wanted, Neighbours neighbours) const;
  void put_together(Bytes from, Bytes wanted, Neighbours neighbours) const;

  UniqueFd fd_;
  std::byte* alias_ = nullptr;
  Bytes begin_;
  Bytes size_;
  /// Of the whole file; relaxed throughout, since they decide about speed only.
  mutable Blocks blocks_;
  mutable std::atomic<std::uint32_t> large_count_{0};
};

/// Returns where the first page of a file is that exists, from a place on; `end` when none does before.
///
/// Linux before 6.4 takes pages for a hole while it puts them together to a large one; that is waited
/// for. Makes system calls only.
[[nodiscard]] std::uint64_t find_page(int file, std::uint64_t from, std::uint64_t end);

/// A memory file and the names the tiles know it by, by index of the tile.
struct SharedFile {
  MemoryFile memory;
  /// Not in the program's heap: files are made where faults are served.
  std::vector<tile::FileId, ArenaAllocator<tile::FileId>> on_tile;
};

}  // namespace zesvm::simulator::node
