#include <utility>

#include <zesvm/device.hpp>

#include "levelzero/call.hpp"
#include "levelzero/peer_check.hpp"
#include "levelzero/tile.hpp"

namespace zesvm {

Device::Device(std::shared_ptr<const levelzero::Tile> tile) noexcept : tile_(std::move(tile)) {}

std::size_t Device::index() const noexcept { return tile_->index; }
std::size_t Device::card() const noexcept { return tile_->card; }
std::size_t Device::tile() const noexcept { return tile_->number_on_card; }
std::size_t Device::tiles_on_card() const noexcept { return tile_->tiles_on_card; }
const std::string& Device::name() const noexcept { return tile_->name; }
std::uint64_t Device::memory_bytes() const noexcept { return tile_->memory_bytes; }
std::uint32_t Device::execution_units() const noexcept { return tile_->execution_units; }
std::uint32_t Device::max_group_size() const noexcept { return tile_->max_group_size; }
std::uint32_t Device::local_memory_bytes() const noexcept { return tile_->local_memory_bytes; }
bool Device::has_page_faults() const noexcept { return tile_->has_page_faults; }
const Capabilities& Device::capabilities() const noexcept { return tile_->capabilities; }
bool Device::has_shared_system_memory() const noexcept { return tile_->has_shared_system_memory; }
void* Device::native_handle() const noexcept { return tile_->handle; }

bool Device::can_access(const Device& other) const {
  if (*this == other) return true;
  ze_bool_t answer = 0;
  ZESVM_ZE(zeDeviceCanAccessPeer(tile_->handle, other.tile_->handle, &answer),
           "asking whether " + name() + " can access memory of " + other.name());
  if (answer == 0) return false;
  const auto check = levelzero::check_peer(*tile_->context, *tile_, *other.tile_);
  return check.data != topology::DataCheck::failed;
}

}  // namespace zesvm
