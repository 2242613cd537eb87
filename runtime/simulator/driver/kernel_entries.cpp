// Entry points of kernels.
#include <algorithm>
#include <cstring>

#include "simulator/driver/extension_chain.hpp"
#include "simulator/driver/module.hpp"
#include "simulator/driver/tables.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

std::uint32_t widest_subgroup(const topology::DeviceDescription& description) {
  const auto& sizes = description.eu.subgroup_sizes;
  return sizes.empty() ? 1 : *std::max_element(sizes.begin(), sizes.end());
}

// Follows the two-call convention of strings: size with the terminating null, then the bytes.
ze_result_t copy_string(const std::string& text, std::size_t* size, char* destination) {
  const std::size_t needed = text.size() + 1;
  if (destination != nullptr && *size != 0) {
    const std::size_t fits = std::min(*size, needed);
    std::memcpy(destination, text.c_str(), fits);
    destination[fits - 1] = '\0';
  }
  *size = needed;
  return ZE_RESULT_SUCCESS;
}

ze_result_t ZE_APICALL kernel_create(ze_module_handle_t module_handle, const ze_kernel_desc_t* desc,
                                     ze_kernel_handle_t* kernel) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(module, Module, module_handle);
    ZESVM_NOT_NULL(desc);
    ZESVM_NOT_NULL(desc->pKernelName);
    ZESVM_NOT_NULL(kernel);
    constexpr ze_kernel_flags_t known =
        ZE_KERNEL_FLAG_FORCE_RESIDENCY | ZE_KERNEL_FLAG_EXPLICIT_RESIDENCY;
    if ((desc->flags & ~known) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    const spirv::Kernel* found = module->program()->kernel(desc->pKernelName);
    if (found == nullptr) {
      return fail(ZE_RESULT_ERROR_INVALID_KERNEL_NAME,
                  std::string{"no kernel called "} + desc->pKernelName);
    }
    if (module->program()->is_unlinked()) {
      return fail(ZE_RESULT_ERROR_INVALID_MODULE_UNLINKED, "the module has unresolved imports");
    }
    *kernel = add(std::make_shared<Kernel>(module, *found));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL kernel_destroy(ze_kernel_handle_t kernel) {
  return entry([&] { return remove<Kernel>(kernel) ? ZE_RESULT_SUCCESS : invalid_handle(kernel); });
}

// There is no cache to split.
ze_result_t ZE_APICALL kernel_set_cache_config(ze_kernel_handle_t handle,
                                               ze_cache_config_flags_t flags) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    constexpr ze_cache_config_flags_t known =
        ZE_CACHE_CONFIG_FLAG_LARGE_SLM | ZE_CACHE_CONFIG_FLAG_LARGE_DATA;
    if ((flags & ~known) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL kernel_set_group_size(ze_kernel_handle_t handle, std::uint32_t x,
                                             std::uint32_t y, std::uint32_t z) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    return kernel->set_group_size({x, y, z});
  });
}

ze_result_t ZE_APICALL kernel_suggest_group_size(ze_kernel_handle_t handle, std::uint32_t global_x,
                                                 std::uint32_t global_y, std::uint32_t global_z,
                                                 std::uint32_t* x, std::uint32_t* y,
                                                 std::uint32_t* z) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    ZESVM_NOT_NULL(x);
    ZESVM_NOT_NULL(y);
    ZESVM_NOT_NULL(z);
    if (global_x == 0 || global_y == 0 || global_z == 0) {
      return ZE_RESULT_ERROR_INVALID_GLOBAL_WIDTH_DIMENSION;
    }
    // Groups wider than this gain nothing here, and leave fewer of them to share among cores.
    constexpr std::uint32_t wide_enough = 256;
    const GroupSize size = kernel->reflection().required_group_size.value_or(
        suggest_group_size(std::min(kernel->device().description().max_group_size, wide_enough),
                           {global_x, global_y, global_z}));
    *x = size[0];
    *y = size[1];
    *z = size[2];
    return ZE_RESULT_SUCCESS;
  });
}

// Every group of a cooperative launch has to be resident at once: one for each hardware thread's
// worth of work-items.
ze_result_t ZE_APICALL kernel_suggest_max_cooperative_group_count(ze_kernel_handle_t handle,
                                                                  std::uint32_t* count) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    ZESVM_NOT_NULL(count);
    const topology::DeviceDescription& description = kernel->device().description();
    const GroupSize& size = kernel->group_size();
    const std::uint64_t items = std::uint64_t{size[0]} * size[1] * size[2];
    const std::uint64_t resident = std::uint64_t{description.eu.eus()} *
                                   description.eu.threads_per_eu * widest_subgroup(description);
    *count = static_cast<std::uint32_t>(std::max<std::uint64_t>(resident / items, 1));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL kernel_set_argument_value(ze_kernel_handle_t handle, std::uint32_t index,
                                                 std::size_t size, const void* value) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    return kernel->set_argument(index, size, value);
  });
}

ze_result_t ZE_APICALL kernel_set_indirect_access(ze_kernel_handle_t handle,
                                                  ze_kernel_indirect_access_flags_t flags) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    constexpr ze_kernel_indirect_access_flags_t known = ZE_KERNEL_INDIRECT_ACCESS_FLAG_HOST |
                                                        ZE_KERNEL_INDIRECT_ACCESS_FLAG_DEVICE |
                                                        ZE_KERNEL_INDIRECT_ACCESS_FLAG_SHARED;
    if ((flags & ~known) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    kernel->set_indirect_access(flags);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL kernel_get_indirect_access(ze_kernel_handle_t handle,
                                                  ze_kernel_indirect_access_flags_t* flags) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    ZESVM_NOT_NULL(flags);
    *flags = kernel->indirect_access();
    return ZE_RESULT_SUCCESS;
  });
}

// Programs either bring a buffer, or a null pointer to be pointed at the kernel's own string.
ze_result_t ZE_APICALL kernel_get_source_attributes(ze_kernel_handle_t handle, std::uint32_t* size,
                                                    char** text) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    ZESVM_NOT_NULL(size);
    const std::string& attributes = kernel->reflection().source_attributes;
    std::size_t bytes = *size;
    copy_string(attributes, &bytes, text == nullptr ? nullptr : *text);
    if (text != nullptr && *text == nullptr) *text = const_cast<char*>(attributes.c_str());
    *size = static_cast<std::uint32_t>(bytes);
    return ZE_RESULT_SUCCESS;
  });
}

void fill_uuids(const Kernel& kernel, ze_kernel_uuid_t& uuid) {
  // Derived from names and words, so that the same kernel has the same UUID in every run.
  std::uint64_t kernel_hash = 14695981039346656037ULL;
  for (const char c : kernel.reflection().name) {
    kernel_hash = (kernel_hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  std::uint64_t module_hash = 14695981039346656037ULL;
  for (const std::byte b : kernel.module()->program()->spirv()) {
    module_hash = (module_hash ^ std::to_integer<std::uint64_t>(b)) * 1099511628211ULL;
  }
  std::memcpy(uuid.kid, &kernel_hash, sizeof kernel_hash);
  std::memcpy(uuid.mid, &module_hash, sizeof module_hash);
}

void fill_preferred_group_size(void* chain, std::uint32_t multiple) {
  if (auto* preferred = extension<ze_kernel_preferred_group_size_properties_t>(
          chain, ZE_STRUCTURE_TYPE_KERNEL_PREFERRED_GROUP_SIZE_PROPERTIES))
    preferred->preferredMultiple = multiple;
}

ze_result_t ZE_APICALL kernel_get_properties(ze_kernel_handle_t handle,
                                             ze_kernel_properties_t* properties) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    ZESVM_NOT_NULL(properties);
    const spirv::Kernel& reflection = kernel->reflection();
    const topology::DeviceDescription& description = kernel->device().description();
    const GroupSize required = reflection.required_group_size.value_or(GroupSize{0, 0, 0});
    const std::uint32_t subgroup =
        reflection.subgroup_size != 0 ? reflection.subgroup_size : widest_subgroup(description);
    properties->numKernelArgs = static_cast<std::uint32_t>(reflection.arguments.size());
    properties->requiredGroupSizeX = required[0];
    properties->requiredGroupSizeY = required[1];
    properties->requiredGroupSizeZ = required[2];
    properties->requiredNumSubGroups = 0;
    properties->requiredSubgroupSize = reflection.subgroup_size;
    properties->maxSubgroupSize = subgroup;
    properties->maxNumSubgroups = std::max(description.max_group_size / subgroup, 1U);
    properties->localMemSize = static_cast<std::uint32_t>(reflection.local_memory.count);
    properties->privateMemSize = 0;
    properties->spillMemSize = 0;
    fill_uuids(*kernel, properties->uuid);
    fill_preferred_group_size(chain_of(*properties, ZE_STRUCTURE_TYPE_KERNEL_PROPERTIES), subgroup);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t ZE_APICALL kernel_get_name(ze_kernel_handle_t handle, std::size_t* size, char* name) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    ZESVM_NOT_NULL(size);
    return copy_string(kernel->reflection().name, size, name);
  });
}

ze_result_t ZE_APICALL kernel_set_global_offset(ze_kernel_handle_t handle, std::uint32_t x,
                                                std::uint32_t y, std::uint32_t z) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    kernel->set_global_offset({x, y, z});
    return ZE_RESULT_SUCCESS;
  });
}

// Groups are run by the cores of the host: there is nothing a hint could change.
ze_result_t ZE_APICALL kernel_scheduling_hint(ze_kernel_handle_t handle,
                                              ze_scheduling_hint_exp_desc_t* hint) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    ZESVM_NOT_NULL(hint);
    constexpr ze_scheduling_hint_exp_flags_t known =
        ZE_SCHEDULING_HINT_EXP_FLAG_OLDEST_FIRST | ZE_SCHEDULING_HINT_EXP_FLAG_ROUND_ROBIN |
        ZE_SCHEDULING_HINT_EXP_FLAG_STALL_BASED_ROUND_ROBIN;
    if ((hint->flags & ~known) != 0) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    return ZE_RESULT_SUCCESS;
  });
}

// The SPIR-V is what a kernel of this driver is made of.
ze_result_t ZE_APICALL kernel_get_binary(ze_kernel_handle_t handle, std::size_t* size,
                                         std::uint8_t* binary) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(kernel, Kernel, handle);
    ZESVM_NOT_NULL(size);
    const auto spirv = kernel->module()->program()->spirv();
    if (binary != nullptr) {
      if (*size < spirv.size()) return ZE_RESULT_ERROR_INVALID_SIZE;
      std::memcpy(binary, spirv.data(), spirv.size());
    }
    *size = spirv.size();
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void fill(ze_kernel_dditable_t& table) {
  table.pfnCreate = kernel_create;
  table.pfnDestroy = kernel_destroy;
  table.pfnSetCacheConfig = kernel_set_cache_config;
  table.pfnSetGroupSize = kernel_set_group_size;
  table.pfnSuggestGroupSize = kernel_suggest_group_size;
  table.pfnSuggestMaxCooperativeGroupCount = kernel_suggest_max_cooperative_group_count;
  table.pfnSetArgumentValue = kernel_set_argument_value;
  table.pfnSetIndirectAccess = kernel_set_indirect_access;
  table.pfnGetIndirectAccess = kernel_get_indirect_access;
  table.pfnGetSourceAttributes = kernel_get_source_attributes;
  table.pfnGetProperties = kernel_get_properties;
  table.pfnGetName = kernel_get_name;
}

void fill(ze_kernel_exp_dditable_t& table) {
  table.pfnSetGlobalOffsetExp = kernel_set_global_offset;
  table.pfnSchedulingHintExp = kernel_scheduling_hint;
}

void add_module_functions(FunctionNames& names) {
  add_function(names, "zeKernelGetBinaryExp", kernel_get_binary);
  add_function(names, "zeKernelSetGlobalOffsetExp", kernel_set_global_offset);
  add_function(names, "zeKernelSchedulingHintExp", kernel_scheduling_hint);
}

}  // namespace zesvm::simulator::driver
