/// @file gpu_solver.hpp
/// Conjugate gradients over the GPUs of all processes.
#pragma once

#include <memory>
#include <vector>

#include "border.hpp"
#include "ranks.hpp"
#include "sparse_rows.hpp"

namespace sparse {

/// The rows of one process, on its GPUs. All processes make one and call the same functions.
class GpuSolver {
 public:
  /// @errors std::runtime_error: fewer rows than GPUs
  GpuSolver(zesvm::Runtime& runtime, const mpi::Ranks& ranks, const mpi::Options& options,
            const Rows& rows);

  /// Solves for a right-hand side, of which `right` are this process's rows, from zero. The whole
  /// solution is returned to the first process, the residuals to all.
  /// @errors std::runtime_error: the matrix is not positive definite
  Solution solve(const std::vector<double>& right, const Stop& stop);

 private:
  using Vector = zesvm::Array<double>;
  using Indexes = zesvm::Array<std::uint32_t>;

  /// What one GPU has.
  struct Part {
    zesvm::Stream stream;
    std::size_t first_row, rows, gathered;
    Indexes start, column;
    Vector value;
    Indexes gathered_row, gathered_place;
    Vector x, residual, direction, image;
    // Sums of the kernel `dot_shares`, in system memory for the CPU to add.
    Vector shares;
  };
  struct Kernels {
    zesvm::Kernel spmv, gather, axpy, xpay, dot_shares;
  };

  template <typename T>
  zesvm::Array<T> on_device(const std::vector<T>& values, const zesvm::Device& device);
  void add_part(const zesvm::Device& device, const Rows& rows, const Gathered& gathered);
  void start_from_zero(const std::vector<double>& right);
  void wait();
  double dot(Vector Part::*a, Vector Part::*b);
  void multiply();

  zesvm::AddressSpace& space_;
  const mpi::Ranks& ranks_;
  Kernels kernels_;
  std::vector<Part> parts_;
  std::unique_ptr<Border> plan_;
  Vector border_;
  // After what it holds.
  mpi::HeldMemory held_;
  std::size_t first_row_;
};

}  // namespace sparse
