#include <algorithm>
#include <cstring>

#include "simulator/driver/module.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

node::KernelArgument pointer_argument(const void* value) {
  std::uint64_t address = 0;
  if (value != nullptr) std::memcpy(&address, value, sizeof address);
  return node::PointerArgument{Address{address}};
}

node::KernelArgument value_argument(std::size_t size, const void* value) {
  std::vector<std::byte> bytes(size);
  if (value != nullptr) std::memcpy(bytes.data(), value, size);
  return node::ValueArgument{std::move(bytes)};
}

// The largest divisor of `n` that is not above `limit`: at most as many steps as a group has items.
std::uint32_t largest_divisor(std::uint32_t n, std::uint32_t limit) {
  for (std::uint32_t divisor = std::min(n, limit); divisor > 1; --divisor) {
    if (n % divisor == 0) return divisor;
  }
  return 1;
}

}  // namespace

ze_result_t read_argument(const spirv::Argument& argument, std::size_t size, const void* value,
                          node::KernelArgument& result) {
  switch (argument.kind) {
    case spirv::ArgumentKind::global_pointer:
    case spirv::ArgumentKind::constant_pointer:
      if (size != sizeof(void*)) return ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE;
      result = pointer_argument(value);
      return ZE_RESULT_SUCCESS;
    case spirv::ArgumentKind::local_pointer:
      if (size == 0) return ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE;
      if (value != nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
      result = node::LocalArgument{Bytes{size}};
      return ZE_RESULT_SUCCESS;
    case spirv::ArgumentKind::value:
      if (size == 0 || (argument.size.count != 0 && size != argument.size.count)) {
        return ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE;
      }
      result = value_argument(size, value);
      return ZE_RESULT_SUCCESS;
    case spirv::ArgumentKind::image:
    case spirv::ArgumentKind::sampler:
    case spirv::ArgumentKind::unsupported: break;
  }
  return fail(ZE_RESULT_ERROR_UNSUPPORTED_FEATURE, "arguments of type " + argument.type_name);
}

ze_result_t check_group_size(const Device& device, const spirv::Kernel& kernel,
                             const GroupSize& size) {
  std::uint64_t total = 1;
  for (const std::uint32_t one : size) {
    if (one == 0 || one > device.description().max_group_size) {
      return ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION;
    }
    total *= one;
  }
  if (total > device.description().max_group_size) {
    return ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION;
  }
  if (kernel.required_group_size && *kernel.required_group_size != size) {
    return ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION;
  }
  return ZE_RESULT_SUCCESS;
}

GroupSize suggest_group_size(std::uint32_t max_total, const GroupSize& global) {
  GroupSize size{1, 1, 1};
  std::uint32_t left = max_total;
  for (std::size_t i = 0; i < 3; ++i) {
    size[i] = largest_divisor(std::max(global[i], 1U), left);
    left /= size[i];
  }
  return size;
}

std::shared_ptr<Program> Module::program_for(const Device& device) {
  if (device.tile() == program_->tile()) return program_;
  if (device.card() != device_.card()) return nullptr;
  Lock guard{lock_};
  for (const auto& other : others_) {
    if (other->tile() == device.tile()) return other;
  }
  ProgramOutcome outcome = Program::build_again(program_, device.tile());
  if (outcome.program) others_.push_back(outcome.program);
  return std::move(outcome.program);
}

Kernel::Kernel(std::shared_ptr<Module> module, const spirv::Kernel& reflection)
    : module_(std::move(module)),
      reflection_(std::make_shared<const spirv::Kernel>(reflection)),
      arguments_(reflection.arguments.size()),
      group_size_(reflection.required_group_size.value_or(GroupSize{1, 1, 1})) {}

ze_result_t Kernel::set_argument(std::uint32_t index, std::size_t size, const void* value) {
  if (index >= arguments_.size()) return ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_INDEX;
  return read_argument(reflection_->arguments[index], size, value, arguments_[index]);
}

ze_result_t Kernel::set_group_size(const GroupSize& size) {
  const ze_result_t result = check_group_size(device(), *reflection_, size);
  if (result == ZE_RESULT_SUCCESS) group_size_ = size;
  return result;
}

std::shared_ptr<LaunchAction> Kernel::launch(const Device& device,
                                             const ze_group_count_t& count) const {
  const std::shared_ptr<Program> program = module_->program_for(device);
  if (!program) return nullptr;
  node::Launch launch;
  launch.module = program->id();
  launch.kernel = reflection_->name;
  launch.arguments = arguments_;
  if (program->globals()) {
    launch.arguments.emplace_back(node::PointerArgument{*program->globals()});
  }
  launch.group_size = group_size_;
  launch.group_count = {count.groupCountX, count.groupCountY, count.groupCountZ};
  launch.global_offset = global_offset_;
  launch.indirect.host = (indirect_access_ & ZE_KERNEL_INDIRECT_ACCESS_FLAG_HOST) != 0;
  launch.indirect.device = (indirect_access_ & ZE_KERNEL_INDIRECT_ACCESS_FLAG_DEVICE) != 0;
  launch.indirect.shared = (indirect_access_ & ZE_KERNEL_INDIRECT_ACCESS_FLAG_SHARED) != 0;
  return std::make_shared<LaunchAction>(std::move(launch), reflection_, program);
}

}  // namespace zesvm::simulator::driver
