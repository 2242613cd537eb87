#include "bench/node/level_zero.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sys/mman.h>

#include "zesvm/simulator_extension.h"

namespace zesvm::bench {

Backing Machine::backing = Backing::shared;

void check(ze_result_t result, const char* call) {
  if (result == ZE_RESULT_SUCCESS) return;
  std::fprintf(stderr, "%s failed: 0x%x\n", call, static_cast<unsigned>(result));
  std::exit(EXIT_FAILURE);
}

#define ZESVM_BENCH_ZE(call) check(call, #call)

Gpu::Gpu(ze_context_handle_t context, ze_device_handle_t device)
    : context_(context), device_(device) {
  ze_command_queue_desc_t queue{};
  queue.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
  queue.mode = ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS;
  ZESVM_BENCH_ZE(zeCommandListCreateImmediate(context_, device_, &queue, &list_));
}

Gpu::~Gpu() {
  if (kernel_ != nullptr) zeKernelDestroy(kernel_);
  if (module_ != nullptr) zeModuleDestroy(module_);
  zeCommandListDestroy(list_);
}

std::byte* Gpu::allocate_device(std::size_t bytes) {
  ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
  void* pointer = nullptr;
  ZESVM_BENCH_ZE(zeMemAllocDevice(context_, &desc, bytes, 0, device_, &pointer));
  return static_cast<std::byte*>(pointer);
}

void Gpu::free_device(std::byte* pointer) { ZESVM_BENCH_ZE(zeMemFree(context_, pointer)); }

void Gpu::copy(void* to, const void* from, std::size_t bytes) {
  ZESVM_BENCH_ZE(zeCommandListAppendMemoryCopy(list_, to, from, bytes, nullptr, 0, nullptr));
}

void Gpu::prefetch(const void* pointer, std::size_t bytes) {
  ZESVM_BENCH_ZE(zeCommandListAppendMemoryPrefetch(list_, pointer, bytes));
}

void Gpu::start(const char* kernel) {
  if (module_ == nullptr) {
    std::ifstream in(ZESVM_BENCH_KERNELS "/touch.spv", std::ios::binary);
    const std::vector<char> spirv{std::istreambuf_iterator<char>(in), {}};
    ze_module_desc_t desc{};
    desc.stype = ZE_STRUCTURE_TYPE_MODULE_DESC;
    desc.format = ZE_MODULE_FORMAT_IL_SPIRV;
    desc.inputSize = spirv.size();
    desc.pInputModule = reinterpret_cast<const std::uint8_t*>(spirv.data());
    ZESVM_BENCH_ZE(zeModuleCreate(context_, device_, &desc, &module_, nullptr));
  }
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

Machine& Machine::get() {
  // Never destroyed: the loader may be gone before.
  static auto* const machine = new Machine;
  return *machine;
}

Machine::Machine() {
  ZESVM_BENCH_ZE(zeInit(ZE_INIT_FLAG_GPU_ONLY));
  std::uint32_t count = 1;
  ZESVM_BENCH_ZE(zeDriverGet(&count, &driver_));
  ZESVM_BENCH_ZE(zeDeviceGet(driver_, &(count = 0), nullptr));
  std::vector<ze_device_handle_t> devices(count);
  ZESVM_BENCH_ZE(zeDeviceGet(driver_, &count, devices.data()));
  ze_context_desc_t context{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
  ZESVM_BENCH_ZE(zeContextCreate(driver_, &context, &context_));
  for (ze_device_handle_t device : devices)
    gpus_.push_back(std::make_unique<Gpu>(context_, device));
}

namespace {
constexpr std::size_t alignment = std::size_t{2} << 20;
}  // namespace

std::byte* Machine::allocate(std::size_t bytes) {
  if (backing == Backing::shared) {
    ze_device_mem_alloc_desc_t device{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
    ze_host_mem_alloc_desc_t host{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
    void* pointer = nullptr;
    ZESVM_BENCH_ZE(
        zeMemAllocShared(context_, &device, &host, bytes, 0, gpus_[0]->device_, &pointer));
    return static_cast<std::byte*>(pointer);
  }
  // The gaps left on both sides keep neighbours from being joined to one mapping; one as small as the
  // guard of a stack would have it searched for one.
  const std::size_t room = bytes + 3 * alignment;
  void* const reserved = ::mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const auto first = reinterpret_cast<std::uintptr_t>(reserved) + alignment;
  auto* const begin = reinterpret_cast<std::byte*>((first + alignment - 1) / alignment * alignment);
  if (reserved == MAP_FAILED || ::mprotect(begin, bytes, PROT_READ | PROT_WRITE) != 0) {
    check(ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY, "mmap");
  }
  return begin;
}

void Machine::free(std::byte* pointer, std::size_t bytes) {
  if (backing == Backing::shared) {
    ZESVM_BENCH_ZE(zeMemFree(context_, pointer));
  } else {
    ::munmap(pointer - alignment, bytes + 2 * alignment);
  }
}

namespace {

template <typename Field>
std::uint64_t sum_over_tiles(ze_driver_handle_t driver, Field field) {
  void* found = nullptr;
  if (zeDriverGetExtensionFunctionAddress(driver, ZESVM_SIM_GET_STATISTICS_NAME, &found) !=
      ZE_RESULT_SUCCESS) {
    return 0;
  }
  const auto get = reinterpret_cast<zesvm_sim_get_statistics_fn>(found);
  std::uint32_t count = 0;
  ZESVM_BENCH_ZE(get(&count, nullptr));
  std::vector<zesvm_sim_tile_statistics_t> tiles(count);
  for (auto& tile : tiles) tile.size = sizeof tile;
  ZESVM_BENCH_ZE(get(&count, tiles.data()));
  std::uint64_t sum = 0;
  for (const auto& tile : tiles) sum += (tile.*field).bytes;
  return sum;
}

}  // namespace

std::uint64_t Machine::bytes_to_system() const {
  return sum_over_tiles(driver_, &zesvm_sim_tile_statistics_t::to_system);
}

std::uint64_t Machine::bytes_to_vram() const {
  return sum_over_tiles(driver_, &zesvm_sim_tile_statistics_t::to_device);
}

}  // namespace zesvm::bench
