#include "simulator/driver/object.hpp"

#include <array>
#include <unordered_map>

#include "base/mutex.hpp"

namespace zesvm::simulator::driver {

namespace {

struct Entry {
  std::shared_ptr<Object> object;
  ObjectKind kind;
};

/// A part of the registry, so that threads on different objects seldom meet.
struct Shard {
  SharedMutex<LockOrder::leaf> lock;
  std::unordered_map<const void*, Entry> objects ZESVM_GUARDED_BY(lock);
};

Shard& shard_of(const void* handle) {
  // Never destroyed: threads of the program may call while the process ends.
  static auto& shards = *new std::array<Shard, 16>;
  return shards[(reinterpret_cast<std::uintptr_t>(handle) >> 6) % shards.size()];
}

}  // namespace

namespace detail {

void add_object(std::shared_ptr<Object> object, ObjectKind kind) {
  const void* const handle = object.get();
  Shard& shard = shard_of(handle);
  Lock guard{shard.lock};
  shard.objects.insert_or_assign(handle, Entry{std::move(object), kind});
}

std::shared_ptr<Object> find_object(const void* handle, ObjectKind kind) {
  if (handle == nullptr) return nullptr;
  Shard& shard = shard_of(handle);
  SharedLock guard{shard.lock};
  const auto found = shard.objects.find(handle);
  if (found == shard.objects.end() || found->second.kind != kind) return nullptr;
  return found->second.object;
}

std::shared_ptr<Object> remove_object(const void* handle, ObjectKind kind) {
  if (handle == nullptr) return nullptr;
  Shard& shard = shard_of(handle);
  Lock guard{shard.lock};
  const auto found = shard.objects.find(handle);
  if (found == shard.objects.end() || found->second.kind != kind) return nullptr;
  auto object = std::move(found->second.object);
  shard.objects.erase(found);
  return object;
}

}  // namespace detail

ze_result_t invalid_handle(const void* handle) {
  return handle == nullptr ? ZE_RESULT_ERROR_INVALID_NULL_HANDLE : ZE_RESULT_ERROR_INVALID_ARGUMENT;
}

}  // namespace zesvm::simulator::driver
