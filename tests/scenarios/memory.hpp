/// @file memory.hpp
/// The memory a scenario works on, and what it must hold.
///
/// A kind of memory is a class here: where it comes from, and what happens to it before and after
/// each launch. Families (families.hpp) say how launches are made; neither knows the other.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "scenarios/space.hpp"

namespace zesvm::scenarios {

/// What every byte of the memory must be.
class Expected {
 public:
  explicit Expected(std::size_t bytes) : bytes_(bytes) {}

  std::size_t size() const { return bytes_.size(); }
  const std::uint8_t* data() const { return bytes_.data(); }
  std::uint8_t& operator[](std::size_t at) { return bytes_[at]; }
  /// Fills everything with marks.
  void fill(std::uint64_t seed);
  /// Does what Queue::add_marks() does.
  void add(const Work& work);
  /// Compares all of it with `actual`. @errors Failure, with the first wrong byte
  void check(const std::uint8_t* actual) const { check(actual, 0, size()); }
  /// Compares `[from, to)` of it with the same offsets of `actual`.
  void check(const std::uint8_t* actual, std::size_t from, std::size_t to) const;

 private:
  std::vector<std::uint8_t> bytes_;
};

/// Memory of one kind. The hooks are called by one thread, with no launch under way.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : size_(bytes) {}
  virtual ~Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }

  /// Writes the first content.
  virtual void write(Queue&, const Expected& expected) {
    std::memcpy(data_, expected.data(), size_);
  }
  /// Called before the launches of a round. What the memory holds, or will when it was replaced, is
  /// `expected`.
  virtual void before(Queue&, std::uint64_t /*round*/, const Expected& /*expected*/) {}
  /// Submits a launch on the memory; from several threads at once. The lane is which of them.
  virtual void launch(Queue& queue, std::size_t /*lane*/, const Work& work) {
    queue.add_marks(data_, work);
  }
  /// Called when a launch is done: says what it did, and checks what else it did.
  virtual void done(std::size_t /*lane*/, const Work& work, Expected& expected) {
    expected.add(work);
  }
  /// Called after the launches of a round, and after their check where there was one.
  virtual void after(Queue&, std::uint64_t /*round*/, const Expected& /*expected*/) {}
  /// Compares every byte.
  virtual void check(Queue&, const Expected& expected) { expected.check(data_); }

 protected:
  std::uint8_t* data_ = nullptr;
  std::size_t size_;
};

}  // namespace zesvm::scenarios
