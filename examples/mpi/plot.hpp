/// @file plot.hpp
/// Convergence as a picture and as a table.
#pragma once

#include <string>
#include <vector>

namespace sparse {

/// Residuals by iteration.
struct Curve {
  std::string label;
  std::vector<double> values;
};

/// Returns whether this program can draw: it was built with cairo.
bool can_draw();

/// Draws curves with a logarithmic vertical axis into a PNG. The first is drawn as a line, others as
/// dots on it.
/// @errors std::runtime_error: the file cannot be written, or can_draw() is false
void write_plot(const std::string& path, const std::string& title,
                const std::vector<Curve>& curves);

/// Writes a line `iteration,...` for each iteration, and the labels as the first line. A curve that
/// ended before the others leaves its places empty.
/// @errors std::runtime_error: the file cannot be written
void write_table(const std::string& path, const std::vector<Curve>& curves);

}  // namespace sparse
