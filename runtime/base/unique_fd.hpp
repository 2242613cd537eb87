/// @file unique_fd.hpp
/// A file descriptor with one owner.
#pragma once

#include <unistd.h>
#include <utility>

namespace zesvm {

/// Closes the descriptor it holds when it goes.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset() { UniqueFd{std::move(*this)}; }

 private:
  int fd_ = -1;
};

}  // namespace zesvm
