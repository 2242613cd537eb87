// Proves that an installed zesvm can be compiled against as C++17, and finds its driver, helper,
// node and kernels wherever it was installed.
#include <iostream>

#include <zesvm/zesvm.hpp>

int main() {
  try {
    zesvm::RuntimeOptions options;
    options.backend = zesvm::Backend::simulator;
    zesvm::Runtime runtime(options);
    auto values = runtime.address_space().make_array<unsigned>(1024);
    for (unsigned& value : values) value = 1;
    zesvm::Stream stream(runtime.device(0));
    stream.launch(runtime.load_module("fill").kernel("increment"), zesvm::grid(values.size()),
                  values);
    stream.wait();
    for (unsigned value : values) {
      if (value == 2) continue;
      std::cerr << "consumer: a value is " << value << ", not 2\n";
      return 1;
    }
    std::cout << "consumer: right on " << runtime.device(0).name() << "\n";
    return 0;
  } catch (const zesvm::Error& error) {
    std::cerr << "consumer: " << error.what() << "\n";
    return 1;
  }
}
