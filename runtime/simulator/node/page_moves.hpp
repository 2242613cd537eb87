/// @file page_moves.hpp
/// Pages of the program on their way to a file and back, while nobody may use them.
///
/// What is frozen may be anything, variables of this library included: while it is, nothing here
/// writes outside the stack, and on the way back only system calls are made.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/interval.hpp"
#include "base/unique_fd.hpp"
#include "simulator/node/memory_file.hpp"

namespace zesvm::simulator::node {

/// Which pages are copied.
enum class Pages : std::uint8_t {
  /// Those that exist; the others read as zeros on both sides.
  present,
  /// All of them: those that do not exist have the content of a file.
  all,
};

/// Copies pages of the program, which it may read, to a file's alias.
void copy_pages(Interval from, std::byte* to, Pages which);

/// The pages of a file that exist, on their way to private memory.
class PagesOnTheirWay {
 public:
  /// Finds out what is needed, before anything is frozen.
  PagesOnTheirWay(const MemoryFile& file, Bytes offset, Interval to);

  /// Writes them through the kernel, which needs no access of the program's. Returns whether all
  /// were written.
  bool write() const;
  /// Lets memory that holds them take the place at once, where they cannot be written; a mapping of its
  /// own from then on. Returns whether it did.
  bool put(int protection) const;
  /// Copies them, once the program may access the memory.
  void copy() const;

 private:
  template <typename Move>
  bool for_each_part(Move move) const;
  void copy_to(std::uint64_t place) const;

  const UniqueFd memory_;
  const int memory_number_;
  const int file_;
  const std::byte* const alias_;
  const Bytes offset_;
  const Interval to_;
};

}  // namespace zesvm::simulator::node
