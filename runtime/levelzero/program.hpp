/// @file program.hpp
/// A SPIR-V module: what it says about its kernels, and its builds, one per tile.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

#include "base/mutex.hpp"
#include "kernels/spirv/accesses.hpp"
#include "kernels/spirv/module.hpp"
#include "levelzero/context.hpp"

namespace zesvm::levelzero {

/// A module of one context. Safe to use from any thread.
class Program {
 public:
  /// Reads a module; nothing is built yet. `origin` names it in messages.
  /// @errors module_rejected: not a SPIR-V module
  Program(std::shared_ptr<Context> context, std::vector<std::byte> spirv, std::string origin);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const Context& context() const { return *context_; }
  const std::string& origin() const { return origin_; }
  std::vector<std::string> kernel_names() const;
  /// Returns what the module says about a kernel. @errors unknown_kernel
  const spirv::Kernel& reflection(const std::string& kernel) const;
  /// Returns what a kernel does with memory. @errors unknown_kernel
  const spirv::KernelAccesses& accesses(const std::string& kernel) const;
  /// Returns the module built for a tile, building it if it was not. Other callers wait.
  /// @errors module_rejected, with the build log
  ze_module_handle_t module_on(const Tile& tile);

 private:
  ze_module_handle_t build(const Tile& tile) const;

  std::shared_ptr<Context> context_;
  std::string origin_;
  std::vector<std::byte> bytes_;
  spirv::Module module_;
  // In the order of the module's kernels.
  std::vector<spirv::KernelAccesses> accesses_;
  Mutex<LockOrder::driver> lock_;
  std::vector<ze_module_handle_t> builds_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::levelzero
