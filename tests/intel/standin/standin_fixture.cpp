#include "intel/standin/standin_fixture.hpp"

namespace zesvm::tests {

void StandinTest::warm_up() {
  [[maybe_unused]] static const bool once = [this] {
    for (const Device& device : rt.devices()) {
      auto* memory = space.allocate<char>(chunk);
      space.prefetch(memory, chunk, device);
      Stream stream(device);
      stream.fill(memory, 1, chunk);
      stream.wait();
      space.free(memory);
    }
    return true;
  }();
  log = KernelLog();
}

}  // namespace zesvm::tests
