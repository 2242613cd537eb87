#include "gpu_solver.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace sparse {
namespace {

// Enough for every execution unit of a tile to have some, few enough for the CPU to add.
constexpr std::size_t share_count = 1024;

std::vector<Rows> divide(const Rows& rows, std::size_t parts) {
  if (rows.count() < parts)
    throw std::runtime_error("a matrix of " + std::to_string(rows.size) +
                             " rows is too small: every GPU of every rank needs one");
  std::vector<Rows> divided;
  for (std::size_t i = 0; i < parts; ++i) {
    const std::size_t begin = begin_of(rows.count(), i, parts);
    divided.push_back(cut(rows, begin, begin_of(rows.count(), i + 1, parts)));
    divided.back().first_row = rows.first_row + begin;
  }
  return divided;
}

}  // namespace

GpuSolver::GpuSolver(zesvm::Runtime& runtime, const mpi::Ranks& ranks, const mpi::Options& options,
                     const Rows& rows)
    : space_(runtime.address_space()),
      ranks_(ranks),
      kernels_([&] {
        const zesvm::Module module = runtime.load_module(ZESVM_MPI_KERNELS "/sparse.spv");
        return Kernels{module.kernel("spmv"), module.kernel("gather"), module.kernel("axpy"),
                       module.kernel("xpay"), module.kernel("dot_shares")};
      }()),
      held_(space_, options.hold),
      first_row_(rows.first_row) {
  const auto devices = mpi::choose_devices(runtime, ranks, options.share);
  mpi::print_devices(runtime, ranks, devices);
  std::vector<Rows> divided = divide(rows, devices.size());
  plan_ = std::make_unique<Border>(ranks, divided);
  border_ = space_.make_array<double>(std::max<std::size_t>(plan_->size(), 1));
  // All GPUs of the process and MPI use it in place.
  space_.advise(border_, zesvm::prefer_system_memory());
  held_.add(border_);
  for (std::size_t i = 0; i < devices.size(); ++i)
    add_part(devices[i], divided[i], plan_->gathered()[i]);
}

template <typename T>
zesvm::Array<T> GpuSolver::on_device(const std::vector<T>& values, const zesvm::Device& device) {
  auto array = space_.make_array<T>(std::max<std::size_t>(values.size(), 1));
  space_.advise(array, zesvm::preferred_location(device));
  std::copy(values.begin(), values.end(), array.begin());
  return array;
}

void GpuSolver::add_part(const zesvm::Device& device, const Rows& rows, const Gathered& gathered) {
  const std::vector<double> zeros(rows.count());
  parts_.push_back({zesvm::Stream(device), rows.first_row, rows.count(), gathered.row.size(),
                    on_device(rows.start, device), on_device(rows.column, device),
                    on_device(rows.value, device), on_device(gathered.row, device),
                    on_device(gathered.place, device), on_device(zeros, device),
                    on_device(zeros, device), on_device(zeros, device), on_device(zeros, device),
                    space_.make_array<double>(share_count)});
  space_.advise(parts_.back().shares, zesvm::prefer_system_memory());
}

void GpuSolver::start_from_zero(const std::vector<double>& right) {
  for (Part& part : parts_) {
    const double* from = right.data() + (part.first_row - first_row_);
    std::fill(part.x.begin(), part.x.end(), 0.0);
    std::copy_n(from, part.rows, part.residual.begin());
    std::copy_n(from, part.rows, part.direction.begin());
  }
}

void GpuSolver::wait() {
  for (Part& part : parts_) part.stream.wait();
}

double GpuSolver::dot(Vector Part::*a, Vector Part::*b) {
  for (Part& part : parts_)
    part.stream.launch(kernels_.dot_shares, zesvm::grid(share_count), part.*a, part.*b,
                       static_cast<unsigned>(part.rows), part.shares);
  wait();
  double sum = 0;
  for (const Part& part : parts_)
    for (const double share : part.shares) sum += share;
  return ranks_.sum(sum);
}

// image = matrix * direction
void GpuSolver::multiply() {
  for (Part& part : parts_)
    if (part.gathered > 0)
      part.stream.launch(kernels_.gather, zesvm::grid(part.gathered), part.direction,
                         part.gathered_row, part.gathered_place, border_);
  wait();
  held_.during([this] { plan_->exchange(border_.data()); });
  for (Part& part : parts_)
    part.stream.launch(kernels_.spmv, zesvm::grid(part.rows), part.start, part.column, part.value,
                       part.direction, border_, part.image, static_cast<unsigned>(part.rows));
}

Solution GpuSolver::solve(const std::vector<double>& right, const Stop& stop) {
  start_from_zero(right);
  Solution solution;
  double square = dot(&Part::residual, &Part::residual);
  const double norm = std::sqrt(square);
  for (solution.residuals.push_back(1);
       !solution.has_converged(stop) && solution.residuals.size() <= stop.iterations;
       solution.residuals.push_back(std::sqrt(square) / norm)) {
    multiply();
    const double curvature = dot(&Part::direction, &Part::image);
    if (!(curvature > 0)) throw std::runtime_error("the matrix is not positive definite");
    const double step = square / curvature;
    for (Part& part : parts_) {
      const auto rows = zesvm::grid(part.rows);
      part.stream.launch(kernels_.axpy, rows, step, part.direction, part.x);
      part.stream.launch(kernels_.axpy, rows, -step, part.image, part.residual);
    }
    const double before = square;
    square = dot(&Part::residual, &Part::residual);
    for (Part& part : parts_)
      part.stream.launch(kernels_.xpay, zesvm::grid(part.rows), part.residual, square / before,
                         part.direction);
  }
  wait();
  std::vector<const Vector*> pieces;
  for (const Part& part : parts_) pieces.push_back(&part.x);
  solution.x = mpi::collect(space_, ranks_, pieces);
  return solution;
}

}  // namespace sparse
