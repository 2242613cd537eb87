#include "sparse_rows.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace sparse {
namespace {

double dot(const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

void append_point(Rows& rows, const GridSize& grid, std::size_t point) {
  const std::size_t x = point % grid.x, y = point / grid.x % grid.y, z = point / grid.x / grid.y;
  const auto after = [](std::size_t i, std::size_t size) { return std::min(i + 2, size); };
  const auto from = [](std::size_t i) { return i == 0 ? 0 : i - 1; };
  for (std::size_t k = from(z); k < after(z, grid.z); ++k)
    for (std::size_t j = from(y); j < after(y, grid.y); ++j)
      for (std::size_t i = from(x); i < after(x, grid.x); ++i) {
        const std::size_t column = (k * grid.y + j) * grid.x + i;
        rows.column.push_back(static_cast<std::uint32_t>(column));
        rows.value.push_back(column == point ? 26.0 : -1.0);
      }
}

}  // namespace

Rows twenty_seven_points(const GridSize& grid, std::size_t begin, std::size_t end) {
  Rows rows;
  rows.size = grid.points();
  rows.first_row = begin;
  for (std::size_t point = begin; point < end; ++point) {
    append_point(rows, grid, point);
    rows.start.push_back(static_cast<std::uint32_t>(rows.column.size()));
  }
  return rows;
}

Rows cut(const Rows& whole, std::size_t begin, std::size_t end) {
  Rows rows;
  rows.size = whole.size;
  rows.first_row = begin;
  const std::uint32_t first = whole.start[begin], last = whole.start[end];
  for (std::size_t row = begin; row < end; ++row)
    rows.start.push_back(whole.start[row + 1] - first);
  rows.column.assign(whole.column.begin() + first, whole.column.begin() + last);
  rows.value.assign(whole.value.begin() + first, whole.value.begin() + last);
  return rows;
}

std::vector<double> times(const Rows& rows, const std::vector<double>& vector) {
  std::vector<double> result(rows.count());
  for (std::size_t row = 0; row < rows.count(); ++row)
    for (std::size_t i = rows.start[row]; i < rows.start[row + 1]; ++i)
      result[row] += rows.value[i] * vector[rows.column[i]];
  return result;
}

bool is_symmetric(const Rows& whole) {
  // Walks rows in order, so that the columns of the transpose come in order, too.
  std::vector<std::uint32_t> next(whole.start.begin(), whole.start.end() - 1);
  for (std::uint32_t row = 0; row < whole.count(); ++row)
    for (std::size_t i = whole.start[row]; i < whole.start[row + 1]; ++i) {
      const std::uint32_t column = whole.column[i];
      const std::uint32_t mirrored = next[column]++;
      if (mirrored >= whole.start[column + 1] || whole.column[mirrored] != row ||
          whole.value[mirrored] != whole.value[i])
        return false;
    }
  return true;
}

Solution solve_on_cpu(const Rows& whole, const std::vector<double>& right, const Stop& stop) {
  Solution solution{std::vector<double>(whole.size), {}};
  std::vector<double> residual = right, direction = right;
  double square = dot(residual, residual);
  const double norm = std::sqrt(square);
  for (solution.residuals.push_back(1);
       !solution.has_converged(stop) && solution.residuals.size() <= stop.iterations;
       solution.residuals.push_back(std::sqrt(square) / norm)) {
    const std::vector<double> image = times(whole, direction);
    const double curvature = dot(direction, image);
    if (!(curvature > 0)) throw std::runtime_error("the matrix is not positive definite");
    const double step = square / curvature;
    for (std::size_t i = 0; i < whole.size; ++i) {
      solution.x[i] += step * direction[i];
      residual[i] -= step * image[i];
    }
    const double before = square;
    square = dot(residual, residual);
    for (std::size_t i = 0; i < whole.size; ++i)
      direction[i] = residual[i] + square / before * direction[i];
  }
  return solution;
}

}  // namespace sparse
