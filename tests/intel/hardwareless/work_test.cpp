// Modules built by Intel's compiler, and work that is accepted: nothing of it is done here.
#include <fstream>
#include <iterator>

#include "intel/hardwareless/driver_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::HasSubstr;

class WorkTest : public HardwarelessTest {
 protected:
  static std::vector<char> spirv_of(const std::string& name) {
    std::ifstream in(std::string(ZESVM_TEST_KERNELS) + "/" + name + ".spv", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Array<float> floats = space.make_array<float>(4096);
  Array<double> doubles = space.make_array<double>(4096);
  Array<std::uint32_t> words = space.make_array<std::uint32_t>(4096);
  Array<unsigned char> bytes = space.make_array<unsigned char>(4096);
};

TEST_F(WorkTest, ModulesOfTheLibraryAreBuiltForEveryDevice) {
  const Module fill = rt.load_module("fill");
  const Module triad = rt.load_module("triad");
  const Module heat = rt.load_module("heat2d");
  const Module histogram = rt.load_module("histogram");
  for (const Device& device : rt.devices()) {
    Stream stream(device);
    stream.launch(fill.kernel("fill"), grid(4096), words, 1u);
    stream.launch(fill.kernel("increment"), grid(4096), words);
    stream.launch(fill.kernel("count"), grid(4096), words);
    stream.launch(triad.kernel("triad"), grid(1000), doubles, doubles, doubles, 3.0);
    stream.launch(heat.kernel("heat_step"), grid(64, 64), floats, floats, floats, floats, floats,
                  floats, 64u, 0.2f);
    stream.launch(histogram.kernel("byte_histogram"), grid(1024), bytes, std::uint64_t{4096}, words,
                  LocalMemory{1024});
    stream.wait();
  }
}

TEST_F(WorkTest, EveryKernelHasAName) {
  EXPECT_THAT(rt.load_module("fill").kernel_names(),
              ::testing::UnorderedElementsAre("fill", "increment", "count"));
  const Error error = error_of([&] { rt.load_module("fill").kernel("no_such"); });
  EXPECT_EQ(error.code(), ErrorCode::unknown_kernel);
  EXPECT_THAT(error.what(), HasSubstr("increment"));
}

// The driver's compiler ends the process when it is given what is no SPIR-V.
TEST_F(WorkTest, WhatIsNoModuleNeverReachesTheCompiler) {
  const std::vector<char> garbage(4096, 'x');
  EXPECT_EQ(error_of([&] { rt.make_module(garbage.data(), garbage.size()); }).code(),
            ErrorCode::module_rejected);
  const auto whole = spirv_of("fill");
  ASSERT_GT(whole.size(), 100u);
  for (std::size_t size : {std::size_t{0}, std::size_t{3}, whole.size() - 2})
    EXPECT_EQ(error_of([&] { rt.make_module(whole.data(), size); }).code(),
              ErrorCode::module_rejected)
        << size;
}

TEST_F(WorkTest, WrongLaunchesAreRefused) {
  Stream stream(rt.device(0));
  const Kernel fill = rt.load_module("fill").kernel("fill");
  EXPECT_EQ(error_of([&] { stream.launch(fill, grid(16), words); }).code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { stream.launch(fill, grid(16), words, 1.0); }).code(),
            ErrorCode::invalid_argument);
  stream.launch(fill, grid(16), words, 1u);
  stream.wait();
}

TEST_F(WorkTest, StreamsWaitForEachOther) {
  const Kernel fill = rt.load_module("fill").kernel("fill");
  Stream first(rt.device(0));
  Stream last(rt.device(rt.devices().size() - 1));
  for (std::uint32_t i = 0; i < 20; ++i) {
    first.launch(fill, grid(4096), words, i);
    last.wait_for(first.record());
    last.copy(bytes.data(), words.data(), 4096);
    last.fill(bytes.data(), 7, 4096);
    first.wait_for(last.record());
  }
  first.wait();
  last.wait();
}

TEST_F(WorkTest, StatisticsAreThoseOfPagedMemory) {
  for (const TileStatistics& tile : rt.statistics().tiles) EXPECT_EQ(tile.to_device.bytes, 0u);
}

}  // namespace
}  // namespace zesvm::tests
