// What shared memory costs on the simulated node, through the Level Zero loader. Wall clock; the "GPU"
// is this machine's CPU, so only the ratios carry over:
//
//   ratio       median time of what is measured / median of the plain copy or the explicit version
//   ratio_best  the same for the fastest of each
//
// --backing shared|system: memory of zeMemAllocShared (the default), or of mmap. The node is the one
// that ZESVM_NODE names, else four-cards.yaml beside this file.
#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "bench/node/level_zero.hpp"

namespace {

using zesvm::bench::Backing;
using zesvm::bench::Machine;

/// Takes `--backing x` or `--backing=x` out of the arguments; false when it makes no sense.
bool take_backing(int& argc, char** argv) {
  const std::string option = "--backing";
  int kept = 1;
  bool is_known = true;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool is_joined = argument.rfind(option + "=", 0) == 0;
    if (argument != option && !is_joined) {
      argv[kept++] = argv[i];
      continue;
    }
    const char* next = i + 1 < argc ? argv[i + 1] : "";
    const std::string value = is_joined ? argument.substr(option.size() + 1) : std::string(next);
    if (!is_joined) ++i;
    is_known = value == "shared" || value == "system";
    Machine::backing = value == "system" ? Backing::system : Backing::shared;
  }
  argc = kept;
  return is_known;
}

}  // namespace

int main(int argc, char** argv) {
  if (!take_backing(argc, argv)) {
    std::fprintf(stderr, "fault_bench: --backing is shared or system\n");
    return EXIT_FAILURE;
  }
  ::setenv("ZE_ENABLE_ALT_DRIVERS", ZESVM_BENCH_DRIVER, 0);
  ::setenv("ZESVM_NODE", ZESVM_BENCH_NODE, 0);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return EXIT_FAILURE;
  benchmark::AddCustomContext("clock", "wall, simulated node");
  benchmark::AddCustomContext("backing", Machine::backing == Backing::system ? "system" : "shared");
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
