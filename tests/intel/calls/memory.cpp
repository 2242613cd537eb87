// Allocations: sizes and alignments that are taken, and what is told about pointers.
#include <cstdlib>
#include <memory>

#include "intel/calls/subject.hpp"

namespace zesvm::tests {
namespace {

enum class Kind { device, host, shared, shared_by_all };

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::device: return "device";
    case Kind::host: return "host";
    case Kind::shared: return "shared";
    default: return "shared by all";
  }
}

constexpr Kind kinds[] = {Kind::device, Kind::host, Kind::shared, Kind::shared_by_all};

struct Request {
  std::size_t bytes = 4096;
  std::size_t alignment = 0;
  std::uint32_t device_flags = 0;
  std::uint32_t host_flags = 0;
};

ze_result_t allocate(const Subject& subject, Kind kind, const Request& wanted, void** pointer) {
  auto on_device = described<ze_device_mem_alloc_desc_t>(ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC);
  auto on_host = described<ze_host_mem_alloc_desc_t>(ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC);
  on_device.flags = wanted.device_flags;
  on_host.flags = wanted.host_flags;
  *pointer = nullptr;
  if (kind == Kind::device)
    return zeMemAllocDevice(subject.context, &on_device, wanted.bytes, wanted.alignment,
                            subject.device(), pointer);
  if (kind == Kind::host)
    return zeMemAllocHost(subject.context, &on_host, wanted.bytes, wanted.alignment, pointer);
  return zeMemAllocShared(subject.context, &on_device, &on_host, wanted.bytes, wanted.alignment,
                          kind == Kind::shared ? subject.device() : nullptr, pointer);
}

void ask_once(const Subject& subject, Kind kind, const std::string& how, const Request& wanted) {
  void* pointer = nullptr;
  subject.says.add(std::string("allocating, ") + name_of(kind) + ", " + how,
                   allocate(subject, kind, wanted, &pointer));
  if (pointer != nullptr) zeMemFree(subject.context, pointer);
}

// Several at once: one alone may be aligned by chance.
void ask_alignment(const Subject& subject, Kind kind, std::size_t alignment) {
  const std::string key =
      std::string("allocating, ") + name_of(kind) + ", aligned to " + size_name(alignment);
  std::vector<void*> all;
  bool is_aligned = true;
  ze_result_t result = ZE_RESULT_SUCCESS;
  for (int i = 0; i < 6 && result == ZE_RESULT_SUCCESS; ++i) {
    void* pointer = nullptr;
    result = allocate(subject, kind, {100, alignment}, &pointer);
    if (pointer == nullptr) continue;
    is_aligned = is_aligned && reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0;
    all.push_back(pointer);
  }
  subject.says.add(key, result);
  if (!all.empty()) subject.says.add(key + ": kept", is_aligned ? "yes" : "no");
  for (void* pointer : all) zeMemFree(subject.context, pointer);
}

void ask_about(const Subject& subject, const std::string& name, void* pointer) {
  auto properties =
      described<ze_memory_allocation_properties_t>(ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES);
  ze_device_handle_t device = nullptr;
  subject.says.add(name + ": zeMemGetAllocProperties",
                   zeMemGetAllocProperties(subject.context, pointer, &properties, &device));
  subject.says.add_number(name + ": type", properties.type);
  subject.says.add(name + ": has a device", device != nullptr ? "yes" : "no");
  void* base = nullptr;
  std::size_t size = 0;
  const ze_result_t found = zeMemGetAddressRange(subject.context, pointer, &base, &size);
  subject.says.add(name + ": zeMemGetAddressRange", found);
  if (found != ZE_RESULT_SUCCESS) return;
  const auto before =
      reinterpret_cast<std::uintptr_t>(pointer) - reinterpret_cast<std::uintptr_t>(base);
  subject.says.add(name + ": range", size_name(size) + " from " + size_name(before) + " before");
}

void ask_kind(const Subject& subject, Kind kind) {
  ask_once(subject, kind, "nothing", {0});
  ask_once(subject, kind, "one byte", {1});
  ask_once(subject, kind, "unknown flags", {4096, 0, 1u << 20, 1u << 20});
  ask_once(subject, kind, "2^60 bytes", {std::size_t{1} << 60});
  ask_once(subject, kind, "aligned to 3", {4096, 3});
  for (std::size_t shift : {0u, 3u, 12u, 16u, 20u, 21u, 22u, 30u})
    ask_alignment(subject, kind, std::size_t{1} << shift);
  void* pointer = nullptr;
  allocate(subject, kind, {100000}, &pointer);
  const std::string name = std::string(name_of(kind)) + " allocation";
  ask_about(subject, name, pointer);
  ask_about(subject, "inside a " + name, static_cast<char*>(pointer) + 5000);
  subject.says.add(name + ": zeMemFree, inside",
                   zeMemFree(subject.context, static_cast<char*>(pointer) + 64));
  subject.says.add(name + ": zeMemFree", zeMemFree(subject.context, pointer));
  subject.says.add(name + ": zeMemFree, again", zeMemFree(subject.context, pointer));
  ask_about(subject, name + ", freed", pointer);
}

void ask_largest(const Subject& subject) {
  auto properties = described<ze_device_properties_t>(ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES);
  zeDeviceGetProperties(subject.device(), &properties);
  for (Kind kind : {Kind::device, Kind::shared})
    ask_once(subject, kind, "more than the largest", {properties.maxMemAllocSize + 4096});
}

void ask_frees(const Subject& subject) {
  const auto own = std::make_unique<char[]>(4096);
  ask_about(subject, "memory of the program", own.get());
  subject.says.add("memory of the program: zeMemFree", zeMemFree(subject.context, own.get()));
  for (std::uint32_t policy : {0u, 1u, 2u, 64u}) {
    void* pointer = nullptr;
    allocate(subject, Kind::shared, {}, &pointer);
    auto how = described<ze_memory_free_ext_desc_t>(ZE_STRUCTURE_TYPE_MEMORY_FREE_EXT_DESC);
    how.freePolicy = policy;
    const ze_result_t result = zeMemFreeExt(subject.context, &how, pointer);
    subject.says.add("zeMemFreeExt, policy " + std::to_string(policy), result);
    if (result != ZE_RESULT_SUCCESS) zeMemFree(subject.context, pointer);
  }
}

}  // namespace

void ask_memory(const Subject& subject) {
  for (Kind kind : kinds) ask_kind(subject, kind);
  ask_largest(subject);
  ask_frees(subject);
}

}  // namespace zesvm::tests
