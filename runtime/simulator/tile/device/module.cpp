#include "simulator/tile/device/module.hpp"

#include <sstream>
#include <string_view>
#include <vector>

#include <CL/cl_ext.h>

#include "simulator/tile/device/spirv_translator.hpp"

namespace zesvm::simulator::tile::device {
namespace {

template <typename Handle, typename Query, typename Name>
std::string text_of(Query query, Handle handle, Name name) {
  std::size_t size = 0;
  if (query(handle, name, 0, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  query(handle, name, size, text.data(), nullptr);
  text.resize(size - 1);  // without the closing zero
  return text;
}

std::vector<cl_platform_id> platforms() {
  cl_uint count = 0;
  if (clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS) return {};
  std::vector<cl_platform_id> found(count);
  clGetPlatformIDs(count, found.data(), nullptr);
  return found;
}

OpenClDevice find_device() {
  OpenClDevice chosen;
  for (cl_platform_id platform : platforms()) {
    cl_device_id device = nullptr;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_CPU, 1, &device, nullptr) != CL_SUCCESS) continue;
    const bool is_pocl =
        text_of(clGetPlatformInfo, platform, CL_PLATFORM_NAME) == "Portable Computing Language";
    if (chosen.device == nullptr || is_pocl) chosen.device = device;
    if (is_pocl) break;
  }
  if (chosen.device == nullptr) return chosen;
  cl_int error = CL_SUCCESS;
  chosen.context = clCreateContext(nullptr, 1, &chosen.device, nullptr, nullptr, &error);
  chosen.takes_spirv =
      text_of(clGetDeviceInfo, chosen.device, CL_DEVICE_IL_VERSION).find("SPIR-V") !=
      std::string::npos;
  return chosen;
}

std::string opencl_options(const std::string& options) {
  std::istringstream words{options};
  std::string kept;
  for (std::string word; words >> word;)
    if (word.starts_with("-cl-")) kept += " " + word;
  return kept;
}

cl_program create_program(const OpenClDevice& cl, const UniqueFd& spirv, BuiltModule& built) {
  cl_int error = CL_SUCCESS;
  cl_program program = nullptr;
  if (cl.takes_spirv) {
    const std::string il = contents_of(spirv);
    program = clCreateProgramWithIL(cl.context, il.data(), il.size(), &error);
  } else {
    const auto bitcode = translate_to_bitcode(spirv, built.log);
    if (!bitcode) {
      built.status = bitcode.status();
      return nullptr;
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(bitcode->data());
    const std::size_t size = bitcode->size();
    program = clCreateProgramWithBinary(cl.context, 1, &cl.device, &size, &bytes, nullptr, &error);
  }
  if (error == CL_SUCCESS) return program;
  built.status = Status::invalid_argument;
  built.log += "the OpenCL implementation did not take the module: error " + std::to_string(error);
  return nullptr;
}

std::string build_log(const OpenClDevice& cl, cl_program program) {
  return text_of(
      [&](cl_program of, cl_program_build_info name, std::size_t size, void* to, std::size_t* got) {
        return clGetProgramBuildInfo(of, cl.device, name, size, to, got);
      },
      program, CL_PROGRAM_BUILD_LOG);
}

}  // namespace

const OpenClDevice* opencl_device() {
  static const OpenClDevice device = find_device();
  return device.context != nullptr ? &device : nullptr;
}

Module::~Module() {
  for (const auto& [name, kernel] : kernels_) clReleaseKernel(kernel);
  clReleaseProgram(program_);
}

cl_kernel Module::kernel(const std::string& name, EngineId engine) {
  const std::lock_guard guard{lock_};
  const auto [at, is_new] = kernels_.try_emplace({name, engine.value}, nullptr);
  if (is_new) at->second = clCreateKernel(program_, name.c_str(), nullptr);
  if (at->second != nullptr) return at->second;
  kernels_.erase(at);
  return nullptr;
}

BuiltModule build_module(UniqueFd spirv, std::size_t size, const std::string& options) {
  BuiltModule built;
  const OpenClDevice* cl = opencl_device();
  if (cl == nullptr)
    return {Status::unsupported, nullptr, "no OpenCL CPU device was found (is PoCL installed?)\n"};
  if (size < 20 || size % 4 != 0)
    return {Status::invalid_argument, nullptr, "not SPIR-V: " + std::to_string(size) + " bytes\n"};
  cl_program program = create_program(*cl, spirv, built);
  if (program == nullptr) return built;
  built.module = std::make_shared<Module>(program);
  const std::string given =
      (cl->takes_spirv ? "" : "-x spir -spir-std=1.2") + opencl_options(options);
  const cl_int error = clBuildProgram(program, 1, &cl->device, given.c_str(), nullptr, nullptr);
  built.log += build_log(*cl, program);
  if (error == CL_SUCCESS) return built;
  built.module.reset();
  built.status = Status::invalid_argument;
  built.log += "building the module failed: OpenCL error " + std::to_string(error) + "\n";
  return built;
}

}  // namespace zesvm::simulator::tile::device
