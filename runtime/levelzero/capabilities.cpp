#include "levelzero/capabilities.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <zesvm/error.hpp>

#include "base/environment.hpp"
#include "base/sizes.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::levelzero {
namespace {

MemoryAbilities abilities_of(ze_memory_access_cap_flags_t flags) {
  return {(flags & ZE_MEMORY_ACCESS_CAP_FLAG_RW) != 0,
          (flags & ZE_MEMORY_ACCESS_CAP_FLAG_ATOMIC) != 0,
          (flags & ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT) != 0,
          (flags & ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT_ATOMIC) != 0};
}

void read_memory_access(const Tile& tile, Capabilities& to) {
  ze_device_memory_access_properties_t access{};
  access.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES;
  if (zeDeviceGetMemoryAccessProperties(tile.handle, &access) != ZE_RESULT_SUCCESS) return;
  to.device_memory = abilities_of(access.deviceAllocCapabilities);
  to.host_memory = abilities_of(access.hostAllocCapabilities);
  to.shared_memory = abilities_of(access.sharedSingleDeviceAllocCapabilities);
  to.shared_memory_of_others = abilities_of(access.sharedCrossDeviceAllocCapabilities);
  to.system_memory = abilities_of(access.sharedSystemAllocCapabilities);
}

void read_device(const Tile& tile, Capabilities& to) {
  ze_device_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  if (zeDeviceGetProperties(tile.handle, &properties) != ZE_RESULT_SUCCESS) return;
  to.max_allocation_bytes = properties.maxMemAllocSize;
  to.is_sub_device = (properties.flags & ZE_DEVICE_PROPERTY_FLAG_SUBDEVICE) != 0;
}

std::uint64_t page_for(ze_context_handle_t context, const Tile& tile, Bytes size) {
  std::size_t page = 0;
  if (zeVirtualMemQueryPageSize(context, tile.handle, size.count, &page) != ZE_RESULT_SUCCESS)
    return 0;
  return page;
}

// Drivers and layers that do not know the flag refuse it.
bool has_host_physical_memory(ze_context_handle_t context, const Tile& tile) {
  ze_physical_mem_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_PHYSICAL_MEM_DESC;
  description.flags = newer::physical_memory_on_host;
  description.size = (64_KiB).count;
  ze_physical_mem_handle_t trial = nullptr;
  if (zePhysicalMemCreate(context, tile.handle, &description, &trial) != ZE_RESULT_SUCCESS)
    return false;
  zePhysicalMemDestroy(context, trial);
  return true;
}

std::vector<std::size_t> peers_of(const Tile& tile, const std::vector<Tile>& tiles) {
  std::vector<std::size_t> peers;
  for (const Tile& other : tiles) {
    ze_bool_t can_access = 0;
    if (other.index != tile.index &&
        zeDeviceCanAccessPeer(tile.handle, other.handle, &can_access) == ZE_RESULT_SUCCESS &&
        can_access != 0)
      peers.push_back(other.index);
  }
  return peers;
}

std::string text_of(const MemoryAbilities& abilities) {
  if (!abilities.can_access) return "no";
  std::string text = "read and write";
  if (abilities.has_atomics) text += ", atomics";
  if (abilities.is_concurrent) text += ", concurrent";
  if (abilities.has_concurrent_atomics) text += ", concurrent atomics";
  return text;
}

std::string size_text(std::uint64_t bytes) {
  // Drivers keep some of a memory for themselves, and give what is left to the byte.
  if (bytes >= (1u << 30) && bytes % (1u << 20) != 0) return std::to_string(bytes >> 20) + " MiB";
  return bytes % (1u << 20) == 0 ? std::to_string(bytes >> 20) + " MiB"
                                 : std::to_string(bytes >> 10) + " KiB";
}

std::string pages_text(const Capabilities& can) {
  if (can.small_page_bytes == 0) return "none";
  const bool has_large = can.large_page_bytes > can.small_page_bytes;
  return "pages of " + size_text(can.small_page_bytes) +
         (has_large ? " and " + size_text(can.large_page_bytes) : "") +
         (can.has_host_physical_memory ? ", physical memory on device and host"
                                       : ", physical memory on the device only");
}

std::string peers_text(const Capabilities& can) {
  std::string text;
  for (const std::size_t peer : can.peers) text += (text.empty() ? "" : " ") + std::to_string(peer);
  return text.empty() ? "none" : text;
}

std::string hierarchy_text(const Capabilities& can) {
  std::string text = can.is_sub_device ? "a part of its card" : "a device of its own";
  if (!can.hierarchy.empty()) text += ", ZE_FLAT_DEVICE_HIERARCHY=" + can.hierarchy;
  if (!can.affinity_mask.empty()) text += ", ZE_AFFINITY_MASK=" + can.affinity_mask;
  return text;
}

constexpr std::array names{
    std::pair{Backing::automatic, "auto"}, std::pair{Backing::system, "system"},
    std::pair{Backing::shared, "shared"}, std::pair{Backing::paged, "paged"}};

Backing backing_named(const std::string& name) {
  for (const auto& [backing, known] : names)
    if (name == known || name.empty()) return name.empty() ? Backing::automatic : backing;
  throw Error(ErrorCode::invalid_argument,
              "ZESVM_BACKING is '" + name + "'; it may be auto, system, shared or paged");
}

const Tile* without_virtual_memory(const std::vector<Tile>& tiles) {
  const auto found = std::find_if(tiles.begin(), tiles.end(), [](const Tile& tile) {
    const std::uint64_t page = tile.capabilities.small_page_bytes;
    return page == 0 || page > (64_KiB).count;
  });
  return found != tiles.end() ? &*found : nullptr;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> facts_of(const Capabilities& can) {
  return {{"memory", size_text(can.memory_bytes) + ", single allocations of up to " +
                         size_text(can.max_allocation_bytes)},
          {"its own shared allocations", text_of(can.shared_memory)},
          {"shared allocations of others", text_of(can.shared_memory_of_others)},
          {"host allocations", text_of(can.host_memory)},
          {"any memory of the program", text_of(can.system_memory)},
          {"page faults", can.has_page_faults ? "yes" : "no"},
          {"virtual memory", pages_text(can)},
          {"peers, says the driver", peers_text(can)},
          {"shown as", hierarchy_text(can)},
          {"backing", std::string(name_of(can.backing)) + ": " + can.backing_reason}};
}

void read_capabilities(ze_context_handle_t context, std::vector<Tile>& tiles) {
  const std::string hierarchy = environment("ZE_FLAT_DEVICE_HIERARCHY");
  const std::string mask = environment("ZE_AFFINITY_MASK");
  for (Tile& tile : tiles) {
    Capabilities& to = tile.capabilities;
    read_memory_access(tile, to);
    read_device(tile, to);
    to.has_page_faults = tile.has_page_faults;
    to.memory_bytes = tile.memory_bytes;
    to.small_page_bytes = page_for(context, tile, 64_KiB);
    to.large_page_bytes = page_for(context, tile, 2_MiB);
    to.has_host_physical_memory = has_host_physical_memory(context, tile);
    to.hierarchy = hierarchy;
    to.affinity_mask = mask;
    to.peers = peers_of(tile, tiles);
  }
}

const Tile* without_system_memory(const std::vector<Tile>& tiles) {
  const auto found = std::find_if(tiles.begin(), tiles.end(), [](const Tile& tile) {
    return !tile.capabilities.system_memory.can_access;
  });
  return found != tiles.end() ? &*found : nullptr;
}

void check_possible(Backing backing, const std::vector<Tile>& tiles) {
  const Tile* const lacking = backing == Backing::system  ? without_system_memory(tiles)
                              : backing == Backing::paged ? without_virtual_memory(tiles)
                                                          : nullptr;
  if (lacking == nullptr) return;
  throw Error(ErrorCode::unsupported,
              std::string("the backing '") + name_of(backing) + "' was asked for, but " +
                  lacking->name +
                  (backing == Backing::system
                       ? " cannot use any pointer of the program (shared-system access)"
                       : " has no virtual memory in pages of 64 KiB") +
                  "; ZESVM_BACKING=shared works everywhere");
}

BackingChoice choose_backing(Backing wanted, const std::vector<Tile>& tiles, bool is_simulated) {
  if (wanted != Backing::automatic) {
    check_possible(wanted, tiles);
    return {wanted, "asked for by the program"};
  }
  const Backing named = backing_named(environment("ZESVM_BACKING"));
  if (named != Backing::automatic) {
    check_possible(named, tiles);
    return {named, std::string("ZESVM_BACKING=") + name_of(named)};
  }
  if (is_simulated) return {Backing::shared, "the simulated driver moves shared memory by chunks"};
  if (const Tile* lacking = without_system_memory(tiles))
    return {Backing::shared, lacking->name + " cannot use any pointer of the program"};
  return {Backing::system, "every device can use any pointer of the program"};
}

}  // namespace zesvm::levelzero

namespace zesvm {

const char* name_of(Backing backing) noexcept {
  for (const auto& [known, name] : levelzero::names)
    if (known == backing) return name;
  return "unknown";
}

}  // namespace zesvm
