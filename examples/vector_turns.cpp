// A vector of the C++ library is handed to kernels as it is: CPU and GPU take turns on it, with the
// algorithms of the standard library on one side. Needs a device that takes any pointer, as
// Battlemage does.
#include <algorithm>
#include <iostream>
#include <numeric>
#include <vector>

#include <zesvm/zesvm.hpp>

int main() {
  try {
    zesvm::Runtime runtime;
    const zesvm::Device& device = runtime.device(0);
    if (!device.has_shared_system_memory()) {
      std::cerr
          << "vector_turns: needs a device that takes any pointer; ZESVM_NODE=bmg-2 has two\n";
      return 1;
    }
    std::vector<unsigned> values(4 << 20);  // 16 MiB from operator new
    const auto increment = runtime.load_module("fill").kernel("increment");
    zesvm::Stream stream(device);

    std::iota(values.begin(), values.end(), 0u);
    for (int turn = 0; turn < 3; ++turn) {
      stream.launch(increment, zesvm::grid(values.size()), values.data());
      stream.wait();
      std::reverse(values.begin(), values.end());
    }
    values.resize(values.size() * 2);  // moves it, and what was in VRAM with it
    stream.launch(increment, zesvm::grid(values.size()), values.data());
    stream.wait();

    const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    const bool is_right =
        std::is_sorted(values.begin(), half, std::greater<>{}) &&
        values.front() == values.size() / 2 + 3 && values[values.size() / 2 - 1] == 4 &&
        std::all_of(half, values.end(), [](unsigned value) { return value == 1; });
    std::cout << "values are " << (is_right ? "right" : "wrong") << "\nWhat moved:\n"
              << runtime.statistics();
    return is_right ? 0 : 1;
  } catch (const zesvm::Error& error) {
    std::cerr << "vector_turns: " << error.what() << "\n";
    return 1;
  }
}
