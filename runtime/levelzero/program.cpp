#include "levelzero/program.hpp"

#include <algorithm>
#include <utility>

#include "levelzero/call.hpp"

namespace zesvm::levelzero {
namespace {

spirv::Module checked(const std::vector<std::byte>& bytes, const std::string& origin) {
  auto module = spirv::parse(bytes);
  if (module) return *std::move(module);
  throw Error(ErrorCode::module_rejected, origin +
                                              " is not a SPIR-V module: " + module.error().message +
                                              ", at byte " + std::to_string(module.error().offset));
}

std::string take_log(ze_module_build_log_handle_t log) {
  if (log == nullptr) return "";
  std::string text;
  std::size_t size = 0;
  if (zeModuleBuildLogGetString(log, &size, nullptr) == ZE_RESULT_SUCCESS && size > 0) {
    text.resize(size);
    if (zeModuleBuildLogGetString(log, &size, text.data()) != ZE_RESULT_SUCCESS) text.clear();
  }
  zeModuleBuildLogDestroy(log);
  while (!text.empty() && (text.back() == '\0' || text.back() == '\n')) text.pop_back();
  return text;
}

}  // namespace

Program::Program(std::shared_ptr<Context> context, std::vector<std::byte> spirv, std::string origin)
    : context_(std::move(context)),
      origin_(std::move(origin)),
      bytes_(std::move(spirv)),
      module_(checked(bytes_, origin_)),
      accesses_(spirv::infer_accesses(module_)),
      builds_(context_->tiles().size()) {}

Program::~Program() {
  Lock guard{lock_};
  for (ze_module_handle_t module : builds_)
    if (module != nullptr) zeModuleDestroy(module);
}

std::vector<std::string> Program::kernel_names() const {
  std::vector<std::string> names;
  for (const spirv::Kernel& kernel : module_.kernels()) names.push_back(kernel.name);
  std::sort(names.begin(), names.end());
  return names;
}

const spirv::Kernel& Program::reflection(const std::string& kernel) const {
  if (const spirv::Kernel* found = module_.kernel(kernel)) return *found;
  std::string message = origin_ + " has no kernel '" + kernel + "'; it has:";
  for (const std::string& name : kernel_names()) message += " " + name;
  throw Error(ErrorCode::unknown_kernel, message);
}

const spirv::KernelAccesses& Program::accesses(const std::string& kernel) const {
  return accesses_[static_cast<std::size_t>(&reflection(kernel) - module_.kernels().data())];
}

ze_module_handle_t Program::module_on(const Tile& tile) {
  Lock guard{lock_};
  ze_module_handle_t& built = builds_[tile.index];
  if (built == nullptr) built = build(tile);
  return built;
}

ze_module_handle_t Program::build(const Tile& tile) const {
  ze_module_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_MODULE_DESC;
  description.format = ZE_MODULE_FORMAT_IL_SPIRV;
  description.inputSize = bytes_.size();
  description.pInputModule = reinterpret_cast<const std::uint8_t*>(bytes_.data());
  description.pBuildFlags = "";
  ze_module_handle_t module = nullptr;
  ze_module_build_log_handle_t log = nullptr;
  const ze_result_t result =
      zeModuleCreate(context_->handle(), tile.handle, &description, &module, &log);
  const std::string text = take_log(log);
  if (result == ZE_RESULT_SUCCESS) return module;
  throw_failed("zeModuleCreate", result,
               "building " + origin_ + " for " + tile.name + (text.empty() ? "" : "\n" + text));
}

}  // namespace zesvm::levelzero
