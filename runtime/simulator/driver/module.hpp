/// @file module.hpp
/// Modules, their build logs, and kernels with the arguments a program sets on them.
///
/// M1  a kernel's arguments are copied when they are set, and again when it is appended: what a
///     program changes later does not reach commands appended before
/// M2  a kernel, and a recorded launch of it, keep the program they come from
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "simulator/driver/actions.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/object.hpp"
#include "simulator/driver/program.hpp"

namespace zesvm::simulator::driver {

/// What a compiler or linker said.
class ModuleBuildLog : public Object {
 public:
  using Handle = ze_module_build_log_handle_t;
  static constexpr ObjectKind kind = ObjectKind::module_build_log;

  explicit ModuleBuildLog(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

 private:
  const std::string text_;
};

/// A program built for the tile a device stands for.
class Module : public Object {
 public:
  using Handle = ze_module_handle_t;
  static constexpr ObjectKind kind = ObjectKind::module;

  Module(std::shared_ptr<Context> context, Device& device, std::shared_ptr<Program> program)
      : context_(std::move(context)), device_(device), program_(std::move(program)) {}

  Device& device() const { return device_; }
  const std::shared_ptr<Program>& program() const { return program_; }
  /// Returns the program for the tile that `device` stands for: a module of a card serves its
  /// sub-devices too, and is built for each at its first launch there. Null: another card's, or
  /// building failed.
  /// @locks takes driver
  std::shared_ptr<Program> program_for(const Device& device);

 private:
  const std::shared_ptr<Context> context_;
  Device& device_;
  const std::shared_ptr<Program> program_;
  Mutex<LockOrder::driver> lock_;
  std::vector<std::shared_ptr<Program>> others_ ZESVM_GUARDED_BY(lock_);
};

using GroupSize = std::array<std::uint32_t, 3>;

/// A kernel. The program makes sure that one thread at a time sets it up.
class Kernel : public Object {
 public:
  using Handle = ze_kernel_handle_t;
  static constexpr ObjectKind kind = ObjectKind::kernel;

  Kernel(std::shared_ptr<Module> module, const spirv::Kernel& reflection);

  const Device& device() const { return module_->device(); }
  const std::shared_ptr<Module>& module() const { return module_; }
  const spirv::Kernel& reflection() const { return *reflection_; }
  const GroupSize& group_size() const { return group_size_; }
  ze_kernel_indirect_access_flags_t indirect_access() const { return indirect_access_; }
  void set_indirect_access(ze_kernel_indirect_access_flags_t flags) { indirect_access_ = flags; }
  void set_global_offset(const GroupSize& offset) { global_offset_ = offset; }

  /// Sets an argument. Null `value`: local memory, or a null pointer, or zeros.
  /// Returns INVALID_KERNEL_ARGUMENT_INDEX, INVALID_KERNEL_ARGUMENT_SIZE, or UNSUPPORTED_FEATURE
  /// for images and samplers; the argument is as before then.
  ze_result_t set_argument(std::uint32_t index, std::size_t size, const void* value);
  /// Returns INVALID_GROUP_SIZE_DIMENSION when the device or the kernel cannot run with it.
  ze_result_t set_group_size(const GroupSize& size);
  /// Returns the launch that an append to a list of `device` records now; null when the kernel
  /// cannot run there.
  std::shared_ptr<LaunchAction> launch(const Device& device, const ze_group_count_t& count) const;

 private:
  const std::shared_ptr<Module> module_;
  const std::shared_ptr<const spirv::Kernel> reflection_;
  std::vector<node::KernelArgument> arguments_;
  GroupSize group_size_{1, 1, 1};
  GroupSize global_offset_{0, 0, 0};
  ze_kernel_indirect_access_flags_t indirect_access_ = 0;
};

/// Makes the argument that a value of the program stands for. Result codes as
/// Kernel::set_argument.
ze_result_t read_argument(const spirv::Argument& argument, std::size_t size, const void* value,
                          node::KernelArgument& result);
/// Returns INVALID_GROUP_SIZE_DIMENSION when a kernel cannot run with a group size on a device.
ze_result_t check_group_size(const Device& device, const spirv::Kernel& kernel,
                             const GroupSize& size);
/// Returns a group size that divides the global size as well as one can: the widest in x.
GroupSize suggest_group_size(std::uint32_t max_total, const GroupSize& global);

}  // namespace zesvm::simulator::driver
