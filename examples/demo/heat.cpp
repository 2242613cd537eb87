// Heat flows over a picture. Each device has a band of rows in its own memory; of the neighbour's
// band it reads one row, through a plain pointer to shared memory.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "parts.hpp"
#include "picture.hpp"
#include "stopwatch.hpp"

namespace demo {
namespace {

// The scheme is stable up to 0.25.
constexpr float rate = 0.24f;
constexpr std::size_t widest = 1024;
constexpr std::size_t highest = 1024;
// How many steps are queued before the host waits, and how often there is progress to show.
constexpr std::size_t steps_at_once = 25;

using Rows = zesvm::Array<float>;

/// The rows one device works on. Of each pair, one is read while the other is written.
struct Band {
  zesvm::Stream stream;
  std::size_t rows;
  std::array<Rows, 2> cells;
  std::array<Rows, 2> first_row;
  std::array<Rows, 2> last_row;
};

// Memory moves in chunks of up to 2 MiB; a band that is not cut at odd places moves in one piece.
std::size_t whole_chunks(std::size_t cells) {
  constexpr std::size_t chunk = (std::size_t{2} << 20) / sizeof(float);
  return (cells + chunk - 1) / chunk * chunk;
}

Band make_band(zesvm::AddressSpace& space, const zesvm::Device& device, const float* values,
               std::size_t width, std::size_t rows) {
  Band band{zesvm::Stream(device), rows, {}, {}, {}};
  for (std::size_t i = 0; i < 2; ++i) {
    band.cells[i] = space.make_array<float>(whole_chunks(width * rows));
    band.first_row[i] = space.make_array<float>(width);
    band.last_row[i] = space.make_array<float>(width);
    space.advise(band.cells[i].data(), band.cells[i].size_bytes(),
                 zesvm::preferred_location(device));
  }
  std::copy_n(values, width * rows, band.cells[0].begin());
  std::copy_n(values, width, band.first_row[0].begin());
  std::copy_n(values + width * (rows - 1), width, band.last_row[0].begin());
  return band;
}

std::vector<Band> make_bands(Stage& stage, const Picture& picture) {
  std::vector<Band> bands;
  const auto devices = stage.devices();
  std::size_t row = 0;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::size_t end = picture.height * (i + 1) / devices.size();
    bands.push_back(make_band(stage.runtime.address_space(), devices[i],
                              &picture.values[row * picture.width], picture.width, end - row));
    row = end;
  }
  return bands;
}

void step(std::vector<Band>& bands, const zesvm::Kernel& kernel, std::size_t width,
          std::size_t number) {
  const std::size_t now = number % 2;
  const std::size_t next = 1 - now;
  std::vector<zesvm::Event> done;
  for (std::size_t i = 0; i < bands.size(); ++i) {
    Band& band = bands[i];
    const float* above = i > 0 ? bands[i - 1].last_row[now].data() : nullptr;
    const float* below = i + 1 < bands.size() ? bands[i + 1].first_row[now].data() : nullptr;
    band.stream.launch(kernel, zesvm::grid(width, band.rows), band.cells[now], band.cells[next],
                       above, below, band.first_row[next], band.last_row[next],
                       static_cast<unsigned>(band.rows), rate);
    done.push_back(band.stream.record());
  }
  // A band's next step reads rows its neighbours write in this one.
  for (std::size_t i = 0; i < bands.size(); ++i) {
    if (i > 0) bands[i].stream.wait_for(done[i - 1]);
    if (i + 1 < bands.size()) bands[i].stream.wait_for(done[i + 1]);
  }
}

Picture collect(const std::vector<Band>& bands, const Picture& like, std::size_t number) {
  Picture picture{like.width, like.height, {}};
  for (const Band& band : bands) {
    const float* cells = band.cells[number % 2].data();
    picture.values.insert(picture.values.end(), cells, cells + like.width * band.rows);
  }
  return picture;
}

void step_on_cpu(const Picture& from, Picture& to) {
  const std::size_t width = from.width;
  for (std::size_t y = 1; y + 1 < from.height; ++y) {
    for (std::size_t x = 1; x + 1 < width; ++x) {
      const float* cell = &from.values[y * width + x];
      to.values[y * width + x] =
          *cell + rate * (cell[-1] + cell[1] + *(cell - width) + cell[width] - 4.0f * *cell);
    }
  }
}

float largest_difference(const Picture& a, const Picture& b) {
  float largest = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    largest = std::max(largest, std::fabs(a.values[i] - b.values[i]));
  return largest;
}

// The CPU walks the first steps only; a wrong halo shows after one.
constexpr std::size_t checked_steps = 25;

float difference_to_cpu(const Picture& start, const Picture& after_checked_steps) {
  Picture now = start;
  Picture next = start;
  for (std::size_t i = 0; i < checked_steps; ++i) {
    step_on_cpu(now, next);
    std::swap(now.values, next.values);
  }
  return largest_difference(now, after_checked_steps);
}

}  // namespace

Verdict run_heat(Stage& stage, const std::string& path, const std::string& directory,
                 std::size_t steps) {
  const Picture start = shrunk_to(read_png(path), widest, highest);
  if (start.width < 4 || start.height < 8)
    throw std::runtime_error(path + " is too small: give a picture of at least 4 x 8");
  steps = std::max(steps, checked_steps);
  stage.out << "\nHeat over " << path << ", " << start.width << " x " << start.height << ", "
            << steps << " steps, on " << stage.devices().size() << " device(s)\n";
  std::filesystem::create_directories(directory);
  write_heat_png(directory + "/heat-before.png", start);

  const auto before = stage.runtime.statistics();
  const auto kernel = stage.runtime.load_module("heat2d").kernel("heat_step");
  std::vector<Band> bands = make_bands(stage, start);
  Progress progress("heat equation", steps, stage.drawing);
  float difference = std::numeric_limits<float>::infinity();  // until it was checked
  const Stopwatch watch;
  for (std::size_t number = 0; number < steps;) {
    const std::size_t end = std::min(number + steps_at_once, steps);
    for (; number < end; ++number) step(bands, kernel, start.width, number);
    for (Band& band : bands) band.stream.wait();
    if (number == checked_steps)
      difference = difference_to_cpu(start, collect(bands, start, number));
    progress.reach(number);
  }
  Verdict verdict{"heat", difference < 1e-4f, watch.seconds(), {}};
  write_heat_png(directory + "/heat-after.png", collect(bands, start, steps));
  verdict.moved = stage.runtime.statistics() - before;
  progress.clear();
  stage.out << "  largest difference to the CPU after " << checked_steps
            << " steps: " << std::defaultfloat << difference << "\n  wrote " << directory
            << "/heat-before.png and " << directory << "/heat-after.png\n";
  return verdict;
}

}  // namespace demo
