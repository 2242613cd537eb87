/// @file parts.hpp
/// The three parts of the demo. Each does real work on up to two devices, checks the result against
/// the CPU, and says what it did.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include <zesvm/zesvm.hpp>

#include "progress.hpp"

namespace demo {

/// What every part needs.
struct Stage {
  zesvm::Runtime& runtime;
  std::ostream& out;
  Drawing drawing = Drawing::if_terminal;

  /// Returns the devices to work on: the first two, or the one there is.
  std::vector<zesvm::Device> devices() const;
};

/// What one part came to.
struct Verdict {
  std::string name;
  bool is_correct = false;
  double seconds = 0;
  /// What moved meanwhile.
  zesvm::Statistics moved;
};

/// Counts the bytes of a file, repeated up to `bytes`, with GPU atomics on one shared table.
/// @errors std::runtime_error: unreadable or empty file
Verdict run_histogram(Stage& stage, const std::string& file, std::size_t bytes);

/// Lets heat flow over a picture for `steps` steps and writes PNGs of it into a directory.
/// @errors std::runtime_error: unreadable picture, unwritable directory
Verdict run_heat(Stage& stage, const std::string& picture, const std::string& directory,
                 std::size_t steps);

/// Runs STREAM triad over three arrays of `elements` doubles; figures are ratios to the CPU's.
Verdict run_triad(Stage& stage, std::size_t elements);

}  // namespace demo
