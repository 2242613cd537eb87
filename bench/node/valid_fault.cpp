// What a fault costs that finds everything valid: from the kernel's instruction to the driver's
// service thread and back, with nothing to move or to map. Measured on a tile alone; the decision of
// the address space, which svm_core_bench measures, comes on top with less than half a microsecond.
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sys/mman.h>

#include "base/unique_fd.hpp"
#include "bench/node/timing.hpp"
#include "simulator/tile/tile_process.hpp"

namespace zesvm::bench {
namespace {

using namespace simulator::tile;

constexpr Bytes window_size = 2_MiB;

void require(Status status, const char* what) {
  if (status == Status::ok) return;
  std::fprintf(stderr, "%s: %s\n", what, std::string(name_of(status)).c_str());
  std::exit(EXIT_FAILURE);
}

/// A tile whose handler answers so many faults without doing anything before it maps.
class IdlyFaultingTile {
 public:
  IdlyFaultingTile() {
    memory_ = UniqueFd{::memfd_create("zesvm-bench", MFD_CLOEXEC)};
    if (::ftruncate(memory_.get(), static_cast<off_t>(window_size.count)) != 0) std::abort();
    void* at = ::mmap(nullptr, (window_size * 2).count, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const Address begin = align_up(address_of(at), window_size);
    window_ = {begin, begin + window_size};
    TileOptions options;
    options.program = ZESVM_BENCH_DEVICE_PROGRAM;
    auto spawned = TileProcess::spawn(
        options, [this](Address, Access) { return idle_-- > 0 ? Status::ok : map(); });
    require(spawned.status(), "starting a tile");
    tile_ = *std::move(spawned);
    require(tile_->reserve(window_), "reserving addresses");
    const auto file = tile_->add_file(memory_.get(), window_size);
    require(file.status(), "sharing a file");
    file_ = *file;
    build();
  }

  /// Runs a kernel whose only access faults once more than `idle` times.
  void run(int idle) {
    require(tile_->unmap(window_), "unmapping");
    idle_ = idle;
    LaunchRequest request;
    request.module = module_;
    request.kernel = "touch";
    const std::uint64_t stride = 1;
    const auto bytes = std::as_bytes(std::span{&stride, 1});
    request.arguments = {PointerArgument{window_.begin},
                         ValueArgument{{bytes.begin(), bytes.end()}}};
    require(tile_->run(request).status, "running a kernel");
  }

 private:
  Status map() { return tile_->map({window_, file_, {}, Rights::atomic, Populate::lazily}); }

  void build() {
    std::ifstream in(ZESVM_BENCH_KERNELS "/touch.spv", std::ios::binary);
    const std::string spirv{std::istreambuf_iterator<char>(in), {}};
    const BuildOutcome built = tile_->build_module(std::as_bytes(std::span{spirv}), "");
    require(built.status, "building a module");
    module_ = built.module;
  }

  UniqueFd memory_;
  Interval window_{};
  std::atomic<int> idle_{0};
  FileId file_;
  ModuleId module_;
  std::unique_ptr<TileProcess> tile_;
};

// Goal: a median round trip of at most 20 us.
void valid_fault(benchmark::State& state) {
  constexpr int faults = 500;
  IdlyFaultingTile tile;
  tile.run(0);
  Times round_trip;
  for (auto unused : state) {
    const double without = seconds([&] { tile.run(0); });
    const double with = seconds([&] { tile.run(faults); });
    state.SetIterationTime(with);
    round_trip.add((with - without) / faults);
  }
  state.counters["us_per_fault"] = round_trip.median() * 1e6;
  state.counters["us_best"] = round_trip.best() * 1e6;
}
BENCHMARK(valid_fault)->Name("valid_fault")->UseManualTime();

}  // namespace
}  // namespace zesvm::bench
