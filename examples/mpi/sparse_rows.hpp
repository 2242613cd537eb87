/// @file sparse_rows.hpp
/// Rows of a sparse square matrix, where they come from, and a solver on the CPU to compare with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sparse {

/// Consecutive rows of a matrix, compressed: the entries of row `first_row + i` are those from start[i]
/// to start[i + 1], in ascending order of their columns.
struct Rows {
  /// Rows and columns of the whole matrix.
  std::size_t size = 0;
  std::size_t first_row = 0;
  std::vector<std::uint32_t> start{0};
  std::vector<std::uint32_t> column;
  std::vector<double> value;

  /// Returns how many rows are here.
  std::size_t count() const { return start.size() - 1; }
};

/// A grid of points.
struct GridSize {
  std::size_t x = 16, y = 16, z = 16;
  std::size_t points() const { return x * y * z; }
};

/// Returns rows `[begin, end)` of the problem of the HPCG benchmark: each point of a grid has 26 on the
/// diagonal and -1 for each of up to 26 neighbours.
Rows twenty_seven_points(const GridSize& grid, std::size_t begin, std::size_t end);

/// Returns rows `[begin, end)` of a whole matrix.
Rows cut(const Rows& whole, std::size_t begin, std::size_t end);

/// Returns rows times a vector of the whole matrix's size.
std::vector<double> times(const Rows& rows, const std::vector<double>& vector);

/// Returns whether a whole matrix is its own transpose.
bool is_symmetric(const Rows& whole);

/// When to stop.
struct Stop {
  /// Of the residual's norm to that of the right-hand side.
  double tolerance = 1e-8;
  std::size_t iterations = 500;
};

/// What a solver came to.
struct Solution {
  /// The solution; of a part of a solver, its rows.
  std::vector<double> x;
  /// Norms of the residual over that of the right-hand side, before each iteration and after the last.
  std::vector<double> residuals;

  bool has_converged(const Stop& stop) const { return residuals.back() <= stop.tolerance; }
};

/// Solves by conjugate gradients on one CPU core.
/// @errors std::runtime_error: the matrix is not positive definite
Solution solve_on_cpu(const Rows& whole, const std::vector<double>& right, const Stop& stop);

}  // namespace sparse
