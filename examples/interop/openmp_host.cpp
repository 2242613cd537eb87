// Threads of OpenMP, each with a stream of its own, on one array: every thread computes its part on a
// device, then the CPU adds all of it up, through the same pointers.
#include <cstdio>
#include <exception>
#include <omp.h>

#include <zesvm/memory_resource.hpp>
#include <zesvm/zesvm.hpp>

namespace {

int run() {
  zesvm::Runtime runtime;
  const std::size_t n = std::size_t{1} << 20;
  zesvm::Vector<double> x(n, 0.0, runtime.address_space());
  zesvm::Vector<double> y(n, 1.0, runtime.address_space());
  const zesvm::Kernel triad = runtime.load_module("triad").kernel("triad");
  int failures = 0;

#pragma omp parallel num_threads(4) reduction(+ : failures)
  try {
    const auto threads = static_cast<std::size_t>(omp_get_num_threads());
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    const std::size_t begin = n * thread / threads, end = n * (thread + 1) / threads;
    zesvm::Stream stream(runtime.device(thread % runtime.devices().size()));
    stream.launch(triad, zesvm::grid(end - begin), x.data() + begin, y.data() + begin,
                  y.data() + begin, 3.0);
    stream.wait();
  } catch (const std::exception& error) {
    // An exception must not leave the parallel region.
    std::fprintf(stderr, "%s\n", error.what());
    ++failures;
  }

  double sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) sum += x[i];
  std::printf("sum %.0f of %.0f\n", sum, 4.0 * static_cast<double>(n));
  return failures == 0 && sum == 4.0 * static_cast<double>(n) ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const zesvm::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
