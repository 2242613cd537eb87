// docs/guides/atomics.md
#include <algorithm>
#include <iostream>
#include <numeric>

#include <zesvm/zesvm.hpp>

namespace {

int run() {
  zesvm::Runtime runtime;
  zesvm::AddressSpace& space = runtime.address_space();
  const std::size_t n = 1 << 20;
  zesvm::Array<unsigned char> bytes = space.make_array<unsigned char>(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<unsigned char>(i * 7);

  // Where atomic operations hit: small, on its own, and for devices only.
  zesvm::Array<unsigned> counts = space.make_array<unsigned>(256);
  std::fill(counts.begin(), counts.end(), 0u);
  const zesvm::HintResult told = space.advise(counts, zesvm::AtomicAccess::device);
  if (told.outcome == zesvm::HintOutcome::ignored) std::cout << "ignored: " << told.reason << "\n";

  const zesvm::Kernel histogram = runtime.load_module("histogram").kernel("byte_histogram");
  zesvm::Stream stream(runtime.device(0));
  const zesvm::LocalMemory local{256 * sizeof(unsigned)};
  stream.launch(histogram, zesvm::grid(4096), bytes, std::uint64_t{n}, counts, local);
  stream.wait();
  std::cout << "The counters after the kernel:\n" << space.residency(counts);

  // Read once, at the end: the chunk comes back here.
  const unsigned sum = std::accumulate(counts.begin(), counts.end(), 0u);
  std::cout << "counted " << sum << " of " << n << "\n";

  // Said of the CPU only, a device's atomic operation is an error, not a wrong sum.
  space.advise(counts, zesvm::AtomicAccess::cpu);
  try {
    space.prepare(runtime.device(0),
                  {{counts.data(), counts.size_bytes(), zesvm::AccessMode::atomic}});
    return 1;
  } catch (const zesvm::Error& error) {
    std::cout << "refused: " << (error.code() == zesvm::ErrorCode::invalid_argument) << "\n";
  }
  return sum == n ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const zesvm::Error& error) {
    std::cerr << "atomics: " << error.what() << "\n";
    return 1;
  }
}
