/// @file picture.hpp
/// Pictures in and out: grey values from any PNG, and heat drawn with a colour map.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace demo {

/// A grid of values between 0 and 1, row by row.
struct Picture {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<float> values;

  float at(std::size_t x, std::size_t y) const { return values[y * width + x]; }
};

/// Reads the brightness of a PNG. @errors std::runtime_error: what is wrong with the file
Picture read_png(const std::string& path);

/// Writes values as a PNG, dark violet for 0 to light yellow for 1. @errors std::runtime_error
void write_heat_png(const std::string& path, const Picture& picture);

/// Returns the picture, its width and height cut to what is asked for at most, by averaging.
Picture shrunk_to(const Picture& picture, std::size_t width, std::size_t height);

}  // namespace demo
