// A program that has its own Level Zero context, command lists and events, and uses zesvm for memory.
// What it launches itself is prepared for; work of a zesvm stream waits for it, and the other way round.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <level_zero/ze_api.h>

#include <zesvm/interop.hpp>
#include <zesvm/zesvm.hpp>

namespace {

void check(ze_result_t result, const char* call) {
  if (result == ZE_RESULT_SUCCESS) return;
  std::fprintf(stderr, "%s returned 0x%x\n", call, static_cast<unsigned>(result));
  std::exit(1);
}
#define CHECK(call) check(call, #call)

/// What such a program has already.
struct Program {
  ze_driver_handle_t driver = nullptr;
  ze_context_handle_t context = nullptr;
  ze_event_pool_handle_t pool = nullptr;
  ze_event_handle_t filled = nullptr;

  Program() {
    CHECK(zeInit(0));
    std::uint32_t count = 1;
    CHECK(zeDriverGet(&count, &driver));
    ze_context_desc_t context_description{};
    context_description.stype = ZE_STRUCTURE_TYPE_CONTEXT_DESC;
    CHECK(zeContextCreate(driver, &context_description, &context));
    ze_event_pool_desc_t pool_description{};
    pool_description.stype = ZE_STRUCTURE_TYPE_EVENT_POOL_DESC;
    pool_description.flags = ZE_EVENT_POOL_FLAG_HOST_VISIBLE;
    pool_description.count = 1;
    CHECK(zeEventPoolCreate(context, &pool_description, 0, nullptr, &pool));
    ze_event_desc_t event_description{};
    event_description.stype = ZE_STRUCTURE_TYPE_EVENT_DESC;
    event_description.signal = event_description.wait = ZE_EVENT_SCOPE_FLAG_HOST;
    CHECK(zeEventCreate(pool, &event_description, &filled));
  }
  ~Program() {
    zeEventDestroy(filled);
    zeEventPoolDestroy(pool);
    zeContextDestroy(context);
  }
  ze_command_list_handle_t list_on(ze_device_handle_t device) const {
    ze_command_queue_desc_t description{};
    description.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
    description.mode = ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS;
    ze_command_list_handle_t list = nullptr;
    CHECK(zeCommandListCreateImmediate(context, device, &description, &list));
    return list;
  }
};

int run(const Program& program) {
  zesvm::Runtime runtime = zesvm::make_runtime(program.driver, program.context);
  zesvm::AddressSpace& space = runtime.address_space();
  const zesvm::Device& device = runtime.device(0);
  auto values = space.make_array<std::uint32_t>(1 << 20);
  for (std::uint32_t& value : values) value = 1;

  // A kernel of a zesvm module, launched by the program: memory is made ready for it first.
  const zesvm::Module fill = runtime.load_module("fill");
  ze_kernel_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_KERNEL_DESC;
  description.pKernelName = "increment";
  ze_kernel_handle_t kernel = nullptr;
  CHECK(zeKernelCreate(zesvm::native_module(fill, device), &description, &kernel));
  CHECK(zeKernelSetGroupSize(kernel, 64, 1, 1));
  std::uint32_t* pointer = values.data();
  CHECK(zeKernelSetArgumentValue(kernel, 0, sizeof pointer, &pointer));
  space.prepare(device, {{values.data(), values.size_bytes(), zesvm::AccessMode::read_write}});
  const ze_command_list_handle_t list = program.list_on(zesvm::native_device(device));
  const ze_group_count_t groups{static_cast<std::uint32_t>(values.size() / 64), 1, 1};
  CHECK(zeCommandListAppendLaunchKernel(list, kernel, &groups, program.filled, 0, nullptr));

  // A stream of zesvm goes on from there, and the program's list from the stream.
  zesvm::Stream stream(device);
  zesvm::wait_for(stream, program.filled);
  stream.launch(fill.kernel("increment"), zesvm::grid(values.size()), values);
  const zesvm::Event computed = stream.record();
  ze_event_handle_t native = zesvm::native_event(computed);
  std::vector<std::uint32_t> copy(values.size());
  CHECK(zeCommandListAppendMemoryCopy(list, copy.data(), values.data(), values.size_bytes(),
                                      nullptr, 1, &native));
  {
    zesvm::Stream theirs = zesvm::make_stream(device, list);
    theirs.wait();
  }
  std::size_t right = 0;
  for (std::uint32_t value : copy) right += value == 3;
  std::printf("%zu of %zu values are right\n", right, copy.size());
  CHECK(zeKernelDestroy(kernel));
  CHECK(zeCommandListDestroy(list));
  return right == copy.size() ? 0 : 1;
}

}  // namespace

int main() {
  try {
    const Program program;
    return run(program);
  } catch (const zesvm::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
