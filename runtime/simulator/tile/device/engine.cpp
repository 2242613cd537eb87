#include "simulator/tile/device/engine.hpp"

#include <algorithm>
#include <cstring>
#include <time.h>

#include "simulator/tile/futex.hpp"

namespace zesvm::simulator::tile::device {
namespace {

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t number_of(const KernelTask& task) { return task.launch.work; }
std::uint64_t number_of(const CopyCommand& copy) { return copy.work; }
std::uint64_t number_of(const FillCommand& fill) { return fill.work; }

cl_int set_argument(cl_kernel kernel, cl_uint index, const KernelArgument& argument) {
  if (const auto* pointer = std::get_if<PointerArgument>(&argument))
    return clSetKernelArgSVMPointer(kernel, index, pointer_to<void>(pointer->value));
  if (const auto* local = std::get_if<LocalArgument>(&argument))
    return clSetKernelArg(kernel, index, local->size.count, nullptr);
  const auto& value = std::get<ValueArgument>(argument);
  return clSetKernelArg(kernel, index, value.bytes.size(), value.bytes.data());
}

void refuse(Outcome& outcome, const std::string& call, cl_int error) {
  outcome.status = error == CL_OUT_OF_HOST_MEMORY || error == CL_OUT_OF_RESOURCES
                       ? Status::out_of_host_memory
                       : Status::invalid_argument;
  outcome.message = call + ": OpenCL error " + std::to_string(error);
}

bool set_arguments(cl_kernel kernel, const LaunchRequest& request, Outcome& outcome) {
  for (cl_uint i = 0; i < request.arguments.size(); ++i) {
    const cl_int error = set_argument(kernel, i, request.arguments[i]);
    if (error == CL_SUCCESS) continue;
    refuse(outcome, "argument " + std::to_string(i) + " of " + request.kernel, error);
    return false;
  }
  return true;
}

// When the kernel itself ran; the time around the calls would count its first compilation.
void take_times(cl_event event, Outcome& outcome) {
  cl_ulong begin = 0, end = 0;
  clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof begin, &begin, nullptr);
  clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, nullptr);
  outcome.end_ns = now_ns();
  if (begin != 0 && begin < end)
    outcome.begin_ns = std::max(outcome.begin_ns, outcome.end_ns - (end - begin));
}

void enqueue_and_wait(cl_command_queue queue, cl_kernel kernel, const LaunchRequest& request,
                      Outcome& outcome) {
  const Extent& group = request.group_size;
  const Extent& count = request.group_count;
  const Extent& offset = request.global_offset;
  const std::size_t local[] = {group.x, group.y, group.z};
  const std::size_t global[] = {std::size_t{group.x} * count.x, std::size_t{group.y} * count.y,
                                std::size_t{group.z} * count.z};
  const std::size_t offsets[] = {offset.x, offset.y, offset.z};
  if (global[0] == 0 || global[1] == 0 || global[2] == 0) return;
  cl_event event = nullptr;
  cl_int error =
      clEnqueueNDRangeKernel(queue, kernel, 3, offsets, global, local, 0, nullptr, &event);
  if (error != CL_SUCCESS) return refuse(outcome, "launching " + request.kernel, error);
  error = clFlush(queue);
  if (error == CL_SUCCESS) error = clWaitForEvents(1, &event);
  if (error != CL_SUCCESS) refuse(outcome, "running " + request.kernel, error);
  take_times(event, outcome);
  clReleaseEvent(event);
}

void fill(const FillCommand& command) {
  auto* to = pointer_to<std::byte>(command.to);
  const std::size_t size = command.size.count;
  if (command.pattern_size == 1) {
    std::memset(to, std::to_integer<int>(command.pattern[0]), size);
    return;
  }
  for (std::size_t done = 0; done < size; done += command.pattern_size)
    std::memcpy(to + done, command.pattern.data(),
                std::min<std::size_t>(command.pattern_size, size - done));
}

}  // namespace

void CompletionWriter::write(std::uint64_t work, const Outcome& outcome) {
  const std::lock_guard guard{lock_};
  const std::uint32_t at = channel_.completed.load();
  std::uint32_t read = 0;
  while (at - (read = channel_.collected.load()) >= completion_count)
    futex_wait(channel_.collected, read);
  CompletionRecord& record = channel_.completions[at % completion_count];
  record = {work,
            outcome.status,
            outcome.fault_access,
            outcome.fault_address.value,
            outcome.begin_ns,
            outcome.end_ns,
            {}};
  outcome.message.copy(record.message.data(), record.message.size() - 1);
  channel_.completed.store(at + 1);
  futex_wake_all(channel_.completed);
}

Engine::Engine(RunningWork& running, CompletionWriter& completions)
    : running_(running), completions_(completions) {
  std::thread{[this] { work_on(); }}.detach();
}

void Engine::enqueue(Task task) {
  const std::lock_guard guard{lock_};
  tasks_.push_back(std::move(task));
  not_empty_.notify_one();
}

void Engine::work_on() {
  for (;;) {
    std::unique_lock guard{lock_};
    not_empty_.wait(guard, [this] { return !tasks_.empty(); });
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    guard.unlock();
    perform(task);
  }
}

void Engine::perform(Task& task) {
  Work work;
  auto* kernel = std::get_if<KernelTask>(&task);
  work.kind = kernel != nullptr ? WorkKind::kernel : WorkKind::transfer;
  Outcome outcome;
  outcome.begin_ns = now_ns();
  running_.begin(work);
  if (kernel != nullptr) {
    run_kernel(*kernel, outcome);
  } else if (const auto* copy = std::get_if<CopyCommand>(&task)) {
    std::memmove(pointer_to<void>(copy->to), pointer_to<void>(copy->from), copy->size.count);
  } else {
    fill(std::get<FillCommand>(task));
  }
  running_.end(work);
  if (outcome.end_ns == 0) outcome.end_ns = now_ns();
  if (work.status != Status::ok) {
    outcome.status = work.status;
    outcome.fault_address = work.fault_address;
    outcome.fault_access = work.fault_access;
  }
  completions_.write(std::visit([](const auto& each) { return number_of(each); }, task), outcome);
}

void Engine::run_kernel(KernelTask& task, Outcome& outcome) {
  const LaunchRequest& request = task.launch.request;
  if (!ensure_queue()) return refuse(outcome, "making a queue", CL_OUT_OF_RESOURCES);
  cl_kernel kernel = task.module->kernel(request.kernel, request.engine);
  if (kernel == nullptr) return refuse(outcome, "kernel " + request.kernel, CL_INVALID_KERNEL_NAME);
  if (set_arguments(kernel, request, outcome)) enqueue_and_wait(queue_, kernel, request, outcome);
}

bool Engine::ensure_queue() {
  const OpenClDevice* cl = opencl_device();
  if (queue_ != nullptr || cl == nullptr) return queue_ != nullptr;
  const cl_queue_properties properties[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0};
  queue_ = clCreateCommandQueueWithProperties(cl->context, cl->device, properties, nullptr);
  return queue_ != nullptr;
}

}  // namespace zesvm::simulator::tile::device
