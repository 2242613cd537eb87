#include "tools/doctor/host_facts.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/statvfs.h>

#include "tools/doctor/pci_facts.hpp"

namespace zesvm::tools {
namespace fs = std::filesystem;
namespace {

/// Reads lines of the form CONFIG_NAME=value.
std::map<std::string, std::string> settings_in(const fs::path& file) {
  std::map<std::string, std::string> settings;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t equals = line.find('=');
    if (line.rfind("CONFIG_", 0) == 0 && equals != std::string::npos)
      settings[line.substr(7, equals - 7)] = line.substr(equals + 1);
  }
  return settings;
}

constexpr unsigned long bits_without_la57 = 48;

void read_settings(const fs::path& root, HostFacts& facts) {
  for (const std::string& file :
       {"boot/config-" + facts.kernel_release, "lib/modules/" + facts.kernel_release + "/config",
        "usr/lib/modules/" + facts.kernel_release + "/config"}) {
    facts.kernel_settings = settings_in(root / file);
    if (facts.kernel_settings.empty()) continue;
    facts.kernel_settings_file = "/" + file;
    return;
  }
}

/// Finds "address sizes : 46 bits physical, 57 bits virtual". More than 48 count where the flag la57 says
/// that they are in use, as for Intel's driver: some virtual machines have the size without it.
std::optional<unsigned> address_bits_in(const fs::path& cpuinfo) {
  std::ifstream in(cpuinfo);
  bool is_la57 = false;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("flags", 0) == 0) is_la57 = (line + ' ').find(" la57 ") != std::string::npos;
    if (line.rfind("address sizes", 0) != 0) continue;
    const std::size_t comma = line.find(',');
    if (comma == std::string::npos) return {};
    const unsigned long bits = std::strtoul(line.c_str() + comma + 1, nullptr, 10);
    if (bits != 0) return static_cast<unsigned>(is_la57 ? bits : std::min(bits, bits_without_la57));
  }
  return {};
}

std::size_t count_numa_nodes(const fs::path& folder) {
  std::size_t count = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (name.rfind("node", 0) == 0 && name.find_first_not_of("0123456789", 4) == std::string::npos)
      ++count;
  }
  return count;
}

/// Reads the present value of a line of /proc/self/limits; nothing for "unlimited".
std::optional<std::uint64_t> limit_in(const std::string& limits, const std::string& name) {
  const std::size_t at = limits.find(name);
  if (at == std::string::npos) return {};
  std::istringstream words(limits.substr(at + name.size()));
  std::uint64_t value = 0;
  if (words >> value) return value;
  return {};
}

std::optional<std::uint64_t> unsigned_in(const fs::path& file) {
  const auto number = number_in(file);
  if (!number || *number < 0) return {};
  return static_cast<std::uint64_t>(*number);
}

std::string word_in_brackets(const std::string& text) {
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']', open);
  if (open == std::string::npos || close == std::string::npos) return "";
  return text.substr(open + 1, close - open - 1);
}

Limits read_limits(const fs::path& root) {
  Limits limits;
  const std::string own = content_of(root / "proc/self/limits");
  limits.locked_memory_bytes = limit_in(own, "Max locked memory");
  limits.address_space_bytes = limit_in(own, "Max address space");
  limits.open_files = limit_in(own, "Max open files");
  limits.max_map_count = unsigned_in(root / "proc/sys/vm/max_map_count");
  if (const auto mode = number_in(root / "proc/sys/vm/overcommit_memory"))
    limits.overcommit = static_cast<int>(*mode);
  struct statvfs shared {};
  const fs::path shm = root / "dev/shm";
  if (::statvfs(shm.c_str(), &shared) == 0)
    limits.shared_memory_bytes = std::uint64_t{shared.f_blocks} * shared.f_frsize;
  const std::string memory = content_of(root / "proc/meminfo");
  if (const auto kib = limit_in(memory, "MemAvailable:"))
    limits.available_memory_bytes = *kib << 10;
  limits.huge_pages =
      word_in_brackets(content_of(root / "sys/kernel/mm/transparent_hugepage/enabled"));
  return limits;
}

}  // namespace

HostFacts read_host(const fs::path& root) {
  std::error_code error;
  HostFacts facts;
  facts.kernel_release = content_of(root / "proc/sys/kernel/osrelease");
  read_settings(root, facts);
  facts.address_bits = address_bits_in(root / "proc/cpuinfo");
  facts.gpus = read_gpus(root);
  facts.numa_nodes = count_numa_nodes(root / "sys/devices/system/node");
  if (const auto balancing = number_in(root / "proc/sys/kernel/numa_balancing"))
    facts.numa_balancing = static_cast<int>(*balancing);
  facts.limits = read_limits(root);
  facts.is_container =
      fs::exists(root / ".dockerenv", error) || fs::exists(root / "run/.containerenv", error);
  facts.is_windows_subsystem = fs::exists(root / "dev/dxg", error);
  return facts;
}

}  // namespace zesvm::tools
