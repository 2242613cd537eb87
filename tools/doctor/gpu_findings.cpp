#include <algorithm>
#include <cstdio>
#include <sstream>

#include "tools/doctor/gpu_family.hpp"
#include "tools/doctor/host_findings.hpp"
#include "tools/doctor/pci_facts.hpp"

namespace zesvm::tools {
namespace {

// Below this, the window of a discrete card is the 256 MiB of firmware without resizable BARs.
constexpr std::uint64_t smallest_whole_window = std::uint64_t{1} << 30;

std::string text_of(KernelVersion version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

std::string hex_of(std::uint32_t number) {
  char text[16];
  std::snprintf(text, sizeof text, "%04x", number);
  return text;
}

std::string octal_of(std::uint32_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", mode);
  return text;
}

std::string label_of(const GpuFact& gpu) {
  const GpuFamily* family = family_of(gpu.device_id);
  return "8086:" + hex_of(gpu.device_id) + ", " +
         (family != nullptr ? std::string(family->name) : "a GPU this version does not know");
}

bool is_set(const HostFacts& facts, const std::string& setting) {
  const auto found = facts.kernel_settings.find(setting);
  return found != facts.kernel_settings.end() && (found->second == "y" || found->second == "m");
}

/// Returns the settings xe's shared virtual memory needs and this kernel was built without.
std::string missing_settings(const HostFacts& facts) {
  std::string missing;
  if (facts.kernel_settings.empty()) return missing;
  for (const char* setting : {"DRM_XE", "DRM_XE_GPUSVM", "DEVICE_PRIVATE"})
    if (!is_set(facts, setting))
      missing += (missing.empty() ? "CONFIG_" : ", CONFIG_") + std::string(setting);
  return missing;
}

/// Returns why the kernel cannot mirror this GPU's process; empty when nothing speaks against it.
std::string reason_against_mirroring(const HostFacts& facts, const GpuFact& gpu) {
  const GpuFamily* family = family_of(gpu.device_id);
  const auto kernel = kernel_version_in(facts.kernel_release);
  if (family != nullptr && !family->takes_page_faults) return "these GPUs take no page faults";
  if (gpu.kernel_driver == "i915") return "the kernel driver i915 has no shared virtual memory";
  if (gpu.kernel_driver != "xe") return "no kernel driver that could has it";
  if (kernel && *kernel < xe_svm_since)
    return "xe has shared virtual memory since Linux " + text_of(xe_svm_since);
  if (const std::string missing = missing_settings(facts); !missing.empty())
    return "the kernel was built without " + missing;
  if (facts.address_bits.value_or(0) > address_bits_of_gpus)
    return "the CPU uses 5-level page tables";
  return "";
}

std::string driver_remedy(const GpuFact& gpu, const HostFacts& facts) {
  const GpuFamily* family = family_of(gpu.device_id);
  const std::string force = "boot with xe.force_probe=" + hex_of(gpu.device_id);
  if (family == nullptr) return "try a newer kernel, or " + force;
  if (family->kernel_driver.empty())
    return force +
           " (Linux 6.8 and later), or install Intel's out-of-tree i915 driver "
           "(intel-i915-dkms)";
  const auto kernel = kernel_version_in(facts.kernel_release);
  if (kernel && *kernel < family->since)
    return "use Linux " + text_of(family->since) + " or later, where " +
           std::string(family->kernel_driver) + " takes it";
  return "modprobe " + std::string(family->kernel_driver) +
         ", and look what dmesg says of it; firmware may be missing (package "
         "firmware-misc-nonfree, "
         "linux-firmware)";
}

Finding driver_finding(const GpuFact& gpu, const HostFacts& facts) {
  if (gpu.kernel_driver == "xe" || gpu.kernel_driver == "i915")
    return {Grade::good, gpu.address, label_of(gpu) + ": kernel driver " + gpu.kernel_driver, ""};
  if (gpu.kernel_driver.rfind("vfio", 0) == 0)
    return {Grade::problem, gpu.address,
            label_of(gpu) + ": given to " + gpu.kernel_driver + ", for a virtual machine",
            "use it there, or give it back to its own driver"};
  const std::string holder =
      gpu.kernel_driver.empty() ? "no kernel driver has it" : "kernel driver " + gpu.kernel_driver;
  return {Grade::problem, gpu.address, label_of(gpu) + ": " + holder, driver_remedy(gpu, facts)};
}

Finding unusable_node(const RenderNode& node, const HostFacts& facts) {
  const std::string group = node.group.empty() ? std::to_string(node.group_id) : node.group;
  std::string remedy = "sudo usermod -aG " + group + " $USER, then log in anew";
  if (node.group.empty())
    remedy =
        "the group " + group + " has no name here: start the container with --group-add " + group;
  else if (facts.is_container)
    remedy =
        "start the container with --device /dev/dri --group-add " + std::to_string(node.group_id);
  return {
      Grade::problem, node.path,
      "this process may not read and write it: mode " + octal_of(node.mode) + ", group " + group,
      remedy};
}

Finding node_finding(const GpuFact& gpu, const HostFacts& facts) {
  if (!gpu.render_node)
    return {Grade::problem, gpu.address, "has no render node in /dev/dri",
            "look what dmesg says of " + gpu.kernel_driver};
  const RenderNode& node = *gpu.render_node;
  if (!node.exists)
    return {Grade::problem, node.path, "the kernel has it, but the file is not there",
            facts.is_container ? "start the container with --device /dev/dri" : "restart udev"};
  if (!node.is_usable) return unusable_node(node, facts);
  return {Grade::good, node.path, "usable: mode " + octal_of(node.mode) + ", group " + node.group,
          ""};
}

std::string mirroring_remedy(const HostFacts& facts, const GpuFact& gpu) {
  const auto kernel = kernel_version_in(facts.kernel_release);
  if (gpu.kernel_driver == "xe" && kernel && *kernel < xe_svm_since)
    return "Linux " + text_of(xe_advice_since) + " or later, which also takes advice";
  if (gpu.kernel_driver == "xe" && !missing_settings(facts).empty())
    return "a kernel built with " + missing_settings(facts);
  if (facts.address_bits.value_or(0) > address_bits_of_gpus)
    return "boot with no5lvl for 48-bit addresses";
  return "";
}

Finding mirroring_finding(const HostFacts& facts, const GpuFact& gpu) {
  if (const std::string reason = reason_against_mirroring(facts, gpu); !reason.empty()) {
    const std::string remedy = mirroring_remedy(facts, gpu);
    return {
        remedy.empty() ? Grade::note : Grade::warning, gpu.address,
        "kernels cannot use any pointer (backing system): " + reason + "; shared and paged remain",
        remedy};
  }
  const auto kernel = kernel_version_in(facts.kernel_release);
  if (kernel && *kernel < xe_advice_since)
    return {Grade::warning, gpu.address,
            "kernels can use any pointer, but the kernel takes no advice where memory should live",
            "Linux " + text_of(xe_advice_since) + " or later"};
  const bool has_vram = is_set(facts, "DRM_XE_PAGEMAP") || is_set(facts, "DRM_XE_DEVMEM_MIRROR");
  if (!facts.kernel_settings.empty() && !has_vram)
    return {
        Grade::warning, gpu.address,
        "kernels can use any pointer, but its memory stays in system memory: the kernel was built "
        "without CONFIG_DRM_XE_PAGEMAP",
        "a kernel built with CONFIG_DRM_XE_PAGEMAP"};
  const std::string sure =
      facts.kernel_settings.empty()
          ? ", if the kernel was built with CONFIG_DRM_XE_GPUSVM: its settings "
            "could not be read"
          : "";
  return {Grade::good, gpu.address, "kernels can use any pointer (backing system)" + sure, ""};
}

Finding window_finding(const GpuFact& gpu) {
  return {Grade::warning, gpu.address,
          "the CPU sees " + size_text(gpu.largest_window_bytes) +
              " of its memory at a time: slower, and no peer can use the rest",
          "switch on Resizable BAR (and Above 4G Decoding) in the firmware's setup"};
}

Findings of_gpu(const HostFacts& facts, const GpuFact& gpu) {
  Findings findings{driver_finding(gpu, facts)};
  if (findings.front().grade == Grade::problem) return findings;
  findings.push_back(node_finding(gpu, facts));
  findings.push_back(mirroring_finding(facts, gpu));
  const GpuFamily* family = family_of(gpu.device_id);
  if (family != nullptr && family->is_discrete && gpu.largest_window_bytes != 0 &&
      gpu.largest_window_bytes < smallest_whole_window)
    findings.push_back(window_finding(gpu));
  if (facts.numa_nodes > 1 && gpu.numa_node.value_or(-1) < 0)
    findings.push_back(
        {Grade::note, gpu.address, "the firmware does not say which NUMA node it is near", ""});
  return findings;
}

bool is_redirecting(const Bridge& bridge) {
  return (bridge.access_control.value_or(0) & (redirects_requests | redirects_completions)) != 0;
}

Finding access_control_finding(const HostFacts& facts) {
  std::string redirecting;
  bool is_readable = true;
  for (const GpuFact& gpu : facts.gpus)
    for (const Bridge& bridge : gpu.bridges) {
      is_readable = is_readable && bridge.is_readable;
      if (is_redirecting(bridge) && redirecting.find(bridge.address) == std::string::npos)
        redirecting += (redirecting.empty() ? "" : ", ") + bridge.address;
    }
  if (!redirecting.empty())
    return {Grade::warning, "peers",
            "access control (ACS) sends traffic between cards up to the root, at " + redirecting +
                ": slow, or refused",
            "switch ACS off in the firmware's setup, if nothing on this machine needs it"};
  if (!is_readable)
    return {Grade::note, "peers", "whether access control (ACS) hinders peers can only root read",
            "run it once as root"};
  return {Grade::good, "peers", "no access control (ACS) between the cards", ""};
}

bool is_translated(const HostFacts& facts) {
  return std::any_of(facts.gpus.begin(), facts.gpus.end(),
                     [](const GpuFact& gpu) { return gpu.iommu.rfind("DMA", 0) == 0; });
}

}  // namespace

std::string reason_against_system(const HostFacts& facts) {
  for (const GpuFact& gpu : facts.gpus)
    if (std::string reason = reason_against_mirroring(facts, gpu); !reason.empty()) return reason;
  return "";
}

Findings judge_gpus(const HostFacts& facts) {
  Findings findings;
  if (facts.gpus.empty())
    findings.push_back(
        {Grade::problem, "GPU", "no Intel GPU on the PCI bus",
         facts.is_windows_subsystem
             ? "in Windows' subsystem for Linux GPUs are not on a bus; what follows was not read"
             : "lspci -nn -d 8086: lists what there is; a container or virtual machine must be "
               "given it"});
  for (const GpuFact& gpu : facts.gpus) {
    const Findings more = of_gpu(facts, gpu);
    findings.insert(findings.end(), more.begin(), more.end());
  }
  const std::string release =
      facts.kernel_release.empty() ? "of unknown version" : facts.kernel_release;
  findings.push_back(
      {Grade::good, "kernel",
       "Linux " + release + ", settings " +
           (facts.kernel_settings_file.empty() ? "not readable in /boot or /lib/modules"
                                               : "from " + facts.kernel_settings_file),
       ""});
  return findings;
}

Findings judge_peers(const HostFacts& facts) {
  if (facts.gpus.size() < 2) return {};
  Findings findings{access_control_finding(facts)};
  if (is_translated(facts))
    findings.push_back({Grade::note, "peers",
                        "the IOMMU translates for the cards: peer access may be "
                        "slower, or refused",
                        "boot with iommu=pt"});
  if (!facts.kernel_settings.empty() && !is_set(facts, "PCI_P2PDMA"))
    findings.push_back({Grade::warning, "peers",
                        "the kernel was built without CONFIG_PCI_P2PDMA: "
                        "cards do not use each other's memory in place",
                        "a kernel built with it"});
  const auto kernel = kernel_version_in(facts.kernel_release);
  if (kernel && *kernel < xe_peers_since && reason_against_system(facts).empty())
    findings.push_back({Grade::note, "peers",
                        "memory of any pointer moves between cards through system "
                        "memory",
                        "Linux " + text_of(xe_peers_since) + " or later"});
  return findings;
}

}  // namespace zesvm::tools
