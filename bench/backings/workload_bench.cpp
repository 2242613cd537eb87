// Question: a buffer is used by a kernel and by the CPU in turns. How many bytes move, and how long does
// a turn take, when the CPU reads one value, updates 1 % of the pages here and there, or passes over
// all of it?
//
// Goal: one CPU read moves at least 100 times fewer bytes than moving the whole allocation does, from
// 256 MiB on. Bytes are exact; times are wall clock of this machine, all ways in the same run.
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

std::uint64_t bytes_moved(const zesvm::Runtime& runtime) {
  std::uint64_t bytes = 0;
  for (const auto& tile : runtime.statistics().tiles)
    bytes += tile.to_device.bytes + tile.to_system.bytes + tile.from_peer.bytes;
  return bytes;
}

void touch(std::uint32_t* values, const Touches& touches) {
  for (const std::size_t offset : touches.offsets) {
    volatile std::uint32_t* word = values + offset / sizeof *values;
    if (touches.bytes == page)
      *word = *word + 1;
    else
      static_cast<void>(*word);
  }
}

/// Runs the turns of one way after a first that is not counted, and prints a line.
void run(const char* way, const Touches& touches, const std::function<void()>& turn,
         const std::function<std::uint64_t()>& bytes) {
  turn();
  const std::uint64_t before = bytes();
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) turn();
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begun;
  std::printf("%-12s %-10s %14.3f MiB %12.2f ms\n", touches.name, way,
              static_cast<double>(bytes() - before) / rounds / (1 << 20), time.count() / rounds);
}

class Workload {
 public:
  explicit Workload(std::size_t size) : size_(size) {}

  void moved_by_itself(const char* way, Backing backing, const Touches& touches, bool is_whole) {
    auto& space = runtime_.address_space();
    auto* values = static_cast<std::uint32_t*>(space.allocate_bytes(size_, 0, backing));
    std::fill(values, values + size_ / 4, 1u);
    const auto turn = [&] {
      if (is_whole) space.prefetch(values, size_, runtime_.device(0));
      stream_.launch(increment_, zesvm::grid(size_ / 4), values);
      stream_.wait();
      if (is_whole) space.prefetch_to_system(values, size_);
      touch(values, touches);
    };
    run(way, touches, turn, [&] { return bytes_moved(runtime_); });
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
    run("explicit", touches, turn, [&] { return bytes; });
    zeMemFree(zesvm::native_context(runtime_), memory);
  }

 private:
  std::size_t size_;
  zesvm::Runtime runtime_;
  zesvm::Stream stream_{runtime_.device(0)};
  zesvm::Kernel increment_ = runtime_.load_module("fill").kernel("increment");
};

}  // namespace

int main(int argc, char** argv) {
  const std::size_t mebibytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 32;
  try {
    Workload workload(mebibytes << 20);
    std::printf("%zu MiB, per turn            bytes moved    wall clock\n", mebibytes);
    for (const Touches& touches : touches_of(mebibytes << 20)) {
      workload.moved_by_itself("paged", Backing::paged, touches, false);
      workload.moved_by_itself("shared", Backing::shared, touches, false);
      workload.moved_by_itself("whole", Backing::shared, touches, true);
      workload.copied_by_hand(touches);
    }
  } catch (const zesvm::Error& error) {
    std::fprintf(stderr, "workload_bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
