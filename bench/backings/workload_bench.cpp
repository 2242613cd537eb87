// Question: a buffer is used by a kernel and by the CPU in turns. How many bytes move, and how long does
// a turn take, when the CPU reads one value, updates 1 % of the pages here and there, or passes over
// all of it?
//
// Goal: one CPU read moves at least 100 times fewer bytes than moving the whole allocation does, from
// 256 MiB on. Bytes are exact. Two clocks: virtual time is what the simulated node's links and devices
// would take for copies, faults and kernels; wall time is this machine's. All ways in the same run.
//
// Ways: `paged` and `shared` as they are; `whole` moves the allocation to the CPU when it is touched
// and back before the launch, as drivers without page faults do; `explicit` is written by hand: memory
// of the device, and copies of just what is touched.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <level_zero/ze_api.h>

#include <zesvm/interop.hpp>
#include <zesvm/zesvm.hpp>

namespace {

using zesvm::Backing;

constexpr std::size_t page = 4096;
constexpr int rounds = 3;

/// The offsets the CPU touches in a turn, and how much from each.
struct Touches {
  const char* name;
  std::vector<std::size_t> offsets;
  std::size_t bytes;
};

std::vector<Touches> touches_of(std::size_t size) {
  std::vector<std::size_t> pages(size / page);
  for (std::size_t i = 0; i < pages.size(); ++i) pages[i] = i * page;
  std::vector<std::size_t> sparse = pages;
  std::shuffle(sparse.begin(), sparse.end(), std::mt19937{1});
  sparse.resize(std::max<std::size_t>(1, sparse.size() / 100));
  return {{"one read", {size / 2}, 4}, {"1 % sparse", sparse, page}, {"full pass", pages, page}};
}

/// How far the counters and both clocks are.
struct Reading {
  std::uint64_t bytes = 0;
  double virtual_ms = 0;
  std::chrono::steady_clock::time_point wall = std::chrono::steady_clock::now();
};

Reading read(const zesvm::Runtime& runtime) {
  const zesvm::Statistics statistics = runtime.statistics();
  Reading now;
  for (const auto& tile : statistics.tiles)
    now.bytes += tile.to_device.bytes + tile.to_system.bytes + tile.from_peer.bytes;
  now.virtual_ms = static_cast<double>(statistics.virtual_nanoseconds) / 1e6;
  return now;
}

/// Who brings memory to where it is touched.
enum class Moves { by_itself, whole };

void touch(std::uint32_t* values, const Touches& touches) {
  for (const std::size_t offset : touches.offsets) {
    volatile std::uint32_t* word = values + offset / sizeof *values;
    if (touches.bytes == page)
      *word = *word + 1;
    else
      static_cast<void>(*word);
  }
}

enum class Format { text, json };

/// Prints what a turn of one way took.
class Printer {
 public:
  Printer(Format format, std::size_t mebibytes, const std::string& node) : format_(format) {
    if (format_ == Format::text)
      std::printf("%zu MiB on %s, per turn      bytes moved  virtual time     wall time\n",
                  mebibytes, node.c_str());
    else
      std::printf("{\"mebibytes\": %zu, \"node\": \"%s\", \"rounds\": %d, \"turns\": [", mebibytes,
                  node.c_str(), rounds);
  }
  ~Printer() {
    if (format_ == Format::json) std::printf("]}\n");
  }
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  void print(const char* touches, const char* way, const Reading& from, const Reading& to) {
    const std::chrono::duration<double, std::milli> wall = to.wall - from.wall;
    const double bytes = static_cast<double>(to.bytes - from.bytes) / rounds;
    const double virtual_ms = (to.virtual_ms - from.virtual_ms) / rounds;
    if (format_ == Format::text)
      std::printf("%-11s %-9s %13.3f MiB %10.2f ms %10.2f ms\n", touches, way, bytes / (1 << 20),
                  virtual_ms, wall.count() / rounds);
    else
      std::printf(
          "%s{\"touches\": \"%s\", \"way\": \"%s\", \"bytes\": %.0f, \"virtual_ms\": %.6f, "
          "\"wall_ms\": %.3f}",
          std::exchange(separator_, ", "), touches, way, bytes, virtual_ms, wall.count() / rounds);
    std::fflush(stdout);
  }

 private:
  Format format_;
  const char* separator_ = "";
};

/// Runs the turns of one way after a first that is not counted, and prints what they took.
void run(Printer& printer, const char* way, const Touches& touches,
         const std::function<void()>& turn, const std::function<Reading()>& reading) {
  turn();
  const Reading before = reading();
  for (int i = 0; i < rounds; ++i) turn();
  printer.print(touches.name, way, before, reading());
}

class Workload {
 public:
  Workload(std::size_t size, Format format)
      : size_(size), printer_(format, size >> 20, runtime_.node_name()) {}

  void moved(const char* way, Backing backing, const Touches& touches, Moves moves) {
    auto& space = runtime_.address_space();
    auto* values = static_cast<std::uint32_t*>(space.allocate_bytes(size_, 0, backing));
    std::fill(values, values + size_ / 4, 1u);
    const bool is_whole = moves == Moves::whole;
    const auto turn = [&] {
      if (is_whole) space.prefetch(values, size_, runtime_.device(0));
      stream_.launch(increment_, zesvm::grid(size_ / 4), values);
      stream_.wait();
      if (is_whole) space.prefetch_to_system(values, size_);
      touch(values, touches);
    };
    run(printer_, way, touches, turn, [&] { return read(runtime_); });
    space.free(values);
  }

  void copied_by_hand(const Touches& touches) {
    ze_device_mem_alloc_desc_t description{};
    description.stype = ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC;
    void* memory = nullptr;
    if (zeMemAllocDevice(zesvm::native_context(runtime_), &description, size_, page,
                         zesvm::native_device(runtime_.device(0)), &memory) != ZE_RESULT_SUCCESS)
      return;
    auto* device = static_cast<char*>(memory);
    std::vector<std::uint32_t> host(size_ / 4);
    std::uint64_t bytes = 0;
    const bool is_all = touches.offsets.size() == size_ / page;
    const auto copy = [&](void* to, const void* from, std::size_t count) {
      stream_.copy(to, from, count);
      bytes += count;
    };
    auto* local = reinterpret_cast<char*>(host.data());
    const auto turn = [&] {
      stream_.launch(increment_, zesvm::grid(size_ / 4), memory);
      if (is_all) copy(local, device, size_);
      for (const std::size_t at : touches.offsets)
        if (!is_all) copy(local + at, device + at, touches.bytes);
      stream_.wait();
      touch(host.data(), touches);
      if (is_all) copy(device, local, size_);
      for (const std::size_t at : touches.offsets)
        if (!is_all && touches.bytes == page) copy(device + at, local + at, touches.bytes);
      stream_.wait();
    };
    run(printer_, "explicit", touches, turn, [&] {
      Reading now = read(runtime_);
      now.bytes = bytes;
      return now;
    });
    zeMemFree(zesvm::native_context(runtime_), memory);
  }

 private:
  std::size_t size_;
  zesvm::Runtime runtime_;
  zesvm::Stream stream_{runtime_.device(0)};
  zesvm::Kernel increment_ = runtime_.load_module("fill").kernel("increment");
  Printer printer_;
};

}  // namespace

int main(int argc, char** argv) {
  std::size_t mebibytes = 32;
  Format format = Format::text;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--json")
      format = Format::json;
    else
      mebibytes = std::max<std::size_t>(1, std::strtoull(argv[i], nullptr, 10));
  }
  try {
    Workload workload(mebibytes << 20, format);
    for (const Touches& touches : touches_of(mebibytes << 20)) {
      workload.moved("paged", Backing::paged, touches, Moves::by_itself);
      workload.moved("shared", Backing::shared, touches, Moves::by_itself);
      workload.moved("whole", Backing::shared, touches, Moves::whole);
      workload.copied_by_hand(touches);
    }
  } catch (const zesvm::Error& error) {
    std::fprintf(stderr, "workload_bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
