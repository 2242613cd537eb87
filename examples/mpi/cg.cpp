// Conjugate gradients over MPI ranks and the GPUs of each, for a matrix from a file or the 27-point
// problem of the HPCG benchmark. Compared with a solver on the CPU.
//
//   mpirun -n 2 mpi_cg --grid 32 32 32 --plot convergence.png
//   mpirun -n 4 mpi_cg --matrix bcsstk01.mtx --csv residuals.csv
#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <stdexcept>

#include "gpu_solver.hpp"
#include "matrix_market.hpp"
#include "plot.hpp"

namespace {

struct Options : mpi::Options {
  std::string matrix;
  std::vector<std::size_t> grid{16, 16, 16};
  sparse::Stop stop;
  std::string csv, plot;

  sparse::GridSize grid_size() const { return {grid[0], grid[1], grid[2]}; }
};

template <typename T>
void broadcast(std::vector<T>& values, MPI_Datatype type, const mpi::Ranks& ranks) {
  std::uint64_t count = values.size();
  MPI_Bcast(&count, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
  if (!ranks.is_first()) values.resize(count);
  MPI_Bcast(values.data(), static_cast<int>(count), type, 0, MPI_COMM_WORLD);
}

// The file is read by the first rank alone: no other machine needs it.
sparse::Rows read_everywhere(const std::string& path, const mpi::Ranks& ranks) {
  sparse::Rows whole;
  if (ranks.is_first()) {
    whole = sparse::read_matrix_market(path);
    if (whole.column.size() > std::numeric_limits<std::int32_t>::max())
      throw std::runtime_error(path + " has more entries than one MPI message can carry");
    if (!sparse::is_symmetric(whole))
      throw std::runtime_error(path + " is not symmetric: conjugate gradients cannot solve it");
  }
  broadcast(whole.start, MPI_UINT32_T, ranks);
  broadcast(whole.column, MPI_UINT32_T, ranks);
  broadcast(whole.value, MPI_DOUBLE, ranks);
  whole.size = whole.count();
  return whole;
}

// The rows of one rank: cut from the file's, or generated.
sparse::Rows rows_of_rank(const Options& options, const mpi::Ranks& ranks) {
  const auto me = static_cast<std::size_t>(ranks.rank), size = static_cast<std::size_t>(ranks.size);
  if (!options.matrix.empty()) {
    const sparse::Rows whole = read_everywhere(options.matrix, ranks);
    return sparse::cut(whole, sparse::begin_of(whole.size, me, size),
                       sparse::begin_of(whole.size, me + 1, size));
  }
  const std::size_t points = options.grid_size().points();
  return sparse::twenty_seven_points(options.grid_size(), sparse::begin_of(points, me, size),
                                     sparse::begin_of(points, me + 1, size));
}

sparse::Rows whole_matrix(const Options& options) {
  return options.matrix.empty()
             ? sparse::twenty_seven_points(options.grid_size(), 0, options.grid_size().points())
             : sparse::read_matrix_market(options.matrix);
}

// Rounding differs between the two, and conjugate gradients amplify it with every iteration: so the
// solutions may differ by what the tolerance leaves open, and the curves are compared at their start.
bool is_alike(const sparse::Solution& gpus, const sparse::Solution& cpu, double x_difference) {
  constexpr std::size_t compared = 10;
  for (std::size_t i = 0; i < std::min({compared, gpus.residuals.size(), cpu.residuals.size()});
       ++i)
    if (std::fabs(gpus.residuals[i] - cpu.residuals[i]) > 1e-6 * cpu.residuals[i]) return false;
  return x_difference < 1e-4;
}

// Returns the exit code. Of the first rank only.
int check(const Options& options, const sparse::Solution& gpus) {
  const sparse::Rows whole = whole_matrix(options);
  const std::vector<double> right = sparse::times(whole, std::vector<double>(whole.size, 1.0));
  const sparse::Solution cpu = sparse::solve_on_cpu(whole, right, options.stop);
  const std::vector<double> image = sparse::times(whole, gpus.x);
  double residual = 0, norm = 0, difference = 0, largest = 0;
  for (std::size_t i = 0; i < whole.size; ++i) {
    residual += (right[i] - image[i]) * (right[i] - image[i]);
    norm += right[i] * right[i];
    difference = std::max(difference, std::fabs(gpus.x[i] - cpu.x[i]));
    largest = std::max(largest, std::fabs(cpu.x[i]));
  }
  residual = std::sqrt(residual / norm);
  const bool is_correct = is_alike(gpus, cpu, difference / largest);
  const bool has_converged = gpus.has_converged(options.stop);
  std::cout << "GPUs: " << gpus.residuals.size() - 1 << " iterations, residual " << residual
            << " when computed by the CPU\nCPU:  " << cpu.residuals.size() - 1
            << " iterations\nlargest difference of the solutions: " << difference / largest
            << (is_correct ? ", correct" : ", WRONG") << "\n";
  if (!has_converged) std::cout << "not converged: give more --iterations\n";
  const std::vector<sparse::Curve> curves{{"GPUs", gpus.residuals}, {"CPU", cpu.residuals}};
  if (!options.csv.empty()) sparse::write_table(options.csv, curves);
  if (!options.plot.empty()) {
    const std::string name = options.matrix.empty() ? "27-point problem" : options.matrix;
    sparse::write_plot(options.plot,
                       "Conjugate gradients, " + name + ", " + std::to_string(whole.size) + " rows",
                       curves);
  }
  return is_correct && has_converged ? 0 : 1;
}

int solve(const mpi::Ranks& ranks, const Options& options) {
  if (!options.plot.empty() && !sparse::can_draw())
    throw std::runtime_error("--plot: this program was built without cairo; --csv has the figures");
  if (options.grid_size().points() > std::numeric_limits<std::int32_t>::max() / 27)
    throw std::runtime_error("--grid: more points than 32-bit indexes can tell apart");
  const sparse::Rows rows = rows_of_rank(options, ranks);
  zesvm::Runtime runtime;
  sparse::GpuSolver solver(runtime, ranks, options, rows);
  // Of this right-hand side, the solution is all ones.
  const std::vector<double> right = sparse::times(rows, std::vector<double>(rows.size, 1.0));
  const double begin = MPI_Wtime();
  const sparse::Solution solution = solver.solve(right, options.stop);
  const double seconds = MPI_Wtime() - begin;
  if (!ranks.is_first()) return 0;
  std::cout << rows.size << " rows: " << seconds << " s, compiling kernels included\n";
  return check(options, solution);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Conjugate gradients over MPI ranks and the GPUs of each.\n"
      "Exit code: 0 when it converged to the solution of the CPU, 1 when not or something failed.",
      "mpi_cg"};
  auto* grid = app.add_option("--grid", options.grid, "27-point problem on so many points")
                   ->expected(3)
                   ->check(CLI::Range(1, 1 << 20))
                   ->capture_default_str();
  app.add_option("--matrix", options.matrix,
                 "Matrix Market file instead: real, symmetric, positive definite")
      ->excludes(grid);
  app.add_option("--tolerance", options.stop.tolerance, "relative residual to stop at")
      ->check(CLI::Range(1e-14, 0.5))
      ->capture_default_str();
  app.add_option("--iterations", options.stop.iterations, "how many at most")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--csv", options.csv, "file for the residuals");
  app.add_option("--plot", options.plot, "PNG for the residuals");
  options.add_to(app);
  return mpi::run(argc, argv, app, options,
                  [&](const mpi::Ranks& ranks) { return solve(ranks, options); });
}
