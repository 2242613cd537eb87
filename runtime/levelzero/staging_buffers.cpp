#include "levelzero/staging_buffers.hpp"

#include <level_zero/ze_api.h>

#include "levelzero/context.hpp"

namespace zesvm::levelzero {

StagingBuffers::~StagingBuffers() {
  const Lock guard{lock_};
  for (const Buffer& buffer : buffers_) zeMemFree(context_.handle(), buffer.memory);
}

void* StagingBuffers::take(std::size_t tile) noexcept {
  {
    const Lock guard{lock_};
    for (Buffer& buffer : buffers_) {
      if (buffer.tile != tile || buffer.is_taken) continue;
      buffer.is_taken = true;
      return buffer.memory;
    }
  }
  ze_device_mem_alloc_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC;
  void* memory = nullptr;
  if (zeMemAllocDevice(context_.handle(), &description, size_.count, 0,
                       context_.tiles()[tile].handle, &memory) != ZE_RESULT_SUCCESS)
    return nullptr;
  const Lock guard{lock_};
  buffers_.push_back({tile, memory, true});
  return memory;
}

void StagingBuffers::give(std::size_t tile, void* buffer) noexcept {
  const Lock guard{lock_};
  for (Buffer& one : buffers_)
    if (one.tile == tile && one.memory == buffer) one.is_taken = false;
}

}  // namespace zesvm::levelzero
