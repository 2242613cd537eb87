// Entry points of modules and their build logs.
#include <algorithm>
#include <cstring>

#include "simulator/driver/module.hpp"
#include "simulator/driver/spirv_linker.hpp"
#include "simulator/driver/tables.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t code_of(BuildStage stage) {
  switch (stage) {
    case BuildStage::built: return ZE_RESULT_SUCCESS;
    case BuildStage::not_a_module: return ZE_RESULT_ERROR_INVALID_NATIVE_BINARY;
    case BuildStage::build_failed: return ZE_RESULT_ERROR_MODULE_BUILD_FAILURE;
    case BuildStage::link_failed: return ZE_RESULT_ERROR_MODULE_LINK_FAILURE;
    case BuildStage::device_lost: return ZE_RESULT_ERROR_DEVICE_LOST;
  }
  return ZE_RESULT_ERROR_UNKNOWN;
}

// Values of constants come without sizes: those of the module's own declarations tell.
void read_constants(const ze_module_constants_t* constants, std::span<const std::byte> spirv,
                    std::vector<spirv::SpecializationValue>& values) {
  if (constants == nullptr) return;
  const auto module = spirv::parse(spirv);
  if (!module) return;
  for (std::uint32_t i = 0; i < constants->numConstants; ++i) {
    const std::uint32_t id = constants->pConstantIds[i];
    const auto& declared = module->specialization_constants();
    const auto found = std::find_if(declared.begin(), declared.end(),
                                    [&](const auto& one) { return one.id == id; });
    if (found == declared.end() || constants->pConstantValues[i] == nullptr) continue;
    const auto* first = static_cast<const std::byte*>(constants->pConstantValues[i]);
    values.push_back({id, {first, first + found->size.count}});
  }
}

ze_result_t read_program_desc(const ze_module_program_exp_desc_t& desc, ProgramSource& source,
                              std::string& log) {
  if (desc.count == 0 || desc.inputSizes == nullptr || desc.pInputModules == nullptr) {
    return ZE_RESULT_ERROR_INVALID_SIZE;
  }
  std::vector<spirv::Module> modules;
  for (std::uint32_t i = 0; i < desc.count; ++i) {
    const auto* first = reinterpret_cast<const std::byte*>(desc.pInputModules[i]);
    auto parsed = spirv::parse(std::span{first, desc.inputSizes[i]});
    if (!parsed) {
      log = parsed.error().message;
      return ZE_RESULT_ERROR_MODULE_BUILD_FAILURE;
    }
    std::vector<spirv::SpecializationValue> values;
    if (desc.pConstants != nullptr) read_constants(desc.pConstants[i], parsed->bytes(), values);
    auto special = spirv::specialize(*parsed, values);
    if (!special) {
      log = special.error().message;
      return ZE_RESULT_ERROR_MODULE_BUILD_FAILURE;
    }
    modules.push_back(*std::move(special));
    if (desc.pBuildFlags != nullptr && desc.pBuildFlags[i] != nullptr) {
      source.options += std::string{source.options.empty() ? "" : " "} + desc.pBuildFlags[i];
    }
  }
  std::vector<const spirv::Module*> pointers;
  for (const spirv::Module& module : modules) pointers.push_back(&module);
  LinkOutcome linked =
      modules.size() == 1 ? LinkOutcome{modules.front(), {}} : link_modules(pointers);
  log = std::move(linked.log);
  if (!linked.module) return ZE_RESULT_ERROR_MODULE_LINK_FAILURE;
  source.spirv.assign(linked.module->bytes().begin(), linked.module->bytes().end());
  return ZE_RESULT_SUCCESS;
}

ze_result_t read_source(const ze_module_desc_t& desc, ProgramSource& source, std::string& log) {
  const auto* const extension = static_cast<const ze_module_program_exp_desc_t*>(desc.pNext);
  if (extension != nullptr && extension->stype == ZE_STRUCTURE_TYPE_MODULE_PROGRAM_EXP_DESC) {
    return read_program_desc(*extension, source, log);
  }
  ZESVM_NOT_NULL(desc.pInputModule);
  if (desc.inputSize == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
  const std::span input{reinterpret_cast<const std::byte*>(desc.pInputModule), desc.inputSize};
  if (desc.format == ZE_MODULE_FORMAT_NATIVE) {
    auto read = source_of_native_binary(input);
    if (!read) {
      log = "not a native binary of this driver";
      return ZE_RESULT_ERROR_INVALID_NATIVE_BINARY;
    }
    source = *std::move(read);
    return ZE_RESULT_SUCCESS;
  }
  source.spirv.assign(input.begin(), input.end());
  if (desc.pBuildFlags != nullptr) source.options = desc.pBuildFlags;
  read_constants(desc.pConstants, source.spirv, source.constants);
  return ZE_RESULT_SUCCESS;
}

void hand_out_log(ze_module_build_log_handle_t* handle, const std::string& text) {
  if (handle != nullptr) *handle = add(std::make_shared<ModuleBuildLog>(text));
}

ze_result_t ZE_APICALL module_create(ze_context_handle_t context_handle,
                                     ze_device_handle_t device_handle, const ze_module_desc_t* desc,
                                     ze_module_handle_t* module,
                                     ze_module_build_log_handle_t* log_handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(module);
    if (desc->format != ZE_MODULE_FORMAT_IL_SPIRV && desc->format != ZE_MODULE_FORMAT_NATIVE) {
      return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    }
    if (!context->has(*device)) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    if (device->is_lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
    ProgramSource source;
    std::string log;
    ze_result_t result = read_source(*desc, source, log);
    if (result == ZE_RESULT_ERROR_INVALID_NULL_POINTER || result == ZE_RESULT_ERROR_INVALID_SIZE) {
      return result;
    }
    ProgramOutcome outcome;
    if (result == ZE_RESULT_SUCCESS) {
      outcome = Program::build(device->node(), device->tile(), std::move(source));
      result = code_of(outcome.stage);
      // SPIR-V that is none is a failed build; a container of ours with such content as well.
      if (outcome.stage == BuildStage::not_a_module) result = ZE_RESULT_ERROR_MODULE_BUILD_FAILURE;
      log += outcome.log;
    }
    hand_out_log(log_handle, log);
    if (result != ZE_RESULT_SUCCESS) return fail(result, log);
    *module = add(std::make_shared<Module>(context, *device, std::move(outcome.program)));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL module_destroy(ze_module_handle_t module) {
  return entry([&] { return remove<Module>(module) ? ZE_RESULT_SUCCESS : invalid_handle(module); });
}

ze_result_t ZE_APICALL module_dynamic_link(std::uint32_t count, ze_module_handle_t* handles,
                                           ze_module_build_log_handle_t* log_handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_NOT_NULL(handles);
    std::vector<std::shared_ptr<Program>> programs;
    for (std::uint32_t i = 0; i < count; ++i) {
      ZESVM_FIND(module, Module, handles[i]);
      programs.push_back(module->program());
    }
    std::string log;
    ze_result_t result = ZE_RESULT_SUCCESS;
    for (const auto& program : programs) {
      if (!program->is_unlinked()) continue;
      std::vector<std::shared_ptr<Program>> others;
      std::copy_if(programs.begin(), programs.end(), std::back_inserter(others),
                   [&](const auto& one) { return one != program; });
      const ProgramOutcome outcome = program->link_with(others);
      log += outcome.log;
      if (outcome.stage != BuildStage::built) {
        result = outcome.stage == BuildStage::device_lost ? ZE_RESULT_ERROR_DEVICE_LOST
                                                          : ZE_RESULT_ERROR_MODULE_LINK_FAILURE;
        break;
      }
    }
    hand_out_log(log_handle, log);
    return result == ZE_RESULT_SUCCESS ? result : fail(result, log);
  });
}

ze_result_t ZE_APICALL module_get_native_binary(ze_module_handle_t handle, std::size_t* size,
                                                std::uint8_t* binary) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(module, Module, handle);
    ZESVM_NOT_NULL(size);
    const std::vector<std::byte> container = native_binary_of(*module->program());
    if (binary != nullptr) {
      if (*size < container.size()) return ZE_RESULT_ERROR_INVALID_SIZE;
      std::memcpy(binary, container.data(), container.size());
    }
    *size = container.size();
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL module_get_global_pointer(ze_module_handle_t handle, const char* name,
                                                 std::size_t* size, void** pointer) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(module, Module, handle);
    ZESVM_NOT_NULL(name);
    const ProgramVariable* variable = module->program()->variable(name);
    if (variable == nullptr) return ZE_RESULT_ERROR_INVALID_GLOBAL_NAME;
    if (size != nullptr) *size = variable->size.count;
    if (pointer != nullptr) *pointer = pointer_to<void>(variable->address);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL module_get_kernel_names(ze_module_handle_t handle, std::uint32_t* count,
                                               const char** names) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(module, Module, handle);
    ZESVM_NOT_NULL(count);
    const auto& kernels = module->program()->reflection().kernels();
    const auto total = static_cast<std::uint32_t>(kernels.size());
    if (*count == 0 || names == nullptr) {
      *count = total;
      return ZE_RESULT_SUCCESS;
    }
    *count = std::min(*count, total);
    for (std::uint32_t i = 0; i < *count; ++i) names[i] = kernels[i].name.c_str();
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL module_get_properties(ze_module_handle_t handle,
                                             ze_module_properties_t* properties) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(module, Module, handle);
    ZESVM_NOT_NULL(properties);
    properties->flags = module->program()->is_unlinked() ? ZE_MODULE_PROPERTY_FLAG_IMPORTS : 0;
    return ZE_RESULT_SUCCESS;
  });
}

// The address is a token: unique to the function, and not callable by kernels, which run compiled
// for the host that simulates them.
ze_result_t ZE_APICALL module_get_function_pointer(ze_module_handle_t handle, const char* name,
                                                   void** pointer) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(module, Module, handle);
    ZESVM_NOT_NULL(name);
    ZESVM_NOT_NULL(pointer);
    const spirv::Reflection& reflection = module->program()->reflection().reflection();
    for (const spirv::LinkedFunction& function : reflection.exported_functions) {
      if (function.name != name) continue;
      *pointer = const_cast<spirv::LinkedFunction*>(&function);
      return ZE_RESULT_SUCCESS;
    }
    const spirv::Kernel* kernel = module->program()->kernel(name);
    if (kernel == nullptr) return ZE_RESULT_ERROR_INVALID_FUNCTION_NAME;
    *pointer = const_cast<spirv::Kernel*>(kernel);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL module_inspect_linkage(ze_linkage_inspection_ext_desc_t* desc,
                                              std::uint32_t count, ze_module_handle_t* handles,
                                              ze_module_build_log_handle_t* log_handle) {
  return entry([&]() -> ze_result_t {
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(handles);
    ZESVM_NOT_NULL(log_handle);
    std::string log;
    for (std::uint32_t i = 0; i < count; ++i) {
      ZESVM_FIND(module, Module, handles[i]);
      const spirv::Reflection& reflection = module->program()->reflection().reflection();
      for (const auto& name : reflection.imports) log += "import: " + name + "\n";
      for (const auto& one : reflection.exported_functions) log += "export: " + one.name + "\n";
    }
    hand_out_log(log_handle, log);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL build_log_destroy(ze_module_build_log_handle_t log) {
  return entry(
      [&] { return remove<ModuleBuildLog>(log) ? ZE_RESULT_SUCCESS : invalid_handle(log); });
}

ze_result_t ZE_APICALL build_log_get_string(ze_module_build_log_handle_t handle, std::size_t* size,
                                            char* text) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(log, ModuleBuildLog, handle);
    ZESVM_NOT_NULL(size);
    const std::size_t needed = log->text().size() + 1;
    if (text != nullptr && *size != 0) {
      const std::size_t fits = std::min(*size, needed);
      std::memcpy(text, log->text().c_str(), fits);
      text[fits - 1] = '\0';
    }
    *size = needed;
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void fill(ze_module_dditable_t& table) {
  table.pfnCreate = module_create;
  table.pfnDestroy = module_destroy;
  table.pfnDynamicLink = module_dynamic_link;
  table.pfnGetNativeBinary = module_get_native_binary;
  table.pfnGetGlobalPointer = module_get_global_pointer;
  table.pfnGetKernelNames = module_get_kernel_names;
  table.pfnGetProperties = module_get_properties;
  table.pfnGetFunctionPointer = module_get_function_pointer;
  table.pfnInspectLinkageExt = module_inspect_linkage;
}

void fill(ze_module_build_log_dditable_t& table) {
  table.pfnDestroy = build_log_destroy;
  table.pfnGetString = build_log_get_string;
}

}  // namespace zesvm::simulator::driver
