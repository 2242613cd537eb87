#include "tools/doctor/pci_facts.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace zesvm::tools {
namespace fs = std::filesystem;
namespace {

constexpr int vendor_intel = 0x8086;
constexpr int class_display = 0x03;
constexpr std::size_t extended_capabilities = 0x100;
constexpr unsigned capability_acs = 0x000d;

std::uint32_t word_at(const std::string& bytes, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i)
    word |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return word;
}

bool is_pci_address(const std::string& name) {
  return name.size() >= 12 && std::count(name.begin(), name.end(), ':') == 2 &&
         name.find('.') != std::string::npos && name.rfind("pci", 0) != 0;
}

std::vector<Bridge> bridges_above(const fs::path& device) {
  std::error_code error;
  std::vector<Bridge> bridges;
  const fs::path place = fs::canonical(device, error);
  fs::path at;
  for (const fs::path& part : error ? fs::path() : place.parent_path()) {
    at /= part;
    if (!is_pci_address(part.string())) continue;
    const std::string configuration = content_of(at / "config");
    bridges.push_back({part.string(), access_control_in(configuration),
                       configuration.size() > extended_capabilities});
  }
  return bridges;
}

std::string group_named(const fs::path& root, std::uint32_t id) {
  std::ifstream groups(root / "etc/group");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t name = line.find(':');
    const std::size_t number = line.find(':', name + 1);
    if (name == std::string::npos || number == std::string::npos) continue;
    if (std::strtoul(line.c_str() + number + 1, nullptr, 10) == id) return line.substr(0, name);
  }
  return "";
}

std::optional<RenderNode> render_node_of(const fs::path& root, const fs::path& device) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(device / "drm", error)) {
    const std::string name = entry.path().filename();
    if (name.rfind("renderD", 0) != 0) continue;
    RenderNode node;
    node.path = "/dev/dri/" + name;
    const fs::path file = root / "dev/dri" / name;
    struct stat status {};
    node.exists = ::stat(file.c_str(), &status) == 0;
    // Access lists count as well as the mode, so the kernel is asked.
    node.is_usable = node.exists && ::access(file.c_str(), R_OK | W_OK) == 0;
    node.mode = status.st_mode & 07777;
    node.group_id = status.st_gid;
    if (node.exists) node.group = group_named(root, status.st_gid);
    return node;
  }
  return {};
}

/// Each line of `resource` has the first address, the last, and flags.
std::uint64_t largest_window(const fs::path& device) {
  std::istringstream lines(content_of(device / "resource"));
  std::uint64_t largest = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (numbers >> std::hex >> first >> last && last > first)
      largest = std::max(largest, last - first + 1);
  }
  return largest;
}

GpuFact read_gpu(const fs::path& root, const fs::path& device) {
  std::error_code error;
  GpuFact gpu;
  gpu.address = device.filename();
  gpu.device_id = static_cast<std::uint32_t>(number_in(device / "device").value_or(0));
  gpu.kernel_driver = fs::read_symlink(device / "driver", error).filename();
  gpu.render_node = render_node_of(root, device);
  if (const auto node = number_in(device / "numa_node")) gpu.numa_node = static_cast<int>(*node);
  gpu.iommu = content_of(device / "iommu_group/type");
  gpu.largest_window_bytes = largest_window(device);
  gpu.bridges = bridges_above(device);
  return gpu;
}

}  // namespace

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  std::string content = text.str();
  while (!content.empty() && content.back() == '\n') content.pop_back();
  return content;
}

std::optional<long long> number_in(const fs::path& file) {
  const std::string text = content_of(file);
  char* end = nullptr;
  errno = 0;
  const long long number = std::strtoll(text.c_str(), &end, 0);
  if (end == text.c_str() || errno != 0) return {};
  return number;
}

std::optional<std::uint16_t> access_control_in(const std::string& configuration) {
  // A chain: 16 bits of name, 4 of version, 12 of the next one's place. A broken one must end, too.
  std::size_t at = extended_capabilities;
  for (int seen = 0; seen < 64 && at >= extended_capabilities && at + 8 <= configuration.size();
       ++seen) {
    const std::uint32_t header = word_at(configuration, at);
    if ((header & 0xffff) == capability_acs)
      return static_cast<std::uint16_t>(word_at(configuration, at + 4) >> 16);
    at = header >> 20;
  }
  return {};
}

std::vector<GpuFact> read_gpus(const fs::path& root) {
  std::vector<GpuFact> gpus;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root / "sys/bus/pci/devices", error)) {
    const fs::path& device = entry.path();
    const bool is_display = number_in(device / "class").value_or(0) >> 16 == class_display;
    if (is_display && number_in(device / "vendor") == vendor_intel)
      gpus.push_back(read_gpu(root, device));
  }
  std::sort(gpus.begin(), gpus.end(),
            [](const GpuFact& a, const GpuFact& b) { return a.address < b.address; });
  return gpus;
}

}  // namespace zesvm::tools
