// A test of results, and of what moves: each GPU has memory of its own, and takes it once.
#include <cstdio>
#include <vector>

#include <zesvm/zesvm.hpp>

int main() {
  try {
    zesvm::Runtime runtime;
    const std::size_t part = 1 << 20;  // 4 MiB: whole chunks
    std::vector<zesvm::Vector<float>> parts;
    std::vector<zesvm::Stream> streams;
    for (const zesvm::Device& gpu : runtime.devices()) {
      parts.emplace_back(part, 1.5f, runtime.address_space());
      streams.emplace_back(gpu);
    }
    const zesvm::Kernel scale = runtime.load_module(SCALE_KERNELS).kernel("scale");
    const zesvm::Statistics before = runtime.statistics();
    for (int turn = 0; turn < 3; ++turn)
      for (std::size_t i = 0; i < parts.size(); ++i)
        streams[i].launch(scale, zesvm::grid(part), 2.0f, parts[i]);
    for (zesvm::Stream& stream : streams) stream.wait();
    const zesvm::Statistics used = runtime.statistics() - before;

    std::uint64_t moved = 0, wrong = 0;
    for (const zesvm::TileStatistics& tile : used.tiles) moved += tile.to_device.bytes;
    for (const auto& values : parts)
      for (float value : values) wrong += value != 12.0f;
    const std::uint64_t bytes = parts.size() * part * sizeof(float);
    std::printf("%s: %zu GPUs, %llu values are wrong, %llu of %llu bytes moved\n",
                runtime.node_name().c_str(), parts.size(), static_cast<unsigned long long>(wrong),
                static_cast<unsigned long long>(moved), static_cast<unsigned long long>(bytes));
    return wrong == 0 && moved <= bytes ? 0 : 1;
  } catch (const zesvm::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
