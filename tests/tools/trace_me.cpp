// A program with something of everything that traces tell: two streams of one device at a time, hints,
// memory that goes to and fro, and memory of its own. Needs a device that takes any pointer.
#include <cstdio>
#include <thread>
#include <vector>

#include <zesvm/zesvm.hpp>

namespace {

void work_on(zesvm::Runtime& runtime, zesvm::Array<unsigned>& values) {
  zesvm::Stream stream(runtime.device(0));
  const zesvm::Kernel increment = runtime.load_module("fill").kernel("increment");
  for (int turn = 0; turn < 4; ++turn) {
    stream.launch(increment, zesvm::grid(values.size()), values);
    stream.wait();
    values[0] += 1;
  }
}

}  // namespace

int main() {
  try {
    zesvm::Runtime runtime;
    zesvm::AddressSpace& space = runtime.address_space();
    zesvm::Array<unsigned> one = space.make_array<unsigned>(1 << 20);
    zesvm::Array<unsigned> other = space.make_array<unsigned>(1 << 20);
    one[0] = other[0] = 0;
    std::thread beside([&] { work_on(runtime, other); });
    work_on(runtime, one);
    beside.join();
    space.prefetch(one, runtime.device(0));
    space.advise(other, zesvm::prefer_system_memory());
    std::vector<unsigned> own(1 << 20, 1);
    space.adopt(own.data(), own.size() * sizeof(unsigned));
    space.prefetch(own, runtime.device(0));
    space.free(own.data());
    std::printf("done: %u %u\n", one[0], other[0]);
    return one[0] == 8 && other[0] == 8 ? 0 : 1;
  } catch (const zesvm::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
