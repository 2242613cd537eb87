/// @file module.hpp
/// Programs, built by the OpenCL implementation on this machine's CPU.
#pragma once

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 300
#endif
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <CL/cl.h>

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "simulator/tile/tile_process.hpp"

namespace zesvm::simulator::tile::device {

/// The CPU device kernels run on.
struct OpenClDevice {
  cl_device_id device = nullptr;
  cl_context context = nullptr;
  /// Whether it takes SPIR-V; else it takes LLVM bitcode of the SPIR kind.
  bool takes_spirv = false;
};

/// Returns the device, set up at the first call; nullptr when there is none.
///
/// PoCL is preferred, being what the pointers and faults of this process were tried with.
const OpenClDevice* opencl_device();

/// A built program and its kernels.
class Module {
 public:
  explicit Module(cl_program program) : program_(program) {}
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Returns the kernel with that name for that engine's use alone: arguments are set on it.
  ///
  /// @errors   nullptr: the module has no such kernel
  cl_kernel kernel(const std::string& name, EngineId engine);

 private:
  const cl_program program_;
  std::mutex lock_;
  std::map<std::pair<std::string, std::uint32_t>, cl_kernel> kernels_;
};

/// What building gave.
struct BuiltModule {
  Status status = Status::ok;
  std::shared_ptr<Module> module;
  std::string log;
};

/// Builds SPIR-V that a file holds.
///
/// Of the options, those of OpenCL (`-cl-...`) are passed on.
/// @errors   unsupported: no OpenCL device, no translator; invalid_argument: it does not build
BuiltModule build_module(UniqueFd spirv, std::size_t size, const std::string& options);

}  // namespace zesvm::simulator::tile::device
