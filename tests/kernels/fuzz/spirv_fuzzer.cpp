// A libFuzzer target over everything that reads SPIR-V. README.md beside it says how to run it.
#include <cstdint>
#include <cstdlib>

#include "kernels/use_module.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!zesvm::spirv::use_module({reinterpret_cast<const std::byte*>(data), size})) std::abort();
  return 0;
}
