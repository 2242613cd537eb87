// zeDeviceGet...Properties of one device: what it is and what it can do.
#include "simulator/driver/device_properties.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "simulator/driver/device_identity.hpp"
#include "simulator/driver/enumeration.hpp"
#include "simulator/driver/extension_chain.hpp"
#include "simulator/node/node.hpp"
#include "specification/newer_level_zero.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_device_property_flags_t flags_of(const Device& device) {
  const auto& card = device.description();
  ze_device_property_flags_t flags = 0;
  if (card.integrated) flags |= ZE_DEVICE_PROPERTY_FLAG_INTEGRATED;
  if (device.root() != nullptr) flags |= ZE_DEVICE_PROPERTY_FLAG_SUBDEVICE;
  if (card.ecc) flags |= ZE_DEVICE_PROPERTY_FLAG_ECC;
  if (card.page_faults) flags |= ZE_DEVICE_PROPERTY_FLAG_ONDEMANDPAGING;
  return flags;
}

void fill_extensions(const Device& device, void* chain) {
  const auto& card = device.description();
  if (auto* count = extension<ze_eu_count_ext_t>(chain, ZE_STRUCTURE_TYPE_EU_COUNT_EXT))
    count->numTotalEUs = card.eu.eus() * static_cast<std::uint32_t>(device.tiles().size());
  if (auto* ip = extension<newer::DeviceIpVersion>(chain, newer::stype_device_ip_version))
    ip->ip_version = ip_version_of(card.family);
  if (auto* lists = extension<newer::MutableListProperties>(
          chain, newer::stype_mutable_command_list_properties)) {
    lists->list_flags = 0;
    lists->command_flags = newer::mutable_commands_supported;
  }
  if (auto* usable =
          extension<newer::DeviceUsableMemory>(chain, newer::stype_device_usable_memory)) {
    usable->bytes = 0;
    for (const auto tile : device.tiles())
      usable->bytes += device.node().memory_of(tile).free.count;
  }
  if (auto* read_only =
          extension<newer::DeviceReadOnlyMemory>(chain, newer::stype_device_read_only_memory))
    read_only->capability = newer::read_only_is_enforced;
  // A LUID is a Windows notion: the structure is left invalid, as drivers on Linux do.
  if (auto* luid = extension<ze_device_luid_ext_properties_t>(
          chain, ZE_STRUCTURE_TYPE_DEVICE_LUID_EXT_PROPERTIES)) {
    std::memset(&luid->luid, 0, sizeof(luid->luid));
    luid->nodeMask = 0;
  }
  if (auto* rays = extension<ze_device_raytracing_ext_properties_t>(
          chain, ZE_STRUCTURE_TYPE_DEVICE_RAYTRACING_EXT_PROPERTIES)) {
    rays->flags = 0;
    rays->maxBVHLevels = 0;
  }
}

ze_result_t get_properties(ze_device_handle_t handle, ze_device_properties_t* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(out);
  describe(*device, *out);
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_compute_properties(ze_device_handle_t handle, ze_device_compute_properties_t* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(out);
  const auto& card = device->description();
  out->maxTotalGroupSize = card.max_group_size;
  out->maxGroupSizeX = out->maxGroupSizeY = out->maxGroupSizeZ = card.max_group_size;
  out->maxGroupCountX = out->maxGroupCountY = out->maxGroupCountZ =
      std::numeric_limits<std::uint32_t>::max();
  out->maxSharedLocalMemory = static_cast<std::uint32_t>(card.local_memory.count);
  out->numSubGroupSizes = static_cast<std::uint32_t>(
      std::min<std::size_t>(card.eu.subgroup_sizes.size(), ZE_SUBGROUPSIZE_COUNT));
  std::fill(std::begin(out->subGroupSizes), std::end(out->subGroupSizes), 0u);
  std::copy_n(card.eu.subgroup_sizes.begin(), out->numSubGroupSizes, out->subGroupSizes);
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_module_properties(ze_device_handle_t handle, ze_device_module_properties_t* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(out);
  constexpr ze_device_fp_flags_t ieee = ZE_DEVICE_FP_FLAG_DENORM | ZE_DEVICE_FP_FLAG_INF_NAN |
                                        ZE_DEVICE_FP_FLAG_ROUND_TO_NEAREST | ZE_DEVICE_FP_FLAG_FMA;
  out->spirvVersionSupported = ZE_MAKE_VERSION(1, 2);
  out->flags = ZE_DEVICE_MODULE_FLAG_FP64 | ZE_DEVICE_MODULE_FLAG_INT64_ATOMICS;
  out->fp16flags = 0;
  out->fp32flags = ieee | ZE_DEVICE_FP_FLAG_ROUNDED_DIVIDE_SQRT;
  out->fp64flags = ieee;
  out->maxArgumentsSize = 2048;
  out->printfBufferSize = 4 * 1024 * 1024;
  std::memcpy(out->nativeKernelSupported.id, "zesvm-sim-native", ZE_MAX_NATIVE_KERNEL_UUID_SIZE);
  // CPUs of the host run the kernels; they have compare-and-swap, hence all of these.
  if (auto* atomics = extension<ze_float_atomic_ext_properties_t>(
          chain_of(*out, ZE_STRUCTURE_TYPE_DEVICE_MODULE_PROPERTIES),
          ZE_STRUCTURE_TYPE_FLOAT_ATOMIC_EXT_PROPERTIES)) {
    atomics->fp16Flags = 0;
    atomics->fp32Flags = atomics->fp64Flags = ZE_DEVICE_FP_ATOMIC_EXT_FLAG_GLOBAL_LOAD_STORE;
  }
  if (auto* hints = extension<ze_scheduling_hint_exp_properties_t>(
          chain_of(*out, ZE_STRUCTURE_TYPE_DEVICE_MODULE_PROPERTIES),
          ZE_STRUCTURE_TYPE_SCHEDULING_HINT_EXP_PROPERTIES))
    hints->schedulingHintFlags = ZE_SCHEDULING_HINT_EXP_FLAG_OLDEST_FIRST |
                                 ZE_SCHEDULING_HINT_EXP_FLAG_ROUND_ROBIN |
                                 ZE_SCHEDULING_HINT_EXP_FLAG_STALL_BASED_ROUND_ROBIN;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_queue_groups(ze_device_handle_t handle, std::uint32_t* count,
                             ze_command_queue_group_properties_t* groups) {
  ZESVM_FIND(device, Device, handle);
  const auto& card = device->description();
  return enumerate_into(
      count, groups, card.copy_engines > 0 ? 2 : 1,
      [&](std::size_t i, ze_command_queue_group_properties_t& group) {
        const bool computes = i == 0;
        group.flags = computes ? ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COMPUTE |
                                     ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COPY |
                                     ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COOPERATIVE_KERNELS
                               : ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COPY;
        group.maxMemoryFillPatternSize = std::numeric_limits<std::size_t>::max();
        group.numQueues = computes ? std::max(card.compute_engines, 1u) : card.copy_engines;
        if (auto* bandwidth = extension<ze_copy_bandwidth_exp_properties_t>(
                chain_of(group, ZE_STRUCTURE_TYPE_COMMAND_QUEUE_GROUP_PROPERTIES),
                ZE_STRUCTURE_TYPE_COPY_BANDWIDTH_EXP_PROPERTIES)) {
          bandwidth->copyBandwidth =
              static_cast<std::uint32_t>(card.memory_bandwidth.gb_per_second / 2);
          bandwidth->copyBandwidthUnit = ZE_BANDWIDTH_UNIT_BYTES_PER_NANOSEC;
        }
      });
}

ze_result_t get_memory_properties(ze_device_handle_t handle, std::uint32_t* count,
                                  ze_device_memory_properties_t* memories) {
  ZESVM_FIND(device, Device, handle);
  const auto& card = device->description();
  const auto total = card.vram * device->tiles().size();
  return enumerate_into(
      count, memories, 1, [&](std::size_t, ze_device_memory_properties_t& memory) {
        memory.flags = 0;
        memory.maxClockRate = card.memory_clock_mhz;
        memory.maxBusWidth = card.memory_bus_bits;
        memory.totalSize = total.count;
        std::memset(memory.name, 0, sizeof(memory.name));
        std::strncpy(memory.name, card.memory_type.c_str(), sizeof(memory.name) - 1);
        if (auto* more = extension<ze_device_memory_ext_properties_t>(
                chain_of(memory, ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES),
                ZE_STRUCTURE_TYPE_DEVICE_MEMORY_EXT_PROPERTIES)) {
          more->type = memory_type_of(card.memory_type);
          more->physicalSize = total.count;
          more->readBandwidth = more->writeBandwidth =
              static_cast<std::uint32_t>(card.memory_bandwidth.gb_per_second);
          more->bandwidthUnit = ZE_BANDWIDTH_UNIT_BYTES_PER_NANOSEC;
        }
      });
}

ze_result_t get_memory_access(ze_device_handle_t handle,
                              ze_device_memory_access_properties_t* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(out);
  const auto& card = device->description();
  constexpr ze_memory_access_cap_flags_t plain = ZE_MEMORY_ACCESS_CAP_FLAG_RW;
  constexpr ze_memory_access_cap_flags_t atomic = plain | ZE_MEMORY_ACCESS_CAP_FLAG_ATOMIC;
  constexpr ze_memory_access_cap_flags_t all =
      atomic | ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT | ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT_ATOMIC;
  out->hostAllocCapabilities = card.system_atomics ? atomic : plain;
  out->deviceAllocCapabilities = atomic;
  out->sharedSingleDeviceAllocCapabilities = atomic;
  // Only a page fault can bring shared memory from another card while a kernel runs.
  out->sharedCrossDeviceAllocCapabilities = card.page_faults ? atomic : 0;
  out->sharedSystemAllocCapabilities = card.shared_system ? all : 0;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_cache_properties(ze_device_handle_t handle, std::uint32_t* count,
                                 ze_device_cache_properties_t* caches) {
  ZESVM_FIND(device, Device, handle);
  const auto& card = device->description();
  return enumerate_into(count, caches, card.caches.size(),
                        [&](std::size_t i, ze_device_cache_properties_t& cache) {
                          cache.flags = 0;
                          cache.cacheSize = card.caches[i].size.count;
                          if (auto* line = extension<newer::DeviceCacheLine>(
                                  chain_of(cache, ZE_STRUCTURE_TYPE_DEVICE_CACHE_PROPERTIES),
                                  newer::stype_device_cache_line))
                            line->bytes = 64;
                          // Nothing can be reserved (zeDeviceReserveCacheExt).
                          if (auto* region = extension<ze_cache_reservation_ext_desc_t>(
                                  chain_of(cache, ZE_STRUCTURE_TYPE_DEVICE_CACHE_PROPERTIES),
                                  ZE_STRUCTURE_TYPE_CACHE_RESERVATION_EXT_DESC))
                            region->maxCacheReservationSize = 0;
                        });
}

ze_result_t get_image_properties(ze_device_handle_t handle, ze_device_image_properties_t* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(out);
  // All limits 0: the device has no images.
  out->maxImageDims1D = out->maxImageDims2D = out->maxImageDims3D = 0;
  out->maxImageBufferSize = 0;
  out->maxImageArraySlices = 0;
  out->maxSamplers = out->maxReadImageArgs = out->maxWriteImageArgs = 0;
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_external_memory(ze_device_handle_t handle,
                                ze_device_external_memory_properties_t* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(out);
  out->memoryAllocationImportTypes = out->memoryAllocationExportTypes =
      ZE_EXTERNAL_MEMORY_TYPE_FLAG_OPAQUE_FD | ZE_EXTERNAL_MEMORY_TYPE_FLAG_DMA_BUF;
  out->imageImportTypes = out->imageExportTypes = 0;
  return ZE_RESULT_SUCCESS;
}

}  // namespace

void describe(const Device& device, ze_device_properties_t& out) {
  const auto& card = device.description();
  out.type = ZE_DEVICE_TYPE_GPU;
  out.vendorId = card.vendor_id;
  out.deviceId = card.device_id;
  out.flags = flags_of(device);
  out.subdeviceId = device.root() != nullptr ? device.index_in_card() : 0;
  out.coreClockRate = card.core_clock_mhz;
  out.maxMemAllocSize = card.vram.count;
  out.maxHardwareContexts = 64 * 1024;
  out.maxCommandQueuePriority = 0;
  out.numThreadsPerEU = card.eu.threads_per_eu;
  out.physicalEUSimdWidth = card.eu.physical_simd_width;
  out.numEUsPerSubslice = card.eu.eus_per_subslice;
  out.numSubslicesPerSlice = card.eu.subslices_per_slice;
  out.numSlices = card.eu.slices * static_cast<std::uint32_t>(device.tiles().size());
  // Version 1.2 of the structure has ticks per second where the first has nanoseconds per tick.
  out.timerResolution =
      out.stype == ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES_1_2
          ? static_cast<std::uint64_t>(std::llround(1e9 / card.timer_resolution_ns))
          : static_cast<std::uint64_t>(std::llround(card.timer_resolution_ns));
  out.timestampValidBits = 64;
  out.kernelTimestampValidBits = card.timestamp_bits;
  out.uuid = uuid_of(device);
  std::memset(out.name, 0, sizeof(out.name));
  std::strncpy(out.name, card.name.c_str(), sizeof(out.name) - 1);
  const bool is_1_2 = out.stype == ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES_1_2;
  fill_extensions(device, is_1_2 ? out.pNext : chain_of(out, ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES));
}

std::uint32_t ip_version_of(std::string_view family) {
  const auto version = [](std::uint32_t architecture, std::uint32_t release) {
    return architecture << 22 | release << 14;
  };
  if (family == "pvc") return version(12, 60);
  if (family == "bmg") return version(20, 1);
  if (family == "dg2") return version(12, 55);
  return 0;
}

ze_device_memory_ext_type_t memory_type_of(std::string_view name) {
  if (name.starts_with("HBM2")) return ZE_DEVICE_MEMORY_EXT_TYPE_HBM2;
  if (name.starts_with("HBM")) return ZE_DEVICE_MEMORY_EXT_TYPE_HBM;
  if (name.starts_with("GDDR6X")) return ZE_DEVICE_MEMORY_EXT_TYPE_GDDR6X;
  if (name.starts_with("GDDR6")) return ZE_DEVICE_MEMORY_EXT_TYPE_GDDR6;
  if (name.starts_with("GDDR5")) return ZE_DEVICE_MEMORY_EXT_TYPE_GDDR5;
  if (name.starts_with("LPDDR5")) return ZE_DEVICE_MEMORY_EXT_TYPE_LPDDR5;
  if (name.starts_with("LPDDR4")) return ZE_DEVICE_MEMORY_EXT_TYPE_LPDDR4;
  if (name.starts_with("DDR5")) return ZE_DEVICE_MEMORY_EXT_TYPE_DDR5;
  if (name.starts_with("DDR4")) return ZE_DEVICE_MEMORY_EXT_TYPE_DDR4;
  return ZE_DEVICE_MEMORY_EXT_TYPE_DDR;
}

void fill_properties(ze_device_dditable_t& table) {
  table.pfnGetProperties = get_properties;
  table.pfnGetComputeProperties = get_compute_properties;
  table.pfnGetModuleProperties = get_module_properties;
  table.pfnGetCommandQueueGroupProperties = get_queue_groups;
  table.pfnGetMemoryProperties = get_memory_properties;
  table.pfnGetMemoryAccessProperties = get_memory_access;
  table.pfnGetCacheProperties = get_cache_properties;
  table.pfnGetImageProperties = get_image_properties;
  table.pfnGetExternalMemoryProperties = get_external_memory;
}

}  // namespace zesvm::simulator::driver
