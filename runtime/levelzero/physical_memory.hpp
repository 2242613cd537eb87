/// @file physical_memory.hpp
/// Small pieces of speaking to a driver about physical memory, on paths that throw nothing.
#pragma once

#include <level_zero/ze_api.h>

#include "base/sizes.hpp"
#include "base/status.hpp"

namespace zesvm::levelzero {

/// Returns what a driver's answer means; `otherwise` for those that say no more than that it failed.
inline Status status_of(ze_result_t result, Status otherwise) {
  switch (result) {
    case ZE_RESULT_SUCCESS: return Status::ok;
    case ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY: return Status::out_of_device_memory;
    case ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY: return Status::out_of_host_memory;
    case ZE_RESULT_ERROR_DEVICE_LOST: return Status::device_lost;
    case ZE_RESULT_ERROR_INVALID_ARGUMENT: return Status::invalid_argument;
    default: return otherwise;
  }
}

/// Returns a description of physical memory to be made.
inline ze_physical_mem_desc_t physical_memory_of(Bytes size, ze_physical_mem_flags_t flags) {
  ze_physical_mem_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_PHYSICAL_MEM_DESC;
  description.flags = flags;
  description.size = size.count;
  return description;
}

}  // namespace zesvm::levelzero
