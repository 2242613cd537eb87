#include "levelzero/command_list.hpp"

#include "levelzero/call.hpp"
#include "levelzero/launch_shape.hpp"
#include "levelzero/paged_memory.hpp"

namespace zesvm::levelzero {

CommandList::CommandList(Context& context, const Tile& tile) : context_(context), tile_(tile) {
  create();
}

CommandList::CommandList(Context& context, const Tile& tile, ze_command_list_handle_t handle)
    : context_(context), tile_(tile), handle_(handle), owns_handle_(false) {}

CommandList::~CommandList() {
  try {
    wait();
  } catch (const Error&) {
    // Said by wait() to those who asked; a destructor has nobody to tell.
  }
  // Where there was no room for a command to wait for, the list knows all the same.
  if (!signalled_.empty()) {
    const auto all_done = context_.newer().host_synchronize;
    settle(all_done != nullptr ? all_done(handle_, UINT64_MAX) : ZE_RESULT_ERROR_UNKNOWN);
  }
  if (owns_handle_) zeCommandListDestroy(handle_);
  times_.reset();
  for (auto& [key, kernel] : kernels_) zeKernelDestroy(kernel.handle);
}

void CommandList::create() {
  ze_command_queue_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
  description.ordinal = tile_.compute_queue_group;
  description.mode = ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS;
  ZESVM_ZE(zeCommandListCreateImmediate(context_.handle(), tile_.handle, &description, &handle_),
           "making a stream on " + tile_.name);
}

template <typename Append>
void CommandList::appending(Append&& append) {
  renew();
  try {
    append();
  } catch (const Error&) {
    is_spoiled_ = true;
    throw;
  }
}

void CommandList::renew() {
  if (!is_spoiled_ || !owns_handle_ || context_.newer().host_synchronize == nullptr) return;
  synchronize();
  const ze_command_list_handle_t spoiled = handle_;
  create();
  zeCommandListDestroy(spoiled);
  is_spoiled_ = false;
  has_hints_ = false;
}

void CommandList::barrier(ze_event_handle_t event, const std::string& doing) {
  const ze_result_t appended = zeCommandListAppendBarrier(handle_, event, 0, nullptr);
  if (appended == ZE_RESULT_SUCCESS) {
    has_hints_ = false;
    return;
  }
  // The event was not signalled, but the driver may have noted the list in it: see Signal::settle().
  if (event != nullptr) zeEventHostReset(event);
  // Hints would be lost with the list.
  const bool can_wait = owns_handle_ && context_.newer().host_synchronize != nullptr && !has_hints_;
  if (!can_wait) throw_failed("zeCommandListAppendBarrier", appended, doing);
  is_spoiled_ = true;
  synchronize();
  if (event != nullptr) ZESVM_ZE(zeEventHostSignal(event), doing);
  renew();
}

CommandList::LoadedKernel& CommandList::load(const std::shared_ptr<Program>& program,
                                             const std::string& kernel) {
  const auto key = std::make_pair(static_cast<const Program*>(program.get()), kernel);
  const auto found = kernels_.find(key);
  if (found != kernels_.end()) return found->second;
  ze_kernel_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_KERNEL_DESC;
  description.pKernelName = kernel.c_str();
  LoadedKernel loaded{program, nullptr};
  ZESVM_ZE(zeKernelCreate(program->module_on(tile_), &description, &loaded.handle),
           "making kernel " + kernel + " of " + program->origin());
  // Memory reached through pointers in memory must be there as well as what arguments point to. A
  // driver without page faults then brings all there is, at every launch.
  if (program->accesses(kernel).touches_other_memory)
    ZESVM_ZE(zeKernelSetIndirectAccess(loaded.handle, ZE_KERNEL_INDIRECT_ACCESS_FLAG_SHARED),
             "letting kernel " + kernel + " follow pointers");
  return kernels_.emplace(key, std::move(loaded)).first->second;
}

std::vector<Access> CommandList::accesses_of(const spirv::KernelAccesses& found,
                                             const std::vector<Argument>& arguments) const {
  std::vector<Access> accesses;
  const PagedMemory* const paged = context_.paged();
  if (paged == nullptr) return accesses;
  if (found.touches_other_memory) accesses = paged->everything(AccessMode::read_write);
  for (std::size_t i = 0; i < arguments.size() && i < found.arguments.size(); ++i) {
    const spirv::AccessSummary& use = found.arguments[i];
    if (!arguments[i].is_pointer()) continue;
    if (!use.is_read && !use.is_written && !use.is_atomic && !use.escapes) continue;
    AccessMode mode = use.is_written || use.escapes ? AccessMode::read_write : AccessMode::read;
    if (use.is_atomic) mode = AccessMode::atomic;
    accesses.push_back({const_cast<const void*>(arguments[i].pointer()), 0, mode});
  }
  return accesses;
}

template <typename Append>
void CommandList::using_memory(const std::vector<Access>& accesses, Append&& append) {
  PagedMemory* const paged = context_.paged();
  if (paged == nullptr || !paged->is_any_paged(accesses)) return appending(append);
  paged->run(tile_, accesses, [&] {
    appending(append);
    auto done = context_.signals().take();
    append_signal(done);
    return done;
  });
}

void CommandList::append_kernel(const std::string& name, ze_kernel_handle_t kernel,
                                const ze_group_count_t& groups, const std::string& doing) {
  WorkTrace* const trace = context_.trace();
  if (trace == nullptr || !trace->is_alone()) {
    ZESVM_ZE(zeCommandListAppendLaunchKernel(handle_, kernel, &groups, nullptr, 0, nullptr), doing);
    return;
  }
  if (!times_) times_ = std::make_unique<KernelTimes>(context_, tile_, *trace);
  const ze_event_handle_t timed = times_->next(name);
  try {
    ZESVM_ZE(zeCommandListAppendLaunchKernel(handle_, kernel, &groups, timed, 0, nullptr), doing);
  } catch (const Error&) {
    times_->take_back(timed);
    throw;
  }
}

void CommandList::launch(const std::shared_ptr<Program>& program, const std::string& kernel,
                         const Grid& grid, const std::vector<Argument>& arguments,
                         const std::optional<std::vector<Access>>& declared) {
  const spirv::Kernel& reflection = program->reflection(kernel);
  check_arguments(reflection, arguments);
  const LaunchShape shape = shape_of(grid, reflection, tile_.max_group_size);
  const ze_kernel_handle_t loaded = load(program, kernel).handle;
  const std::string doing = "launching " + kernel + " on " + tile_.name;
  ZESVM_ZE(
      zeKernelSetGroupSize(loaded, shape.group_size[0], shape.group_size[1], shape.group_size[2]),
      doing);
  const ze_group_count_t groups{shape.group_count[0], shape.group_count[1], shape.group_count[2]};
  using_memory(declared ? *declared : accesses_of(program->accesses(kernel), arguments), [&] {
    // Only now: a driver looks at where a pointer's memory is and may pass another address for what
    // is still on another card.
    for (std::uint32_t i = 0; i < arguments.size(); ++i)
      ZESVM_ZE(zeKernelSetArgumentValue(loaded, i, arguments[i].bytes(), arguments[i].data()),
               doing + ", argument " + std::to_string(i));
    append_kernel(kernel, loaded, groups, doing);
    // In order: what comes later sees what the kernel wrote, on every version of Level Zero.
    barrier(nullptr, doing);
  });
}

void CommandList::copy(void* to, const void* from, std::size_t bytes) {
  const std::string doing = "copying " + std::to_string(bytes) + " bytes on " + tile_.name;
  using_memory({{from, bytes, AccessMode::read}, {to, bytes, AccessMode::write}}, [&] {
    ZESVM_ZE(zeCommandListAppendMemoryCopy(handle_, to, from, bytes, nullptr, 0, nullptr), doing);
    barrier(nullptr, doing);
  });
}

void CommandList::fill(void* to, unsigned char value, std::size_t bytes) {
  const std::string doing = "filling " + std::to_string(bytes) + " bytes on " + tile_.name;
  using_memory({{to, bytes, AccessMode::write}}, [&] {
    ZESVM_ZE(zeCommandListAppendMemoryFill(handle_, to, &value, 1, bytes, nullptr, 0, nullptr),
             doing);
    barrier(nullptr, doing);
  });
}

void CommandList::prefetch(const void* pointer, std::size_t bytes) {
  if (MemoryBacking* const backing = context_.backing_at(pointer)) {
    backing->prefetch(tile_, {address_of(pointer), address_of(pointer) + Bytes{bytes}});
    return;
  }
  const std::string doing = "prefetching " + std::to_string(bytes) + " bytes to " + tile_.name;
  appending([&] {
    ZESVM_ZE(zeCommandListAppendMemoryPrefetch(handle_, pointer, bytes), doing);
    has_hints_ = true;
    barrier(nullptr, doing);
  });
}

bool CommandList::advise(const void* pointer, std::size_t bytes, const Tile& about,
                         std::uint32_t advice) {
  renew();
  has_hints_ = true;
  const ze_result_t result = zeCommandListAppendMemAdvise(handle_, about.handle, pointer, bytes,
                                                          static_cast<ze_memory_advice_t>(advice));
  // Older drivers, and older validation layers, refuse values that came later.
  if (result == ZE_RESULT_ERROR_INVALID_ENUMERATION ||
      result == ZE_RESULT_ERROR_UNSUPPORTED_ENUMERATION)
    return false;
  if (result != ZE_RESULT_SUCCESS) {
    is_spoiled_ = true;
    throw_failed("zeCommandListAppendMemAdvise", result,
                 "advising " + std::to_string(bytes) + " bytes on " + about.name);
  }
  return true;
}

void CommandList::signal(ze_event_handle_t event) {
  appending([&] { barrier(event, "recording an event on " + tile_.name); });
}

void CommandList::wait_for(ze_event_handle_t event) {
  appending([&] {
    ZESVM_ZE(zeCommandListAppendBarrier(handle_, nullptr, 1, &event),
             "waiting for an event on " + tile_.name);
  });
}

void CommandList::signal(const std::shared_ptr<Signal>& signal) {
  append_signal(signal);
  in_use_.push_back(signal);
}

void CommandList::append_signal(const std::shared_ptr<Signal>& signal) {
  this->signal(signal->handle());
  if (signalled_.size() == signalled_.capacity())
    std::erase_if(signalled_, [](const auto& one) { return one.expired(); });
  signalled_.push_back(signal);
}

void CommandList::wait_for(const std::shared_ptr<Signal>& signal) {
  wait_for(signal->handle());
  in_use_.push_back(signal);
}

void CommandList::wait() {
  if (context_.newer().host_synchronize != nullptr && !has_hints_) return synchronize();
  const auto done = context_.signals().take();
  signal(done);
  try {
    done->wait();
  } catch (const Error&) {
    settle(ZE_RESULT_ERROR_UNKNOWN);
    throw;
  }
  // The event says that the list went on; whether all before it worked, only the list knows.
  if (context_.newer().host_synchronize != nullptr) return synchronize();
  settle(ZE_RESULT_SUCCESS);
}

void CommandList::synchronize() {
  const ze_result_t result = context_.newer().host_synchronize(handle_, UINT64_MAX);
  settle(result);
  if (result != ZE_RESULT_SUCCESS)
    throw_work_failed("zeCommandListHostSynchronize", result, context_.last_driver_error());
}

void CommandList::settle(ze_result_t all) {
  for (const auto& one : signalled_)
    if (const auto signal = one.lock()) signal->settle(all);
  signalled_.clear();
  in_use_.clear();
  if (times_) times_->write();
}

}  // namespace zesvm::levelzero
