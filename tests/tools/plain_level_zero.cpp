// A Level Zero program that has never heard of zesvm: copies between devices, and checks.
// Argument: how many GPUs there must be.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <level_zero/ze_api.h>

namespace {

constexpr std::size_t words = 65536;

void check(ze_result_t result, const char* call) {
  if (result == ZE_RESULT_SUCCESS) return;
  std::fprintf(stderr, "%s returned 0x%x\n", call, static_cast<unsigned>(result));
  std::exit(1);
}
#define CHECK(call) check(call, #call)

ze_command_list_handle_t list_on(ze_context_handle_t context, ze_device_handle_t device) {
  ze_command_queue_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
  description.mode = ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS;
  ze_command_list_handle_t list = nullptr;
  CHECK(zeCommandListCreateImmediate(context, device, &description, &list));
  return list;
}

// Fills memory of one device and copies it to the host by that device's list.
std::size_t words_moved(ze_context_handle_t context, ze_device_handle_t device) {
  ze_device_mem_alloc_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC;
  void* memory = nullptr;
  CHECK(zeMemAllocDevice(context, &description, words * 4, 64, device, &memory));
  const ze_command_list_handle_t list = list_on(context, device);
  const unsigned pattern = 0x12345678;
  CHECK(zeCommandListAppendMemoryFill(list, memory, &pattern, 4, words * 4, nullptr, 0, nullptr));
  std::vector<unsigned> copy(words);
  CHECK(zeCommandListAppendMemoryCopy(list, copy.data(), memory, words * 4, nullptr, 0, nullptr));
  std::size_t right = 0;
  for (unsigned word : copy) right += word == pattern;
  CHECK(zeCommandListDestroy(list));
  CHECK(zeMemFree(context, memory));
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(zeInit(0));
  std::uint32_t count = 1;
  ze_driver_handle_t driver = nullptr;
  CHECK(zeDriverGet(&count, &driver));
  std::uint32_t gpus = 0;
  CHECK(zeDeviceGet(driver, &gpus, nullptr));
  std::vector<ze_device_handle_t> devices(gpus);
  CHECK(zeDeviceGet(driver, &gpus, devices.data()));
  ze_context_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_CONTEXT_DESC;
  ze_context_handle_t context = nullptr;
  CHECK(zeContextCreate(driver, &description, &context));
  std::size_t moved = words;
  for (ze_device_handle_t device : devices)
    if (words_moved(context, device) != words) moved = 0;
  CHECK(zeContextDestroy(context));
  std::printf("%u GPUs, moved %zu words\n", gpus, moved);
  return argc > 1 && std::atoi(argv[1]) == static_cast<int>(gpus) && moved == words ? 0 : 1;
}
