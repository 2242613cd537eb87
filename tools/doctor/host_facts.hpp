/// @file host_facts.hpp
/// What a Linux host says about its GPUs and about what shared memory needs: plain facts from files,
/// not yet judged (`host_findings.hpp`). What cannot be read is an empty optional.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zesvm::tools {

/// The file through which programs use a GPU.
struct RenderNode {
  /// As programs open it: /dev/dri/renderD128.
  std::string path;
  /// Whether that file is there; a container may lack it.
  bool exists = false;
  /// Whether this process may read and write it.
  bool is_usable = false;
  std::uint32_t mode = 0;
  std::uint32_t group_id = 0;
  /// The group's name; empty where this system knows no such group.
  std::string group;
};

/// A PCI bridge above a GPU.
struct Bridge {
  std::string address;
  /// What its access control does to traffic between devices below it: bits of the ACS control
  /// register. Nothing: it has none, or only root may read it.
  std::optional<std::uint16_t> access_control;
  /// Whether the whole configuration could be read.
  bool is_readable = false;
};

/// An Intel GPU on the PCI bus.
struct GpuFact {
  std::string address;
  std::uint32_t device_id = 0;
  /// xe, i915, vfio-pci; empty: none has it.
  std::string kernel_driver;
  std::optional<RenderNode> render_node;
  std::optional<int> numa_node;
  /// How the IOMMU translates for it: DMA, DMA-FQ, identity. Empty: not in a group, or not told.
  std::string iommu;
  /// The largest window of its memory the CPU can see.
  std::uint64_t largest_window_bytes = 0;
  /// From the root down.
  std::vector<Bridge> bridges;
};

/// Limits of this process and settings of the kernel.
struct Limits {
  /// Nothing: unlimited, or not told.
  std::optional<std::uint64_t> locked_memory_bytes;
  std::optional<std::uint64_t> address_space_bytes;
  std::optional<std::uint64_t> open_files;
  std::optional<std::uint64_t> max_map_count;
  std::optional<std::uint64_t> shared_memory_bytes;
  std::optional<std::uint64_t> available_memory_bytes;
  std::optional<int> overcommit;
  /// The word in brackets: always, madvise, never.
  std::string huge_pages;
};

/// Everything that was read.
struct HostFacts {
  std::string kernel_release;
  /// Settings the kernel was built with, `CONFIG_` left out; `y`, `m`, or absent.
  std::map<std::string, std::string> kernel_settings;
  /// The file they are from; empty: none could be read.
  std::string kernel_settings_file;
  /// Bits of a CPU address: 48, or 57 with five levels of page tables.
  std::optional<unsigned> address_bits;
  std::vector<GpuFact> gpus;
  std::size_t numa_nodes = 0;
  std::optional<int> numa_balancing;
  Limits limits;
  /// Files say that this is a container, or Windows' subsystem for Linux.
  bool is_container = false;
  bool is_windows_subsystem = false;
};

/// Reads the files of a host below `root`: `proc`, `sys`, `dev`, `boot`, `lib`, `etc`.
HostFacts read_host(const std::filesystem::path& root = "/");

}  // namespace zesvm::tools
