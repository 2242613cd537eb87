#include "levelzero/copy_engine.hpp"

#include <vector>

#include "levelzero/context.hpp"
#include "levelzero/tile.hpp"

namespace zesvm::levelzero {
namespace {

// The first group that copies and does not compute; drivers list the engine meant for large copies
// first. Without one, the tile's queues for kernels copy as well.
std::uint32_t copy_group(const Tile& tile) {
  std::uint32_t count = 0;
  if (zeDeviceGetCommandQueueGroupProperties(tile.handle, &count, nullptr) != ZE_RESULT_SUCCESS)
    return tile.compute_queue_group;
  std::vector<ze_command_queue_group_properties_t> groups(count);
  for (auto& group : groups) group.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_GROUP_PROPERTIES;
  if (zeDeviceGetCommandQueueGroupProperties(tile.handle, &count, groups.data()) !=
      ZE_RESULT_SUCCESS)
    return tile.compute_queue_group;
  for (std::uint32_t i = 0; i < groups.size(); ++i) {
    constexpr auto both =
        ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COPY | ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COMPUTE;
    if ((groups[i].flags & both) == ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COPY &&
        groups[i].numQueues > 0)
      return i;
  }
  return tile.compute_queue_group;
}

}  // namespace

CopyEngine::~CopyEngine() {
  const Lock guard{lock_};
  if (list_ != nullptr) zeCommandListDestroy(list_);
}

ze_result_t CopyEngine::ready() {
  if (list_ != nullptr) return ZE_RESULT_SUCCESS;
  ze_command_queue_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
  description.ordinal = copy_group(tile_);
  description.mode = ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS;
  return zeCommandListCreateImmediate(context_.handle(), tile_.handle, &description, &list_);
}

Status CopyEngine::finish(ze_result_t result) {
  // Some drivers tell of a copy that failed only here.
  if (result == ZE_RESULT_SUCCESS && context_.newer().host_synchronize != nullptr)
    result = context_.newer().host_synchronize(list_, UINT64_MAX);
  if (result == ZE_RESULT_SUCCESS) return Status::ok;
  // A driver may keep what it could not start, and start it with the next copy: onto other bytes by then.
  zeCommandListDestroy(list_);
  list_ = nullptr;
  return result == ZE_RESULT_ERROR_DEVICE_LOST ? Status::device_lost : Status::copy_failed;
}

Status CopyEngine::copy(void* to, const void* from, std::size_t bytes) noexcept {
  const Lock guard{lock_};
  if (ready() != ZE_RESULT_SUCCESS) return Status::copy_failed;
  return finish(zeCommandListAppendMemoryCopy(list_, to, from, bytes, nullptr, 0, nullptr));
}

Status CopyEngine::clear(void* to, std::size_t bytes) noexcept {
  const Lock guard{lock_};
  if (ready() != ZE_RESULT_SUCCESS) return Status::copy_failed;
  // One byte: the pattern that queues which only copy take everywhere.
  const unsigned char zero = 0;
  return finish(zeCommandListAppendMemoryFill(list_, to, &zero, 1, bytes, nullptr, 0, nullptr));
}

}  // namespace zesvm::levelzero
