/// @file mapping.hpp
/// Addresses of the program from mmap, given back at their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace zesvm::scenarios {

/// A mapping, wherever the kernel puts it: beside stacks of threads and mappings of others, too.
class Mapping {
 public:
  /// Maps private memory. @errors Failure
  explicit Mapping(std::size_t bytes);
  /// Maps with flags, of a file where there is one. @errors Failure
  Mapping(std::size_t bytes, int flags, int file);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  /// Moves it to another address with mremap.
  void move();
  /// Unmaps a part, or moves it over another mapping of its size. Others may be mapped there from then on.
  void lose(std::size_t from, std::size_t to);
  void lose(std::size_t from, std::size_t to, const Mapping& target);

 private:
  std::size_t size_;
  std::uint8_t* data_ = nullptr;
  std::size_t lost_from_ = 0;
  std::size_t lost_to_ = 0;
};

/// An unnamed file; open as long as this lives, or until close().
class File {
 public:
  enum class Where { memory, disk };
  /// Makes a file of zeros. @errors Failure
  File(std::size_t bytes, Where where);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }
  /// Returns where it is; empty for one in memory.
  const std::string& path() const { return path_; }
  /// Gives the descriptor up; a file on disk can still be found by its path.
  void close();

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace zesvm::scenarios
