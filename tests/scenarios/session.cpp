#include "scenarios/session.hpp"

#include <utility>

#include "scenarios/failure.hpp"

namespace zesvm::scenarios {

Session::Session(std::string node) : node_(std::move(node)) {
  ZESVM_MUST(zeInit(ZE_INIT_FLAG_GPU_ONLY));
  std::uint32_t count = 1;
  ZESVM_MUST(zeDriverGet(&count, &driver_));
  count = 0;
  ZESVM_MUST(zeDeviceGet(driver_, &count, nullptr));
  devices_.resize(count);
  ZESVM_MUST(zeDeviceGet(driver_, &count, devices_.data()));
  for (ze_device_handle_t device : devices_) {
    ze_device_memory_access_properties_t access{};
    access.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES;
    ZESVM_MUST(zeDeviceGetMemoryAccessProperties(device, &access));
    if ((access.sharedSystemAllocCapabilities & ZE_MEMORY_ACCESS_CAP_FLAG_RW) == 0)
      takes_any_pointer_ = false;
    ze_device_properties_t properties{};
    properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
    ZESVM_MUST(zeDeviceGetProperties(device, &properties));
    if ((properties.flags & ZE_DEVICE_PROPERTY_FLAG_ONDEMANDPAGING) == 0) has_page_faults_ = false;
  }
}

void* Session::function_address(const char* name) const {
  void* address = nullptr;
  must_succeed(zeDriverGetExtensionFunctionAddress(driver_, name, &address), name);
  return address;
}

std::vector<zesvm_sim_tile_statistics_t> Session::statistics() const {
  const auto get = function<zesvm_sim_get_statistics_fn>(ZESVM_SIM_GET_STATISTICS_NAME);
  std::uint32_t count = 0;
  ZESVM_MUST(get(&count, nullptr));
  std::vector<zesvm_sim_tile_statistics_t> tiles(count);
  for (auto& tile : tiles) tile.size = sizeof tile;
  ZESVM_MUST(get(&count, tiles.data()));
  return tiles;
}

std::uint64_t Session::vram_bytes() const { return statistics().at(0).vram_bytes; }

std::uint64_t Session::vram_used_bytes() const {
  std::uint64_t total = 0;
  for (const auto& tile : statistics()) total += tile.vram_used_bytes;
  return total;
}

std::uint64_t Session::evictions() const {
  std::uint64_t total = 0;
  for (const auto& tile : statistics()) total += tile.evictions;
  return total;
}

std::uint64_t Session::bytes_in_vram(const void* pointer, std::size_t bytes) const {
  const auto query = function<zesvm_sim_query_residency_fn>(ZESVM_SIM_QUERY_RESIDENCY_NAME);
  std::uint32_t count = 0;
  ZESVM_MUST(query(pointer, bytes, &count, nullptr));
  std::vector<zesvm_sim_residency_t> pieces(count);
  for (auto& piece : pieces) piece.size = sizeof piece;
  ZESVM_MUST(query(pointer, bytes, &count, pieces.data()));
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (pieces[i].place == ZESVM_SIM_PLACE_VRAM) total += pieces[i].end - pieces[i].begin;
  }
  return total;
}

}  // namespace zesvm::scenarios
