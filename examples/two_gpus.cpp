// Two devices work on one array through one pointer: each increments its half, then both count
// into the same word with atomic operations. Nothing is copied by hand.
#include <iostream>

#include <zesvm/zesvm.hpp>

int main() {
  try {
    zesvm::Runtime runtime;
    if (runtime.devices().size() < 2) {
      std::cerr << "two_gpus: needs two devices; ZESVM_NODE=bmg-2 has them\n";
      return 1;
    }
    zesvm::AddressSpace& space = runtime.address_space();
    const std::size_t n = 4 << 20;  // 16 MiB
    auto values = space.make_array<unsigned>(n);
    auto counter = space.make_array<unsigned>(1);
    for (unsigned& value : values) value = 41;
    counter[0] = 0;

    const auto module = runtime.load_module("fill");
    zesvm::Stream first(runtime.device(0));
    zesvm::Stream second(runtime.device(1));
    first.launch(module.kernel("increment"), zesvm::grid(n / 2), values);
    second.launch(module.kernel("increment"), zesvm::grid(n / 2), values.data() + n / 2);
    first.launch(module.kernel("count"), zesvm::grid(1000), counter);
    second.launch(module.kernel("count"), zesvm::grid(1000), counter);
    first.wait();
    second.wait();

    std::cout << "Where the array is:\n" << space.residency(values.data(), values.size_bytes());
    std::size_t wrong = 0;
    for (unsigned value : values) wrong += value != 42;
    std::cout << "wrong values: " << wrong << ", counted: " << counter[0] << " of 2000\n";
    std::cout << "What moved:\n" << runtime.statistics();
    return wrong == 0 && counter[0] == 2000 ? 0 : 1;
  } catch (const zesvm::Error& error) {
    std::cerr << "two_gpus: " << error.what() << "\n";
    return 1;
  }
}
