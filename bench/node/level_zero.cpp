#include "bench/node/level_zero.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace zesvm::bench {

void check(ze_result_t result, const char* call) {
  if (result == ZE_RESULT_SUCCESS) return;
  std::fprintf(stderr, "%s failed: 0x%x\n", call, static_cast<unsigned>(result));
  std::exit(EXIT_FAILURE);
}

#define ZESVM_BENCH_ZE(call) check(call, #call)

Gpu::Gpu() {
  ZESVM_BENCH_ZE(zeInit(ZE_INIT_FLAG_GPU_ONLY));
  std::uint32_t count = 1;
  ze_driver_handle_t driver = nullptr;
  ZESVM_BENCH_ZE(zeDriverGet(&count, &driver));
  count = 1;
  ZESVM_BENCH_ZE(zeDeviceGet(driver, &count, &device_));
  ze_context_desc_t context{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
  ZESVM_BENCH_ZE(zeContextCreate(driver, &context, &context_));
  ze_command_queue_desc_t queue{};
  queue.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
  queue.mode = ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS;
  ZESVM_BENCH_ZE(zeCommandListCreateImmediate(context_, device_, &queue, &list_));
}

Gpu::~Gpu() {
  if (kernel_ != nullptr) zeKernelDestroy(kernel_);
  if (module_ != nullptr) zeModuleDestroy(module_);
  zeCommandListDestroy(list_);
  zeContextDestroy(context_);
}

std::byte* Gpu::allocate_shared(std::size_t bytes) {
  ze_device_mem_alloc_desc_t device{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
  ze_host_mem_alloc_desc_t host{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
  void* pointer = nullptr;
  ZESVM_BENCH_ZE(zeMemAllocShared(context_, &device, &host, bytes, 0, device_, &pointer));
  return static_cast<std::byte*>(pointer);
}

std::byte* Gpu::allocate_device(std::size_t bytes) {
  ze_device_mem_alloc_desc_t device{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
  void* pointer = nullptr;
  ZESVM_BENCH_ZE(zeMemAllocDevice(context_, &device, bytes, 0, device_, &pointer));
  return static_cast<std::byte*>(pointer);
}

void Gpu::free(void* pointer) { ZESVM_BENCH_ZE(zeMemFree(context_, pointer)); }

void Gpu::load(const std::string& spirv_file) {
  std::ifstream in(spirv_file, std::ios::binary);
  const std::vector<char> spirv{std::istreambuf_iterator<char>(in), {}};
  ze_module_desc_t desc{};
  desc.stype = ZE_STRUCTURE_TYPE_MODULE_DESC;
  desc.format = ZE_MODULE_FORMAT_IL_SPIRV;
  desc.inputSize = spirv.size();
  desc.pInputModule = reinterpret_cast<const std::uint8_t*>(spirv.data());
  ZESVM_BENCH_ZE(zeModuleCreate(context_, device_, &desc, &module_, nullptr));
}

void Gpu::copy(void* to, const void* from, std::size_t bytes) {
  ZESVM_BENCH_ZE(zeCommandListAppendMemoryCopy(list_, to, from, bytes, nullptr, 0, nullptr));
}

void Gpu::prefetch(const void* pointer, std::size_t bytes) {
  ZESVM_BENCH_ZE(zeCommandListAppendMemoryPrefetch(list_, pointer, bytes));
}

void Gpu::start(const char* kernel) {
  if (kernel_name_ == kernel) return;
  if (kernel_ != nullptr) zeKernelDestroy(kernel_);
  ze_kernel_desc_t desc{ZE_STRUCTURE_TYPE_KERNEL_DESC, nullptr, 0, kernel};
  ZESVM_BENCH_ZE(zeKernelCreate(module_, &desc, &kernel_));
  kernel_name_ = kernel;
}

void Gpu::set_argument(unsigned index, std::size_t bytes, const void* value) {
  ZESVM_BENCH_ZE(zeKernelSetArgumentValue(kernel_, index, bytes, value));
}

void Gpu::run(std::size_t items) {
  std::uint32_t group = 256;
  while (items % group != 0) group /= 2;
  ZESVM_BENCH_ZE(zeKernelSetGroupSize(kernel_, group, 1, 1));
  const ze_group_count_t groups{static_cast<std::uint32_t>(items / group), 1, 1};
  ZESVM_BENCH_ZE(zeCommandListAppendLaunchKernel(list_, kernel_, &groups, nullptr, 0, nullptr));
}

}  // namespace zesvm::bench
