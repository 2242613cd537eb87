// Entry points of commands that move memory, or hint where it should be.
#include <algorithm>
#include <bit>

#include "simulator/driver/actions.hpp"
#include "simulator/driver/list_description.hpp"
#include "simulator/node/node.hpp"
#include "specification/newer_commands.hpp"
#include "specification/newer_level_zero.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

ze_result_t append_copy(ze_command_list_handle_t handle, void* destination, const void* source,
                        std::size_t size, const EventArguments& events) {
  ZESVM_FIND(list, CommandList, handle);
  ZESVM_NOT_NULL(destination);
  ZESVM_NOT_NULL(source);
  return list->append(
      std::make_shared<CopyAction>(address_of(destination), address_of(source), Bytes{size}),
      events);
}

ze_result_t ZE_APICALL append_memory_copy(ze_command_list_handle_t handle, void* destination,
                                          const void* source, std::size_t size,
                                          ze_event_handle_t signal, std::uint32_t count,
                                          ze_event_handle_t* waits) {
  return entry([&] {
    return append_copy(handle, destination, source, size, {signal, count, waits});
  });
}

// All contexts of the process share one address space: memory of another one is in reach as it is.
ze_result_t ZE_APICALL append_memory_copy_from_context(
    ze_command_list_handle_t handle, void* destination, ze_context_handle_t context_handle,
    const void* source, std::size_t size, ze_event_handle_t signal, std::uint32_t count,
    ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(context, Context, context_handle);
    return append_copy(handle, destination, source, size, {signal, count, waits});
  });
}

bool may_use(const CommandList& list, const void* pointer) {
  return list.device().description().shared_system ||
         list.device().node().allocation_at(address_of(pointer)).has_value();
}

ze_result_t ZE_APICALL append_memory_fill(ze_command_list_handle_t handle, void* destination,
                                          const void* pattern, std::size_t pattern_size,
                                          std::size_t size, ze_event_handle_t signal,
                                          std::uint32_t count, ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(destination);
    ZESVM_NOT_NULL(pattern);
    if (!std::has_single_bit(pattern_size)) return ZE_RESULT_ERROR_INVALID_SIZE;
    // Copies go through memory of the driver, as on real ones; fills do not.
    if (!may_use(*list, destination))
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "filling memory of no allocation");
    const auto* const first = static_cast<const std::byte*>(pattern);
    return list->append(std::make_shared<FillAction>(
                            address_of(destination),
                            std::vector<std::byte>{first, first + pattern_size}, Bytes{size}),
                        {signal, count, waits});
  });
}

node::Region region_of(const void* base, const ze_copy_region_t& region, std::uint32_t pitch,
                       std::uint32_t slice_pitch) {
  return {address_of(base),
          {region.originX, region.originY, region.originZ},
          Bytes{pitch},
          Bytes{slice_pitch}};
}

ze_result_t ZE_APICALL append_memory_copy_region(
    ze_command_list_handle_t handle, void* destination, const ze_copy_region_t* destination_region,
    std::uint32_t destination_pitch, std::uint32_t destination_slice_pitch, const void* source,
    const ze_copy_region_t* source_region, std::uint32_t source_pitch,
    std::uint32_t source_slice_pitch, ze_event_handle_t signal, std::uint32_t count,
    ze_event_handle_t* waits) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(destination);
    ZESVM_NOT_NULL(destination_region);
    ZESVM_NOT_NULL(source);
    ZESVM_NOT_NULL(source_region);
    if (destination_region->width != source_region->width ||
        destination_region->height != source_region->height ||
        destination_region->depth != source_region->depth) {
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "the two regions differ in size");
    }
    // A depth of zero means a copy of two dimensions.
    const std::array<std::uint64_t, 3> extent{source_region->width,
                                              std::max(source_region->height, 1U),
                                              std::max(source_region->depth, 1U)};
    return list->append(
        std::make_shared<RegionAction>(
            region_of(destination, *destination_region, destination_pitch, destination_slice_pitch),
            region_of(source, *source_region, source_pitch, source_slice_pitch), extent),
        {signal, count, waits});
  });
}

ze_result_t ZE_APICALL append_memory_prefetch(ze_command_list_handle_t handle, const void* pointer,
                                              std::size_t size) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_NOT_NULL(pointer);
    const auto interval = Interval::checked(address_of(pointer), Bytes{size});
    if (!interval || !may_use(*list, pointer)) {
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "prefetching memory of no allocation");
    }
    return list->append(std::make_shared<PrefetchAction>(*interval), {});
  });
}

ze_result_t ZE_APICALL append_mem_advise(ze_command_list_handle_t handle,
                                         ze_device_handle_t device_handle, const void* pointer,
                                         std::size_t size, ze_memory_advice_t advice) {
  return entry([&]() -> ze_result_t {
    ZESVM_FIND(list, CommandList, handle);
    ZESVM_FIND(device, Device, device_handle);
    ZESVM_NOT_NULL(pointer);
    const auto value = static_cast<std::uint32_t>(advice);
    if (value > newer::memory_advice_last) return ZE_RESULT_ERROR_INVALID_ENUMERATION;
    const auto interval = Interval::checked(address_of(pointer), Bytes{size});
    if (!interval) return ZE_RESULT_ERROR_INVALID_SIZE;
    // Hints for memory the node does not know are accepted, and there is nothing to do for them.
    if (!may_use(*list, pointer)) return ZE_RESULT_SUCCESS;
    return list->append(
        std::make_shared<AdviseAction>(*interval, TileAdvice{value, device->tile()}), {});
  });
}

}  // namespace

void fill_copies(ze_command_list_dditable_t& table) {
  table.pfnAppendMemoryCopy = append_memory_copy;
  table.pfnAppendMemoryFill = append_memory_fill;
  table.pfnAppendMemoryCopyRegion = append_memory_copy_region;
  table.pfnAppendMemoryCopyFromContext = append_memory_copy_from_context;
  table.pfnAppendMemoryPrefetch = append_memory_prefetch;
  table.pfnAppendMemAdvise = append_mem_advise;
}

}  // namespace zesvm::simulator::driver
