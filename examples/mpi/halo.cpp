// Heat on a grid whose rows are divided over MPI ranks, and over the GPUs of each. A GPU has a band of
// rows in its own memory. Its first and last row are also written to small arrays for the neighbours: a
// GPU of the same rank reads them through the pointer, one of another rank gets them by MPI.
//
//   mpirun -n 2 mpi_halo --width 1024 --height 1024 --steps 200
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <stdexcept>

#include "ranks.hpp"

namespace {

// The scheme is stable up to 0.25.
constexpr float rate = 0.24f;

struct Options : mpi::Options {
  std::size_t width = 256;
  std::size_t height = 256;
  std::size_t steps = 100;
};

using Row = zesvm::Array<float>;

/// The rows of one GPU. Of each pair, one is read while the other is written.
struct Band {
  zesvm::Stream stream;
  std::size_t rows;
  std::array<Row, 2> cells, first_row, last_row;
};

// Where heat is at the beginning: the same on every rank, whatever the division.
float start_value(std::size_t x, std::size_t y) {
  return static_cast<float>((x * 37 + y * 101 + x * y) % 256) / 256.0f;
}

std::vector<float> solve_on_cpu(const Options& options) {
  const std::size_t width = options.width;
  std::vector<float> now(width * options.height);
  for (std::size_t i = 0; i < now.size(); ++i) now[i] = start_value(i % width, i / width);
  std::vector<float> next = now;
  for (std::size_t step = 0; step < options.steps; ++step) {
    for (std::size_t y = 1; y + 1 < options.height; ++y)
      for (std::size_t x = 1; x + 1 < width; ++x) {
        const float* cell = &now[y * width + x];
        next[y * width + x] =
            *cell + rate * (cell[-1] + cell[1] + *(cell - width) + cell[width] - 4.0f * *cell);
      }
    now.swap(next);
  }
  return now;
}

/// The bands of this rank, and its place between its neighbours.
class Field {
 public:
  Field(zesvm::Runtime& runtime, const mpi::Ranks& ranks, const Options& options);
  /// Makes one step everywhere.
  void step();
  /// Returns the whole grid to the first rank; nothing to the others.
  std::vector<float> collect();

 private:
  void add_band(const zesvm::Device& device, std::size_t begin, std::size_t end);
  void exchange();

  zesvm::AddressSpace& space_;
  const mpi::Ranks& ranks_;
  const Options& options_;
  zesvm::Kernel kernel_;
  std::vector<Band> bands_;
  // Rows of the ranks above and below, written by MPI.
  Row above_, below_;
  // After what it holds.
  mpi::HeldMemory held_;
  // Which of each pair holds the current state.
  std::size_t now_ = 0;
};

Field::Field(zesvm::Runtime& runtime, const mpi::Ranks& ranks, const Options& options)
    : space_(runtime.address_space()),
      ranks_(ranks),
      options_(options),
      kernel_(runtime.load_module("heat2d").kernel("heat_step")),
      above_(space_.make_array<float>(options.width)),
      below_(space_.make_array<float>(options.width)),
      held_(space_, options.hold) {
  const auto devices = mpi::choose_devices(runtime, ranks, options.share);
  mpi::print_devices(runtime, ranks, devices);
  const auto size = static_cast<std::size_t>(ranks.size), me = static_cast<std::size_t>(ranks.rank);
  const std::size_t begin = options.height * me / size;
  const std::size_t rows = options.height * (me + 1) / size - begin;
  if (rows < devices.size())
    throw std::runtime_error("a grid of " + std::to_string(options.height) +
                             " rows is too low: every GPU of every rank needs one (--height)");
  for (std::size_t i = 0; i < devices.size(); ++i)
    add_band(devices[i], begin + rows * i / devices.size(),
             begin + rows * (i + 1) / devices.size());
  for (const Row* row : {&above_, &below_}) held_.add(*row);
  for (std::size_t i = 0; i < 2; ++i) {
    held_.add(bands_.front().first_row[i]);
    held_.add(bands_.back().last_row[i]);
  }
  held_.during([this] { exchange(); });
}

void Field::add_band(const zesvm::Device& device, std::size_t begin, std::size_t end) {
  const std::size_t width = options_.width, rows = end - begin;
  Band band{zesvm::Stream(device), rows, {}, {}, {}};
  for (std::size_t i = 0; i < 2; ++i) {
    band.cells[i] = space_.make_array<float>(width * rows);
    band.first_row[i] = space_.make_array<float>(width);
    band.last_row[i] = space_.make_array<float>(width);
    space_.advise(band.cells[i], zesvm::preferred_location(device));
  }
  for (std::size_t y = begin; y < end; ++y)
    for (std::size_t x = 0; x < width; ++x)
      band.cells[0][(y - begin) * width + x] = start_value(x, y);
  for (std::size_t x = 0; x < width; ++x) {
    band.first_row[0][x] = start_value(x, begin);
    band.last_row[0][x] = start_value(x, end - 1);
  }
  bands_.push_back(std::move(band));
}

// MPI reads and writes rows that the GPUs use: they are held meanwhile, by the caller.
void Field::exchange() {
  const int width = static_cast<int>(options_.width);
  const int up = ranks_.rank > 0 ? ranks_.rank - 1 : MPI_PROC_NULL;
  const int down = ranks_.rank + 1 < ranks_.size ? ranks_.rank + 1 : MPI_PROC_NULL;
  MPI_Sendrecv(bands_.front().first_row[now_].data(), width, MPI_FLOAT, up, 0, below_.data(), width,
               MPI_FLOAT, down, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  MPI_Sendrecv(bands_.back().last_row[now_].data(), width, MPI_FLOAT, down, 1, above_.data(), width,
               MPI_FLOAT, up, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

void Field::step() {
  const std::size_t next = 1 - now_;
  const float* from_above = ranks_.rank > 0 ? above_.data() : nullptr;
  const float* from_below = ranks_.rank + 1 < ranks_.size ? below_.data() : nullptr;
  for (std::size_t i = 0; i < bands_.size(); ++i) {
    Band& band = bands_[i];
    const float* above = i > 0 ? bands_[i - 1].last_row[now_].data() : from_above;
    const float* below = i + 1 < bands_.size() ? bands_[i + 1].first_row[now_].data() : from_below;
    band.stream.launch(kernel_, zesvm::grid(options_.width, band.rows), band.cells[now_],
                       band.cells[next], above, below, band.first_row[next], band.last_row[next],
                       static_cast<unsigned>(band.rows), rate);
  }
  for (Band& band : bands_) band.stream.wait();
  now_ = next;
  held_.during([this] { exchange(); });
}

std::vector<float> Field::collect() {
  std::vector<const Row*> pieces;
  for (const Band& band : bands_) pieces.push_back(&band.cells[now_]);
  return mpi::collect(space_, ranks_, pieces);
}

int simulate(const mpi::Ranks& ranks, const Options& options) {
  zesvm::Runtime runtime;
  Field field(runtime, ranks, options);
  field.step();  // kernels are compiled, memory is on its way
  const auto before = runtime.statistics();
  const double begin = MPI_Wtime();
  for (std::size_t step = 1; step < options.steps; ++step) field.step();
  const double seconds = MPI_Wtime() - begin;
  const auto moved = runtime.statistics() - before;
  double moves = 0, bytes = 0;
  for (const zesvm::TileStatistics& tile : moved.tiles) {
    moves += static_cast<double>(tile.migrations());
    bytes +=
        static_cast<double>(tile.to_device.bytes + tile.to_system.bytes + tile.from_peer.bytes);
  }
  moves = ranks.sum(moves);
  bytes = ranks.sum(bytes);
  const std::vector<float> result = field.collect();
  if (!ranks.is_first()) return 0;
  const std::vector<float> expected = solve_on_cpu(options);
  float largest = 0;
  for (std::size_t i = 0; i < result.size(); ++i)
    largest = std::max(largest, std::fabs(result[i] - expected[i]));
  // Rounding of single precision only: a wrong border shows in the first digit.
  const bool is_correct = largest < 1e-4f;
  std::cout << options.width << " x " << options.height << ", " << options.steps << " steps: "
            << seconds * 1e3 / static_cast<double>(std::max<std::size_t>(options.steps - 1, 1))
            << " ms each; after the first, memory moved " << moves << " times, " << bytes / 1024
            << " KiB\n"
            << "largest difference to the CPU: " << largest
            << (is_correct ? ", correct" : ", WRONG") << "\n";
  return is_correct ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Heat on a grid over MPI ranks and the GPUs of each, with halo exchange.\n"
      "Exit code: 0 when the result is that of the CPU, 1 when it is not or something failed.",
      "mpi_halo"};
  app.add_option("--width", options.width, "cells in a row")
      ->check(CLI::Range(3, 1 << 16))
      ->capture_default_str();
  app.add_option("--height", options.height, "rows")
      ->check(CLI::Range(3, 1 << 16))
      ->capture_default_str();
  app.add_option("--steps", options.steps, "how many")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  options.add_to(app);
  return mpi::run(argc, argv, app, options,
                  [&](const mpi::Ranks& ranks) { return simulate(ranks, options); });
}
