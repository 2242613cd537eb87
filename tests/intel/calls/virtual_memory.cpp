// Reserved addresses and physical memory. What is mapped is host memory: without hardware nothing maps that of devices.
#include <array>

#include "intel/calls/subject.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::tests {
namespace {

constexpr std::size_t page = std::size_t{64} << 10;
constexpr std::size_t large = std::size_t{2} << 20;

void ask_page_sizes(const Subject& subject) {
  for (std::size_t size : {std::size_t{1}, std::size_t{4096}, page, large, 512 * large}) {
    std::size_t answer = 0;
    const std::string key = "zeVirtualMemQueryPageSize, " + size_name(size);
    if (subject.says.add(key, zeVirtualMemQueryPageSize(subject.context, subject.device(), size,
                                                        &answer)) == ZE_RESULT_SUCCESS)
      subject.says.add(key + ": page", size_name(answer));
  }
}

void ask_reserve(const Subject& subject, const std::string& how, const void* wish,
                 std::size_t size) {
  void* pointer = nullptr;
  const std::string key = "zeVirtualMemReserve, " + how;
  if (subject.says.add(key, zeVirtualMemReserve(subject.context, wish, size, &pointer)) !=
      ZE_RESULT_SUCCESS)
    return;
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  subject.says.add(key + ": at a page", address % page == 0 ? "yes" : "no");
  if (wish != nullptr) subject.says.add(key + ": as wished", pointer == wish ? "yes" : "no");
  subject.says.add(key + ": zeVirtualMemFree", zeVirtualMemFree(subject.context, pointer, size));
}

void ask_reservations(const Subject& subject) {
  ask_reserve(subject, "a page", nullptr, page);
  ask_reserve(subject, "2 MiB", nullptr, large);
  ask_reserve(subject, "2 MiB and a page", nullptr, large + page);
  ask_reserve(subject, "nothing", nullptr, 0);
  ask_reserve(subject, "4 KiB", nullptr, 4096);
  ask_reserve(subject, "1000 bytes", nullptr, 1000);
  ask_reserve(subject, "at an address", reinterpret_cast<void*>(0x2000'0000'0000), large);
  ask_reserve(subject, "beyond all addresses", nullptr, std::size_t{1} << 62);
  void* first = nullptr;
  zeVirtualMemReserve(subject.context, nullptr, large, &first);
  void* second = nullptr;
  const ze_result_t result = zeVirtualMemReserve(subject.context, first, large, &second);
  subject.says.add("zeVirtualMemReserve, where something is reserved", result);
  if (result == ZE_RESULT_SUCCESS) {
    subject.says.add("zeVirtualMemReserve, where something is reserved: elsewhere",
                     first != second ? "yes" : "no");
    zeVirtualMemFree(subject.context, second, large);
  }
  subject.says.add("zeVirtualMemFree, half of it",
                   zeVirtualMemFree(subject.context, first, large / 2));
  subject.says.add("zeVirtualMemFree, all of it", zeVirtualMemFree(subject.context, first, large));
  subject.says.add("zeVirtualMemFree, again", zeVirtualMemFree(subject.context, first, large));
}

ze_result_t create(const Subject& subject, std::uint32_t flags, std::size_t size,
                   ze_physical_mem_handle_t* memory) {
  auto description = described<ze_physical_mem_desc_t>(ZE_STRUCTURE_TYPE_PHYSICAL_MEM_DESC);
  description.flags = flags;
  description.size = size;
  return zePhysicalMemCreate(subject.context, subject.device(), &description, memory);
}

void ask_physical(const Subject& subject) {
  struct Place {
    std::string name;
    std::uint32_t flags;
  };
  const std::array places{Place{"on the device", 0}, Place{"on a device", 1},
                          Place{"on the host", newer::physical_memory_on_host},
                          Place{"on device and host", 3}, Place{"unknown flag", 1u << 10}};
  for (const Place& place : places)
    for (std::size_t size : {std::size_t{1000}, std::size_t{4096}, page, page + 4096, large}) {
      ze_physical_mem_handle_t memory = nullptr;
      const std::string key = "zePhysicalMemCreate, " + place.name + ", " + size_name(size);
      if (subject.says.add(key, create(subject, place.flags, size, &memory)) == ZE_RESULT_SUCCESS)
        subject.says.add(key + ": zePhysicalMemDestroy",
                         zePhysicalMemDestroy(subject.context, memory));
    }
}

/// Reserved addresses and host memory to map there.
struct Mapping {
  char* begin = nullptr;
  ze_physical_mem_handle_t memory = nullptr;
};

void ask_mapped(const Subject& subject, const Mapping& at) {
  const auto map = [&](const std::string& key, std::size_t offset, std::size_t size,
                       std::size_t from) {
    return subject.says.add("zeVirtualMemMap, " + key,
                            zeVirtualMemMap(subject.context, at.begin + offset, size, at.memory,
                                            from, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  };
  map("not at a page", 100, page, 0);
  map("no bytes", 0, 0, 0);
  map("half a page", 0, 1000, 0);
  // Some drivers take it, and then something is mapped.
  if (map("more than the memory has", 0, 2 * large, 0) == ZE_RESULT_SUCCESS)
    zeVirtualMemUnmap(subject.context, at.begin, 2 * large);
  if (map("all of it", 0, large, 0) != ZE_RESULT_SUCCESS) return;
  at.begin[5000] = 7;
  subject.says.add_number("mapped host memory: what the CPU wrote",
                          static_cast<std::uint64_t>(at.begin[5000]));
  ze_memory_access_attribute_t access = ZE_MEMORY_ACCESS_ATTRIBUTE_NONE;
  std::size_t size = 0;
  subject.says.add(
      "zeVirtualMemGetAccessAttribute",
      zeVirtualMemGetAccessAttribute(subject.context, at.begin, large, &access, &size));
  subject.says.add_number("zeVirtualMemGetAccessAttribute: access", access);
  subject.says.add("zeVirtualMemGetAccessAttribute: size", size_name(size));
  map("where something is mapped", 0, large, 0);
  subject.says.add("zeVirtualMemUnmap, half of it",
                   zeVirtualMemUnmap(subject.context, at.begin, large / 2));
  subject.says.add("zeVirtualMemUnmap, not at a page",
                   zeVirtualMemUnmap(subject.context, at.begin + 100, page));
  subject.says.add("zeVirtualMemUnmap", zeVirtualMemUnmap(subject.context, at.begin, large));
  subject.says.add("zeVirtualMemUnmap, nothing is mapped",
                   zeVirtualMemUnmap(subject.context, at.begin, large));
}

void ask_mapping(const Subject& subject) {
  // Addresses where no mapping lands by chance: some drivers leave a hole when host memory is unmapped.
  void* begin = nullptr;
  zeVirtualMemReserve(subject.context, reinterpret_cast<void*>(0x2100'0000'0000), 2 * large,
                      &begin);
  Mapping at{static_cast<char*>(begin), nullptr};
  create(subject, newer::physical_memory_on_host, large, &at.memory);
  if (at.memory != nullptr) ask_mapped(subject, at);
  ze_memory_access_attribute_t access = ZE_MEMORY_ACCESS_ATTRIBUTE_NONE;
  std::size_t size = 0;
  subject.says.add(
      "zeVirtualMemGetAccessAttribute, nothing is mapped",
      zeVirtualMemGetAccessAttribute(subject.context, at.begin + large, page, &access, &size));
  if (at.memory != nullptr) zePhysicalMemDestroy(subject.context, at.memory);
  zeVirtualMemFree(subject.context, begin, 2 * large);
}

}  // namespace

void ask_virtual_memory(const Subject& subject) {
  ask_page_sizes(subject);
  ask_reservations(subject);
  ask_physical(subject);
  ask_mapping(subject);
}

}  // namespace zesvm::tests
