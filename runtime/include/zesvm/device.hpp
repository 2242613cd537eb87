/// @file device.hpp
/// A tile: the unit that runs kernels and owns memory. A card with two tiles is two devices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <zesvm/capabilities.hpp>
#include <zesvm/export.hpp>

namespace zesvm {

namespace levelzero {
class Tile;
}  // namespace levelzero

/// One tile of one card. A light value: copies name the same tile. Safe to use from any thread.
class ZESVM_API Device {
 public:
  /// Returns the place of the tile in Runtime::devices(), from 0.
  std::size_t index() const noexcept;
  /// Returns which card it is on, from 0, and which tile of that card, from 0.
  std::size_t card() const noexcept;
  /// Returns which tile of its card it is, from 0.
  std::size_t tile() const noexcept;
  /// Returns how many tiles its card has.
  std::size_t tiles_on_card() const noexcept;
  /// Returns its name for people: the card's model, and "tile n" when the card has several.
  const std::string& name() const noexcept;
  /// Returns the size of its memory in bytes.
  std::uint64_t memory_bytes() const noexcept;
  /// Returns how many execution units it has.
  std::uint32_t execution_units() const noexcept;
  /// Returns how many work-items a group may have at most.
  std::uint32_t max_group_size() const noexcept;
  /// Returns how many bytes of local memory a group may use.
  std::uint32_t local_memory_bytes() const noexcept;
  /// Returns whether kernels may touch memory that is not there yet: the device takes page faults.
  bool has_page_faults() const noexcept;
  /// Returns whether kernels may use any pointer of the program, malloc's included.
  bool has_shared_system_memory() const noexcept;
  /// Returns what it can do with memory, and what carries allocations because of that. It lives as
  /// long as the Runtime.
  const Capabilities& capabilities() const noexcept;
  /// Returns whether this device can access memory of `other` in place: the driver says so, and
  /// data sent to see whether it arrives was right. Checked once per pair and process.
  /// @errors Error when the driver cannot say.
  bool can_access(const Device& other) const;
  /// Returns its ze_device_handle_t; typed in <zesvm/interop.hpp>.
  void* native_handle() const noexcept;

  friend bool operator==(const Device& a, const Device& b) noexcept { return a.tile_ == b.tile_; }
  friend bool operator!=(const Device& a, const Device& b) noexcept { return a.tile_ != b.tile_; }

 private:
  friend class Runtime;
  friend class AddressSpace;
  friend class Stream;
  friend class Module;
  explicit Device(std::shared_ptr<const levelzero::Tile> tile) noexcept;
  // Keeps the tile's context alive, too.
  std::shared_ptr<const levelzero::Tile> tile_;
};

}  // namespace zesvm
