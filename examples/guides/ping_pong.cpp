// docs/guides/read-a-trace.md: memory that CPU and GPU take from each other, until one is told to leave
// it where it is: ping_pong [advised]
#include <cstring>
#include <iostream>

#include <zesvm/zesvm.hpp>

namespace {

int run(bool is_advised) {
  zesvm::Runtime runtime;
  zesvm::AddressSpace& space = runtime.address_space();
  zesvm::Array<unsigned> values = space.make_array<unsigned>(1 << 20);  // 4 MiB
  zesvm::Array<unsigned> progress = space.make_array<unsigned>(1024);
  for (unsigned& value : values) value = 0;
  for (unsigned& value : progress) value = 0;
  if (is_advised) space.advise(progress, zesvm::prefer_system_memory());

  zesvm::Stream stream(runtime.device(0));
  const zesvm::Kernel increment = runtime.load_module("fill").kernel("increment");
  unsigned seen = 0;
  for (int step = 0; step < 8; ++step) {
    stream.launch(increment, zesvm::grid(values.size()), values);
    stream.launch(increment, zesvm::grid(progress.size()), progress);
    stream.wait();
    seen = progress[0];  // the CPU looks how far it is
  }
  std::cout << "step " << seen << ", " << runtime.statistics().tiles[0].migrations()
            << " migrations\n";
  return seen == 8 && values[0] == 8 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 && std::strcmp(argv[1], "advised") == 0);
  } catch (const zesvm::Error& error) {
    std::cerr << "ping_pong: " << error.what() << "\n";
    return 1;
  }
}
