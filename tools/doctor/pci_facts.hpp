/// @file pci_facts.hpp
/// The Intel GPUs among the kernel's PCI devices.
#pragma once

#include <filesystem>
#include <vector>

#include "tools/doctor/host_facts.hpp"

namespace zesvm::tools {

/// Reads them below `root`, in the order of their addresses.
std::vector<GpuFact> read_gpus(const std::filesystem::path& root);

/// Returns the ACS control register of a PCI configuration; nothing when there is none in it.
std::optional<std::uint16_t> access_control_in(const std::string& configuration);

/// Bits of that register that send traffic between devices up to the root.
inline constexpr std::uint16_t redirects_requests = 1u << 2;
inline constexpr std::uint16_t redirects_completions = 1u << 3;

/// Returns the content of a file without the line's end; empty when it cannot be read.
std::string content_of(const std::filesystem::path& file);
/// Returns the number in a file, in the base its prefix says; nothing when there is none.
std::optional<long long> number_in(const std::filesystem::path& file);

}  // namespace zesvm::tools
