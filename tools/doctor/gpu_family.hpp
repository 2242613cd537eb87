/// @file gpu_family.hpp
/// What is known of Intel's GPUs by their PCI device numbers. Sources: docs/hardware.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace zesvm::tools {

/// A version of Linux.
struct KernelVersion {
  unsigned major = 0;
  unsigned minor = 0;

  friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

/// Reads `6.15.0-rc3-amd64`. Nothing when it does not begin with two numbers.
std::optional<KernelVersion> kernel_version_in(std::string_view release);

/// Bits of the addresses of the GPUs known here.
inline constexpr unsigned address_bits_of_gpus = 48;

/// The first versions of Linux whose xe driver has shared virtual memory, advice for it, and peers.
inline constexpr KernelVersion xe_svm_since{6, 15};
inline constexpr KernelVersion xe_advice_since{6, 18};
inline constexpr KernelVersion xe_peers_since{7, 0};

/// A generation of GPUs.
struct GpuFamily {
  std::string_view name;
  /// The GPU takes page faults, which the kernel's shared virtual memory needs.
  bool takes_page_faults = false;
  bool is_discrete = false;
  /// The kernel driver that takes it by default; empty: none of the kernel's own does.
  std::string_view kernel_driver;
  /// The first Linux on which it does; 0.0: not known here.
  KernelVersion since;
};

/// Returns the family of a device number of Intel's; null: not known here.
const GpuFamily* family_of(std::uint32_t device_id);

}  // namespace zesvm::tools
