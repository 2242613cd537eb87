#include <thread>

#include <zesvm/interop.hpp>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::Each;

#define EXPECT_ZE(call) EXPECT_EQ((call), ZE_RESULT_SUCCESS) << #call

class InteropTest : public ApiTest {
 protected:
  void SetUp() override {
    ze_event_pool_desc_t pool_description{};
    pool_description.stype = ZE_STRUCTURE_TYPE_EVENT_POOL_DESC;
    pool_description.flags = ZE_EVENT_POOL_FLAG_HOST_VISIBLE;
    pool_description.count = 1;
    EXPECT_ZE(zeEventPoolCreate(native_context(rt), &pool_description, 0, nullptr, &pool));
    ze_event_desc_t description{};
    description.stype = ZE_STRUCTURE_TYPE_EVENT_DESC;
    description.signal = description.wait = ZE_EVENT_SCOPE_FLAG_HOST;
    EXPECT_ZE(zeEventCreate(pool, &description, &event));
    ze_command_queue_desc_t queue{};
    queue.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
    queue.mode = ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS;
    EXPECT_ZE(zeCommandListCreateImmediate(native_context(rt), native_device(rt.device(0)), &queue,
                                           &list));
  }
  void TearDown() override {
    EXPECT_ZE(zeCommandListDestroy(list));
    EXPECT_ZE(zeEventDestroy(event));
    EXPECT_ZE(zeEventPoolDestroy(pool));
  }

  Module fill = rt.load_module("fill");
  Array<std::uint32_t> values = space.make_array<std::uint32_t>(256);
  ze_event_pool_handle_t pool = nullptr;
  ze_event_handle_t event = nullptr;
  ze_command_list_handle_t list = nullptr;
};

TEST_F(InteropTest, AStreamWaitsForAnEventOfTheProgram) {
  Stream stream(rt.device(0));
  wait_for(stream, event);
  stream.launch(fill.kernel("increment"), grid(values.size()), values);
  const Event done = stream.record();
  EXPECT_FALSE(done.is_done());
  EXPECT_ZE(zeEventHostSignal(event));
  stream.wait();
  EXPECT_THAT(values, Each(1u));
}

TEST_F(InteropTest, AStreamSignalsAnEventOfTheProgram) {
  Stream stream(rt.device(0));
  stream.launch(fill.kernel("increment"), grid(values.size()), values);
  signal(stream, event);
  EXPECT_ZE(zeEventHostSynchronize(event, UINT64_MAX));
  EXPECT_THAT(values, Each(1u));
}

TEST_F(InteropTest, AListOfTheProgramWaitsForAStream) {
  Stream stream(rt.device(0));
  stream.launch(fill.kernel("increment"), grid(values.size()), values);
  const Event computed = stream.record();
  ze_event_handle_t native = native_event(computed);
  std::uint32_t copied = 0;
  EXPECT_ZE(zeCommandListAppendMemoryCopy(list, &copied, values.data(), 4, event, 1, &native));
  EXPECT_ZE(zeEventHostSynchronize(event, UINT64_MAX));
  EXPECT_EQ(copied, 1u);
}

TEST_F(InteropTest, AStreamWorksThroughAListOfTheProgram) {
  {
    Stream stream = make_stream(rt.device(0), list);
    const std::uint32_t pattern = 4;
    space.prepare(rt.device(0), {{values.data(), values.size_bytes(), AccessMode::write}});
    EXPECT_ZE(zeCommandListAppendMemoryFill(list, values.data(), &pattern, 4, values.size_bytes(),
                                            nullptr, 0, nullptr));
    EXPECT_ZE(zeCommandListAppendBarrier(list, nullptr, 0, nullptr));
    stream.launch(fill.kernel("increment"), grid(values.size()), values);
    stream.wait();
    EXPECT_EQ(native_list(stream), list);
  }
  EXPECT_THAT(values, Each(5u));
}

TEST_F(InteropTest, TheProgramLaunchesKernelsItself) {
  const Device& device = rt.device(1);
  ze_kernel_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_KERNEL_DESC;
  description.pKernelName = "increment";
  ze_kernel_handle_t kernel = nullptr;
  EXPECT_ZE(zeKernelCreate(native_module(fill, device), &description, &kernel));
  EXPECT_ZE(zeKernelSetGroupSize(kernel, 256, 1, 1));
  const std::uint32_t* pointer = values.data();
  EXPECT_ZE(zeKernelSetArgumentValue(kernel, 0, sizeof pointer, &pointer));
  values[0] = 9;
  space.prepare(device, {{values.data(), values.size_bytes(), AccessMode::read_write}});
  EXPECT_EQ(space.residency(values.data(), values.size_bytes()).bytes_on(device),
            values.size_bytes());
  Stream stream(device);
  const ze_group_count_t groups{1, 1, 1};
  EXPECT_ZE(
      zeCommandListAppendLaunchKernel(native_list(stream), kernel, &groups, event, 0, nullptr));
  EXPECT_ZE(zeEventHostSynchronize(event, UINT64_MAX));
  EXPECT_ZE(zeKernelDestroy(kernel));
  EXPECT_EQ(values[0], 10u);
}

TEST_F(InteropTest, AnotherRuntimesDeviceIsRefused) {
  Runtime other;
  EXPECT_EQ(error_of([&] { native_module(fill, other.device(0)); }).code(),
            ErrorCode::invalid_argument);
}

TEST_F(InteropTest, TwoRuntimesWorkAtOnce) {
  const auto work = [](std::uint32_t rounds) {
    Runtime own;
    auto counted = own.address_space().make_array<std::uint32_t>(4096);
    Stream stream(own.device(rounds % 2));
    const Kernel increment = own.load_module("fill").kernel("increment");
    for (std::uint32_t i = 0; i < rounds; ++i) {
      stream.launch(increment, grid(counted.size()), counted);
      stream.wait();
      own.address_space().prefetch_to_system(counted.data(), counted.size_bytes());
    }
    EXPECT_THAT(counted, Each(rounds));
  };
  std::thread first(work, 15), second(work, 20);
  first.join();
  second.join();
  // The one that was there before lost nothing.
  values[0] = 1;
  EXPECT_TRUE(space.contains(values.data()));
}

}  // namespace
}  // namespace zesvm::tests
