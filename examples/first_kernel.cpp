#include <iostream>

#include <zesvm/zesvm.hpp>

int main() {
  zesvm::Runtime runtime;  // real GPUs, or the simulated node when there are none
  zesvm::AddressSpace& space = runtime.address_space();

  const std::size_t n = 1 << 20;  // 8 MiB each
  double* x = space.allocate<double>(n);
  double* y = space.allocate<double>(n);
  double* z = space.allocate<double>(n);
  for (std::size_t i = 0; i < n; ++i) y[i] = z[i] = 1.0 * i;

  zesvm::Stream stream(runtime.device(0));
  stream.launch(runtime.load_module("triad").kernel("triad"), zesvm::grid(n), x, y, z, 3.0);
  stream.wait();

  std::cout << "After the kernel:\n" << space.residency(x, n * sizeof *x);
  std::cout << "x[1000] = " << x[1000] << "\n";  // brings back the chunk it is in, and only that
  std::cout << "After reading it:\n" << space.residency(x, n * sizeof *x);
}
