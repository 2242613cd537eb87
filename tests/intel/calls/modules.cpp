// Modules and kernels: what is built, what is refused, and what launches are taken.
#include <algorithm>

#include "intel/calls/subject.hpp"

namespace zesvm::tests {
namespace {

ze_module_handle_t build(const Subject& subject, const std::string& how,
                         const std::vector<char>& bytes, ze_module_format_t format,
                         const char* options) {
  auto description = described<ze_module_desc_t>(ZE_STRUCTURE_TYPE_MODULE_DESC);
  description.format = format;
  description.inputSize = bytes.size();
  description.pInputModule = reinterpret_cast<const std::uint8_t*>(bytes.data());
  description.pBuildFlags = options;
  ze_module_handle_t module = nullptr;
  ze_module_build_log_handle_t log = nullptr;
  subject.says.add("zeModuleCreate, " + how,
                   zeModuleCreate(subject.context, subject.device(), &description, &module, &log));
  if (log != nullptr) zeModuleBuildLogDestroy(log);
  return module;
}

void ask_refused(const Subject& subject, const std::vector<char>& spirv) {
  const auto ask = [&](const std::string& how, const std::vector<char>& bytes,
                       ze_module_format_t format, const char* options) {
    if (ze_module_handle_t module = build(subject, how, bytes, format, options))
      zeModuleDestroy(module);
  };
  const std::vector<char> garbage(4096, 'x');
  const auto half = static_cast<std::ptrdiff_t>(spirv.size() / 8 * 4);
  ask("half a module", {spirv.begin(), spirv.begin() + half}, ZE_MODULE_FORMAT_IL_SPIRV, "");
  ask("a native binary that is none", garbage, ZE_MODULE_FORMAT_NATIVE, "");
  ask("options", spirv, ZE_MODULE_FORMAT_IL_SPIRV, "-ze-opt-level=2");
  ask("no options", spirv, ZE_MODULE_FORMAT_IL_SPIRV, nullptr);
}

void ask_module(const Subject& subject, ze_module_handle_t module) {
  Transcript& says = subject.says;
  std::uint32_t count = 0;
  says.add("zeModuleGetKernelNames, count", zeModuleGetKernelNames(module, &count, nullptr));
  std::vector<const char*> names(count);
  says.add("zeModuleGetKernelNames", zeModuleGetKernelNames(module, &count, names.data()));
  std::vector<std::string> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const std::string& name : sorted) text += name + " ";
  says.add("zeModuleGetKernelNames: names", text);
  void* pointer = nullptr;
  std::size_t size = 0;
  says.add("zeModuleGetGlobalPointer, unknown",
           zeModuleGetGlobalPointer(module, "no_such", &size, &pointer));
  says.add("zeModuleGetFunctionPointer, unknown",
           zeModuleGetFunctionPointer(module, "no_such", &pointer));
  auto description = described<ze_kernel_desc_t>(ZE_STRUCTURE_TYPE_KERNEL_DESC);
  description.pKernelName = "no_such_kernel";
  ze_kernel_handle_t kernel = nullptr;
  says.add("zeKernelCreate, unknown name", zeKernelCreate(module, &description, &kernel));
  if (zeModuleGetNativeBinary(module, &size, nullptr) != ZE_RESULT_SUCCESS) return;
  std::vector<char> native(size);
  says.add("zeModuleGetNativeBinary",
           zeModuleGetNativeBinary(module, &size, reinterpret_cast<std::uint8_t*>(native.data())));
  if (ze_module_handle_t again =
          build(subject, "its native binary", native, ZE_MODULE_FORMAT_NATIVE, ""))
    zeModuleDestroy(again);
}

void ask_arguments(const Subject& subject, ze_kernel_handle_t kernel, void* memory) {
  Transcript& says = subject.says;
  const std::uint32_t number = 3;
  int local = 0;
  void* own = &local;
  says.add("zeKernelSetArgumentValue, a pointer",
           zeKernelSetArgumentValue(kernel, 0, sizeof memory, &memory));
  says.add("zeKernelSetArgumentValue, the program's memory",
           zeKernelSetArgumentValue(kernel, 0, sizeof own, &own));
  says.add("zeKernelSetArgumentValue, null",
           zeKernelSetArgumentValue(kernel, 0, sizeof own, nullptr));
  says.add("zeKernelSetArgumentValue, a size of 4",
           zeKernelSetArgumentValue(kernel, 0, 4, &number));
  says.add("zeKernelSetArgumentValue, argument 9", zeKernelSetArgumentValue(kernel, 9, 4, &number));
  zeKernelSetArgumentValue(kernel, 0, sizeof memory, &memory);
}

void ask_group_sizes(const Subject& subject, ze_kernel_handle_t kernel) {
  const auto set = [&](const std::string& how, std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    subject.says.add("zeKernelSetGroupSize, " + how, zeKernelSetGroupSize(kernel, x, y, z));
  };
  set("0", 0, 1, 1);
  set("1024", 1024, 1, 1);
  set("1025", 1025, 1, 1);
  set("32 by 32 by 2", 32, 32, 2);
  set("2^31", 1u << 31, 1, 1);
  set("7 by 3", 7, 3, 1);
  set("64", 64, 1, 1);
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t z = 0;
  subject.says.add("zeKernelSuggestGroupSize",
                   zeKernelSuggestGroupSize(kernel, 1000, 10, 1, &x, &y, &z));
  subject.says.add("zeKernelSuggestGroupSize: divides",
                   x > 0 && 1000 % x == 0 && 10 % y == 0 ? "yes" : "no");
  for (std::uint32_t flags : {0u, 1u, 4u, 7u, 1u << 20})
    subject.says.add("zeKernelSetIndirectAccess, " + std::to_string(flags),
                     zeKernelSetIndirectAccess(kernel, flags));
  auto properties = described<ze_kernel_properties_t>(ZE_STRUCTURE_TYPE_KERNEL_PROPERTIES);
  subject.says.add("zeKernelGetProperties", zeKernelGetProperties(kernel, &properties));
  subject.says.add_number("zeKernelGetProperties: arguments", properties.numKernelArgs);
}

void ask_launches(const Subject& subject, ze_kernel_handle_t kernel) {
  auto description = described<ze_command_list_desc_t>(ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC);
  ze_command_list_handle_t list = nullptr;
  zeCommandListCreate(subject.context, subject.device(), &description, &list);
  const auto launch = [&](const std::string& how, const ze_group_count_t& groups) {
    subject.says.add("zeCommandListAppendLaunchKernel, " + how,
                     zeCommandListAppendLaunchKernel(list, kernel, &groups, nullptr, 0, nullptr));
  };
  launch("10 groups", {10, 1, 1});
  launch("no groups", {0, 1, 1});
  launch("2^32 - 1 groups", {UINT32_MAX, 1, 1});
  zeCommandListDestroy(list);
}

}  // namespace

void ask_modules(const Subject& subject, const std::vector<char>& spirv) {
  ask_refused(subject, spirv);
  ze_module_handle_t module = build(subject, "SPIR-V", spirv, ZE_MODULE_FORMAT_IL_SPIRV, "");
  if (module == nullptr) return;
  ask_module(subject, module);
  auto description = described<ze_kernel_desc_t>(ZE_STRUCTURE_TYPE_KERNEL_DESC);
  description.pKernelName = "increment";
  ze_kernel_handle_t kernel = nullptr;
  subject.says.add("zeKernelCreate", zeKernelCreate(module, &description, &kernel));
  auto on_device = described<ze_device_mem_alloc_desc_t>(ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC);
  auto on_host = described<ze_host_mem_alloc_desc_t>(ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC);
  void* memory = nullptr;
  zeMemAllocShared(subject.context, &on_device, &on_host, 64 << 10, 0, subject.device(), &memory);
  ask_arguments(subject, kernel, memory);
  ask_group_sizes(subject, kernel);
  ask_launches(subject, kernel);
  zeKernelDestroy(kernel);
  zeModuleDestroy(module);
  zeMemFree(subject.context, memory);
}

}  // namespace zesvm::tests
