#include "scenarios/space.hpp"

#include <fstream>
#include <iterator>

#include <zesvm/interop.hpp>
#include <zesvm/runtime.hpp>

#include "scenarios/failure.hpp"
#include "scenarios/session.hpp"

namespace zesvm::scenarios {
namespace {

constexpr std::uint32_t group = 64;

std::vector<std::uint8_t> spirv() {
  std::ifstream file{ZESVM_SCENARIO_KERNELS "/marks.spv", std::ios::binary};
  must(file.good(), "no " ZESVM_SCENARIO_KERNELS "/marks.spv");
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

std::uint8_t mark(std::uint64_t at, std::uint64_t seed) {
  return static_cast<std::uint8_t>(((at + seed) * 0x9E3779B97F4A7C15ull) >> 56);
}

Space::Space(const Session& session) : session_(session) {
  const ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
  ZESVM_MUST(zeContextCreate(session.driver(), &desc, &context_));
  const std::vector<std::uint8_t> code = spirv();
  for (ze_device_handle_t device : session.devices()) {
    const ze_module_desc_t module_desc{ZE_STRUCTURE_TYPE_MODULE_DESC,
                                       nullptr,
                                       ZE_MODULE_FORMAT_IL_SPIRV,
                                       code.size(),
                                       code.data(),
                                       nullptr,
                                       nullptr};
    ze_module_handle_t module = nullptr;
    ZESVM_MUST(zeModuleCreate(context_, device, &module_desc, &module, nullptr));
    modules_.push_back(module);
  }
}

Space::~Space() {
  runtime_.reset();
  for (ze_module_handle_t module : modules_) zeModuleDestroy(module);
  if (context_ != nullptr) zeContextDestroy(context_);
}

ze_device_handle_t Space::device(std::size_t index) const { return session_.devices().at(index); }

Runtime& Space::runtime() {
  std::call_once(runtime_made_, [&] {
    runtime_ = std::make_unique<Runtime>(make_runtime(session_.driver(), context_));
  });
  return *runtime_;
}

std::uint8_t* Space::allocate_shared(std::size_t bytes) {
  const ze_device_mem_alloc_desc_t of_device{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0,
                                             0};
  const ze_host_mem_alloc_desc_t of_host{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
  void* memory = nullptr;
  ZESVM_MUST(zeMemAllocShared(context_, &of_device, &of_host, bytes, 0, nullptr, &memory));
  return static_cast<std::uint8_t*>(memory);
}

std::uint8_t* Space::allocate_device(std::size_t bytes, std::size_t device) {
  const ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
  void* memory = nullptr;
  ZESVM_MUST(zeMemAllocDevice(context_, &desc, bytes, 0, this->device(device), &memory));
  return static_cast<std::uint8_t*>(memory);
}

void Space::free(void* memory) { ZESVM_MUST(zeMemFree(context_, memory)); }

Queue::Queue(Space& space, std::size_t device) : space_(space), device_(device) {
  const ze_command_queue_desc_t desc{
      ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, nullptr, 0, 0, 0, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS,
      ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
  ZESVM_MUST(zeCommandQueueCreate(space.context(), space.device(device), &desc, &queue_));
  add_marks_ = kernel("add_marks", group);
  read_marks_ = kernel("read_marks", group);
  count_up_ = kernel("count_up", 1);
}

Queue::~Queue() {
  result();
  for (ze_kernel_handle_t kernel : {add_marks_, read_marks_, count_up_}) zeKernelDestroy(kernel);
  zeCommandQueueDestroy(queue_);
}

ze_kernel_handle_t Queue::kernel(const char* name, std::uint32_t size) const {
  const ze_kernel_desc_t desc{ZE_STRUCTURE_TYPE_KERNEL_DESC, nullptr, 0, name};
  ze_kernel_handle_t made = nullptr;
  ZESVM_MUST(zeKernelCreate(space_.module(device_), &desc, &made));
  ZESVM_MUST(zeKernelSetGroupSize(made, size, 1, 1));
  return made;
}

template <typename Append>
void Queue::submit(Append&& append) {
  const ze_command_list_desc_t desc{ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC, nullptr, 0, 0};
  ze_command_list_handle_t list = nullptr;
  ZESVM_MUST(zeCommandListCreate(space_.context(), space_.device(device_), &desc, &list));
  submitted_.push_back(list);
  append(list);
  ZESVM_MUST(zeCommandListClose(list));
  ZESVM_MUST(zeCommandQueueExecuteCommandLists(queue_, 1, &list, nullptr));
}

template <typename... Arguments>
void Queue::launch(ze_kernel_handle_t kernel, std::uint64_t groups, const Arguments&... arguments) {
  std::uint32_t index = 0;
  const auto set = [&](const auto& argument) {
    ZESVM_MUST(zeKernelSetArgumentValue(kernel, index++, sizeof argument, &argument));
  };
  (set(arguments), ...);
  submit([&](ze_command_list_handle_t list) {
    const ze_group_count_t count{static_cast<std::uint32_t>(groups), 1, 1};
    ZESVM_MUST(zeCommandListAppendLaunchKernel(list, kernel, &count, nullptr, 0, nullptr));
  });
}

void Queue::add_marks(std::uint8_t* data, const Work& work) {
  launch(add_marks_, (work.count + group - 1) / group, data, work.first, work.stride, work.count,
         work.seed);
}

void Queue::read_marks(std::uint8_t* sums, const std::uint8_t* data, const Work& work) {
  launch(read_marks_, (work.count + group - 1) / group, sums, data, work.first, work.stride,
         work.count, work.seed);
}

void Queue::count_up(std::uint32_t* counter, std::uint32_t times) {
  launch(count_up_, times, counter);
}

void Queue::copy(void* to, const void* from, std::size_t bytes) {
  submit([&](ze_command_list_handle_t list) {
    ZESVM_MUST(zeCommandListAppendMemoryCopy(list, to, from, bytes, nullptr, 0, nullptr));
  });
  wait();
}

void Queue::advise(const void* pointer, std::size_t bytes, std::uint32_t advice,
                   std::size_t device) {
  submit([&](ze_command_list_handle_t list) {
    ZESVM_MUST(zeCommandListAppendMemAdvise(list, space_.device(device), pointer, bytes,
                                            static_cast<ze_memory_advice_t>(advice)));
  });
  wait();
}

void Queue::prefetch(const void* pointer, std::size_t bytes) {
  submit([&](ze_command_list_handle_t list) {
    ZESVM_MUST(zeCommandListAppendMemoryPrefetch(list, pointer, bytes));
  });
  wait();
}

ze_result_t Queue::result() {
  const ze_result_t result = zeCommandQueueSynchronize(queue_, UINT64_MAX);
  for (ze_command_list_handle_t list : submitted_) zeCommandListDestroy(list);
  submitted_.clear();
  return result;
}

void Queue::wait() { must_succeed(result(), "the work of a queue"); }

}  // namespace zesvm::scenarios
