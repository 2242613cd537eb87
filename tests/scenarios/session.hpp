/// @file session.hpp
/// The node a process runs scenarios on: a driver is initialised once per process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

#include <zesvm/simulator_extension.h>

namespace zesvm::scenarios {

/// The driver, its devices, and what they can. Safe to read from any thread.
class Session {
 public:
  /// Initialises Level Zero. @errors Failure
  explicit Session(std::string node);

  const std::string& node() const { return node_; }
  ze_driver_handle_t driver() const { return driver_; }
  const std::vector<ze_device_handle_t>& devices() const { return devices_; }
  /// Returns whether every device takes any pointer of the program.
  bool takes_any_pointer() const { return takes_any_pointer_; }
  /// Returns whether every device takes page faults.
  bool has_page_faults() const { return has_page_faults_; }
  /// Returns the VRAM of the first device, in bytes.
  std::uint64_t vram_bytes() const;
  /// Returns what of the VRAM of all devices is in use.
  std::uint64_t vram_used_bytes() const;
  /// Returns how many blocks were pushed out of VRAM so far.
  std::uint64_t evictions() const;
  /// Returns how many bytes of an interval are in VRAM, of any device.
  std::uint64_t bytes_in_vram(const void* pointer, std::size_t bytes) const;

  /// Returns a function of the driver by name. @errors Failure: it has none
  template <typename Function>
  Function function(const char* name) const {
    return reinterpret_cast<Function>(function_address(name));
  }

 private:
  void* function_address(const char* name) const;
  std::vector<zesvm_sim_tile_statistics_t> statistics() const;

  std::string node_;
  ze_driver_handle_t driver_ = nullptr;
  std::vector<ze_device_handle_t> devices_;
  bool takes_any_pointer_ = true;
  bool has_page_faults_ = true;
};

}  // namespace zesvm::scenarios
