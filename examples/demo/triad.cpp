// STREAM triad, a = b + s * c, each device on its part. The devices are simulated on this machine's
// own cores, so only ratios to the same work done by the CPU in the same run mean anything.
#include <algorithm>
#include <cstring>
#include <iomanip>
#include <ostream>
#include <vector>

#include "parts.hpp"
#include "stopwatch.hpp"

namespace demo {
namespace {

constexpr double factor = 3.0;
constexpr std::size_t repetitions = 5;
// Bytes of a, b and c, per element: what STREAM counts.
constexpr double bytes_per_element = 3 * sizeof(double);

struct Arrays {
  zesvm::Array<double> a, b, c;
};

Arrays make_arrays(zesvm::AddressSpace& space, std::size_t elements) {
  Arrays arrays{space.make_array<double>(elements), space.make_array<double>(elements),
                space.make_array<double>(elements)};
  for (std::size_t i = 0; i < elements; ++i) {
    arrays.a[i] = 0;
    arrays.b[i] = static_cast<double>(i % 1000);
    arrays.c[i] = 0.5;
  }
  return arrays;
}

double launch_all(std::vector<zesvm::Stream>& streams, const zesvm::Kernel& kernel,
                  const Arrays& arrays) {
  const Stopwatch watch;
  const std::size_t part = arrays.a.size() / streams.size();
  for (std::size_t i = 0; i < streams.size(); ++i)
    streams[i].launch(kernel, zesvm::grid(part).by(64), arrays.a.data() + i * part,
                      arrays.b.data() + i * part, arrays.c.data() + i * part, factor);
  for (zesvm::Stream& stream : streams) stream.wait();
  return watch.seconds();
}

double best_cpu_triad(std::size_t elements) {
  std::vector<double> a(elements), b(elements, 2.0), c(elements, 0.5);
  double best = 1e30;
  for (std::size_t repetition = 0; repetition < repetitions; ++repetition) {
    const Stopwatch watch;
    for (std::size_t i = 0; i < elements; ++i) a[i] = b[i] + factor * c[i];
    best = std::min(best, watch.seconds());
  }
  return best;
}

double best_memcpy_of_as_many_bytes(std::size_t elements) {
  // A copy of 1.5 arrays reads and writes what triad does.
  const std::size_t bytes = elements * sizeof(double) * 3 / 2;
  std::vector<char> from(bytes, 1), to(bytes, 2);
  double best = 1e30;
  for (std::size_t repetition = 0; repetition < repetitions; ++repetition) {
    const Stopwatch watch;
    std::memcpy(to.data(), from.data(), bytes);
    best = std::min(best, watch.seconds());
  }
  return best;
}

}  // namespace

Verdict run_triad(Stage& stage, std::size_t elements) {
  const auto devices = stage.devices();
  stage.out << "\nSTREAM triad, three arrays of " << (elements * sizeof(double) >> 20)
            << " MiB, on " << devices.size() << " device(s)\n";
  const auto before = stage.runtime.statistics();
  const auto kernel = stage.runtime.load_module("triad").kernel("triad");
  Arrays arrays = make_arrays(stage.runtime.address_space(), elements);
  std::vector<zesvm::Stream> streams(devices.begin(), devices.end());
  Progress progress("triad", repetitions + 1, stage.drawing);
  const Stopwatch watch;
  const double first = launch_all(streams, kernel, arrays);
  double best = first;
  for (std::size_t i = 0; i < repetitions; ++i) {
    progress.reach(i + 1);
    best = std::min(best, launch_all(streams, kernel, arrays));
  }
  Verdict verdict{"triad", true, watch.seconds(), {}};
  const double cpu = best_cpu_triad(elements);
  const double copy = best_memcpy_of_as_many_bytes(elements);
  for (std::size_t i = 0; i < elements; ++i)
    verdict.is_correct &= arrays.a[i] == static_cast<double>(i % 1000) + factor * 0.5;
  verdict.moved = stage.runtime.statistics() - before;

  progress.clear();
  const char* kind = stage.runtime.is_simulated() ? "simulated" : "measured";
  const double gigabytes = bytes_per_element * static_cast<double>(elements) / 1e9;
  stage.out << std::fixed << std::setprecision(2)
            << "  once memory is in place: " << gigabytes / best << " GB/s " << kind << ", "
            << cpu / best << " x one CPU thread, " << copy / best << " x memcpy\n"
            << "  the first time, with compiling and every page fault: " << first / best
            << " x as long\n";
  return verdict;
}

}  // namespace demo
