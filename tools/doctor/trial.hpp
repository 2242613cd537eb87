/// @file trial.hpp
/// What self-tests of memory work with: a Runtime, kernels, and memory of each backing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <zesvm/zesvm.hpp>

#include "tools/doctor/journal.hpp"

namespace zesvm::tools {

/// Words of one backing, as long as it lives. Memory of `system` is the program's own: mapped, or, when
/// it is less than a chunk, on the heap among other objects.
class TrialMemory {
 public:
  /// @errors Error unsupported: the devices cannot use this backing
  TrialMemory(AddressSpace& space, Backing backing, std::size_t words);
  ~TrialMemory();
  TrialMemory(const TrialMemory&) = delete;
  TrialMemory& operator=(const TrialMemory&) = delete;

  std::uint32_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(std::uint32_t); }

 private:
  std::uint32_t* own_words();

  AddressSpace& space_;
  std::vector<std::uint32_t> heap_;
  void* mapped_ = nullptr;
  std::uint32_t* data_ = nullptr;
  std::size_t size_;
};

/// A Runtime with what self-tests do again and again.
class Trial {
 public:
  Trial(Journal& journal, std::size_t bytes);

  Runtime& runtime() { return runtime_; }
  AddressSpace& space() { return runtime_.address_space(); }
  Journal& journal() { return journal_; }
  std::size_t words() const { return words_; }

  /// Returns how people call a device here: "device 1".
  static std::string label(const Device& device);
  /// Adds one to every word of the interval on a device, and waits.
  void increment(const Device& device, std::uint32_t* words, std::size_t count);
  /// Adds `times` to a word, by as many atomic operations on a device, and waits.
  void count(const Device& device, std::uint32_t* counter, std::size_t times);

 private:
  Journal& journal_;
  Runtime runtime_;
  Module module_;
  std::size_t words_;
};

/// Writes a different value to every word: its number and `first`.
void fill(const TrialMemory& memory, std::uint32_t first);
/// Returns an empty string when every word is its number and `first`; else says how many are not, and
/// shows one.
std::string wrong_in(const TrialMemory& memory, std::uint32_t first);

}  // namespace zesvm::tools
