/// @file progress.hpp
/// A progress bar on a terminal; nothing where there is none.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace demo {

/// Whether to draw.
enum class Drawing { if_terminal, never };

/// One line on stderr that fills up; gone when it ends.
class Progress {
 public:
  Progress(std::string title, std::size_t steps, Drawing drawing);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows that so many of the steps are done. Draws at most every 50 ms.
  void reach(std::size_t step);
  /// Takes the line away, so that something else can be printed.
  void clear();

 private:
  std::string title_;
  std::size_t steps_;
  bool is_drawn_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace demo
