// Question: what does a launch cost the host through zesvm, and prepare() before it, compared with the same
// calls of Level Zero written by hand?
//
// Meant for a real driver, Intel's without hardware too (docs/performance.md has the command): there the
// kernels do not run, so that only the host's time is left. Processor time of the calling thread, which a
// busy machine changes little; wall time beside it. Bare calls go to the list of the same stream, on the
// same memory. Every 64 launches are waited for, in all alike. Compare times of one run.
//
// The argument is the size of each of the three buffers, in MiB.
#include <array>
#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <level_zero/ze_api.h>

#include <zesvm/interop.hpp>
#include <zesvm/zesvm.hpp>

namespace {

constexpr std::uint32_t group = 256;
constexpr int launches_between_waits = 64;

void check(ze_result_t result, const char* call) {
  if (result == ZE_RESULT_SUCCESS) return;
  std::fprintf(stderr, "api_overhead_bench: %s returned 0x%x\n", call,
               static_cast<unsigned>(result));
  std::exit(EXIT_FAILURE);
}

// One Runtime for all, since Level Zero is set up once in a process. It belongs to main(): drivers do not
// live until static objects end.
zesvm::Runtime* whole_run = nullptr;

zesvm::Runtime& runtime() { return *whole_run; }

/// Three buffers, and a kernel on them, launched by zesvm and by hand.
class Triad {
 public:
  explicit Triad(std::size_t bytes) : count_(bytes / sizeof(double)) {
    for (auto& buffer : buffers_) buffer = runtime().address_space().make_array<double>(count_);
    ze_kernel_desc_t description{};
    description.stype = ZE_STRUCTURE_TYPE_KERNEL_DESC;
    description.pKernelName = "triad";
    check(zeKernelCreate(zesvm::native_module(module_, device()), &description, &bare_),
          "zeKernelCreate");
    launch();  // what is done once is not of interest
    launch_bare();
    stream_.wait();
  }
  ~Triad() {
    stream_.wait();
    zeKernelDestroy(bare_);
  }
  Triad(const Triad&) = delete;
  Triad& operator=(const Triad&) = delete;

  void launch() {
    stream_.launch(kernel_, zesvm::grid(count_).by(group), buffers_[0], buffers_[1], buffers_[2],
                   3.0);
  }

  void launch_bare() {
    for (std::uint32_t i = 0; i < 3; ++i) {
      double* pointer = buffers_[i].data();
      check(zeKernelSetArgumentValue(bare_, i, sizeof pointer, &pointer),
            "zeKernelSetArgumentValue");
    }
    const double factor = 3.0;
    check(zeKernelSetArgumentValue(bare_, 3, sizeof factor, &factor), "zeKernelSetArgumentValue");
    check(zeKernelSetGroupSize(bare_, group, 1, 1), "zeKernelSetGroupSize");
    const ze_group_count_t groups{static_cast<std::uint32_t>(count_ / group), 1, 1};
    check(zeCommandListAppendLaunchKernel(list(), bare_, &groups, nullptr, 0, nullptr),
          "zeCommandListAppendLaunchKernel");
  }

  void prefetch_bare() {
    for (const auto& buffer : buffers_)
      check(zeCommandListAppendMemoryPrefetch(list(), buffer.data(), buffer.size_bytes()),
            "zeCommandListAppendMemoryPrefetch");
  }

  void advise_bare() {
    for (const auto& buffer : buffers_)
      check(zeCommandListAppendMemAdvise(list(), zesvm::native_device(device()), buffer.data(),
                                         buffer.size_bytes(),
                                         ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION),
            "zeCommandListAppendMemAdvise");
  }

  void prefetch() {
    for (const auto& buffer : buffers_) stream_.prefetch(buffer.data(), buffer.size_bytes());
  }

  void advise() {
    for (const auto& buffer : buffers_)
      runtime().address_space().advise(buffer, zesvm::preferred_location(device()));
  }

  void prepare() {
    using zesvm::AccessMode;
    runtime().address_space().prepare(
        device(), {{buffers_[0].data(), buffers_[0].size_bytes(), AccessMode::write},
                   {buffers_[1].data(), buffers_[1].size_bytes(), AccessMode::read},
                   {buffers_[2].data(), buffers_[2].size_bytes(), AccessMode::read}});
  }

  void wait() { stream_.wait(); }

 private:
  const zesvm::Device& device() const { return runtime().device(0); }
  ze_command_list_handle_t list() const { return zesvm::native_list(stream_); }

  std::size_t count_;
  std::array<zesvm::Array<double>, 3> buffers_;
  zesvm::Stream stream_{runtime().device(0)};
  zesvm::Module module_ = runtime().load_module("triad");
  zesvm::Kernel kernel_ = module_.kernel("triad");
  ze_kernel_handle_t bare_ = nullptr;
};

/// Runs `turn` again and again, on buffers of the size the benchmark has as its argument.
template <typename Turn>
void measure(benchmark::State& state, const Turn& turn) {
  Triad triad(static_cast<std::size_t>(state.range(0)) << 20);
  int launched = 0;
  for (auto _ : state) {
    turn(triad);
    if (++launched % launches_between_waits == 0) triad.wait();
  }
  triad.wait();
}

void bare_launch(benchmark::State& state) {
  measure(state, [](Triad& triad) { triad.launch_bare(); });
}

void bare_prefetch_launch(benchmark::State& state) {
  measure(state, [](Triad& triad) {
    triad.prefetch_bare();
    triad.launch_bare();
  });
}

void bare_advice_prefetch_launch(benchmark::State& state) {
  measure(state, [](Triad& triad) {
    triad.advise_bare();
    triad.prefetch_bare();
    triad.launch_bare();
  });
}

// What prepare() promises: when it returns, memory is there.
void bare_prefetch_wait_launch(benchmark::State& state) {
  measure(state, [](Triad& triad) {
    triad.prefetch_bare();
    triad.wait();
    triad.launch_bare();
  });
}

void zesvm_launch(benchmark::State& state) {
  measure(state, [](Triad& triad) { triad.launch(); });
}

void zesvm_prefetch_launch(benchmark::State& state) {
  measure(state, [](Triad& triad) {
    triad.prefetch();
    triad.launch();
  });
}

void zesvm_advice_prefetch_launch(benchmark::State& state) {
  measure(state, [](Triad& triad) {
    triad.advise();
    triad.prefetch();
    triad.launch();
  });
}

void zesvm_prepare_launch(benchmark::State& state) {
  measure(state, [](Triad& triad) {
    triad.prepare();
    triad.launch();
  });
}

void zesvm_prepare_bare_launch(benchmark::State& state) {
  measure(state, [](Triad& triad) {
    triad.prepare();
    triad.launch_bare();
  });
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("MiB")->Arg(1)->Arg(64)->Unit(benchmark::kMicrosecond);
}

BENCHMARK(bare_launch)->Name("bare/launch")->Apply(sizes);
BENCHMARK(zesvm_launch)->Name("zesvm/launch")->Apply(sizes);
BENCHMARK(bare_prefetch_launch)->Name("bare/prefetch_launch")->Apply(sizes);
BENCHMARK(zesvm_prefetch_launch)->Name("zesvm/prefetch_launch")->Apply(sizes);
BENCHMARK(bare_advice_prefetch_launch)->Name("bare/advice_prefetch_launch")->Apply(sizes);
BENCHMARK(zesvm_advice_prefetch_launch)->Name("zesvm/advice_prefetch_launch")->Apply(sizes);
BENCHMARK(bare_prefetch_wait_launch)->Name("bare/prefetch_wait_launch")->Apply(sizes);
BENCHMARK(zesvm_prepare_bare_launch)->Name("zesvm/prepare_bare_launch")->Apply(sizes);
BENCHMARK(zesvm_prepare_launch)->Name("zesvm/prepare_launch")->Apply(sizes);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  try {
    zesvm::Runtime made;
    whole_run = &made;
    const zesvm::Device& device = runtime().device(0);
    benchmark::AddCustomContext("device", device.name());
    benchmark::AddCustomContext("simulated", runtime().is_simulated() ? "yes" : "no");
    benchmark::AddCustomContext("backing", zesvm::name_of(device.capabilities().backing));
    benchmark::RunSpecifiedBenchmarks();
  } catch (const zesvm::Error& error) {
    std::fprintf(stderr, "api_overhead_bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
