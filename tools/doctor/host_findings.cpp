#include "tools/doctor/host_findings.hpp"

#include "tools/doctor/gpu_family.hpp"

namespace zesvm::tools {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;
// Linux' own default.
constexpr std::uint64_t usual_map_count = 65530;

Findings judge_numa(const HostFacts& facts) {
  if (facts.numa_nodes < 2) return {{Grade::good, "NUMA", "one node", ""}};
  const std::string nodes = std::to_string(facts.numa_nodes) + " nodes";
  if (facts.numa_balancing.value_or(0) == 0)
    return {{Grade::good, "NUMA", nodes + ", the kernel does not balance them by itself", ""}};
  return {{Grade::warning, "NUMA",
           nodes +
               ", and the kernel balances them: it unmaps memory to see who uses it, and what is "
               "unmapped for the CPU is unmapped for the GPU",
           "sudo sysctl kernel.numa_balancing=0"}};
}

Findings judge_address_space(const HostFacts& facts) {
  Findings findings;
  if (!facts.address_bits)
    findings.push_back({Grade::note, "addresses", "/proc/cpuinfo does not say their size", ""});
  else if (*facts.address_bits > address_bits_of_gpus)
    findings.push_back(
        {Grade::note, "addresses",
         std::to_string(*facts.address_bits) +
             " bits: 5-level page tables (LA57). Intel's driver then gives kernels no "
             "access to any pointer",
         "boot with no5lvl, if the GPU could have it"});
  else
    findings.push_back(
        {Grade::good, "addresses", std::to_string(*facts.address_bits) + " bits", ""});
  if (facts.limits.address_space_bytes)
    findings.push_back({Grade::problem, "ulimit -v",
                        size_text(*facts.limits.address_space_bytes) +
                            " of addresses; drivers reserve far more than they use",
                        "ulimit -v unlimited"});
  if (facts.limits.overcommit == 2)
    findings.push_back({Grade::warning, "overcommit",
                        "the kernel promises no more than it has (vm.overcommit_memory=2): large "
                        "reservations may fail",
                        "sudo sysctl vm.overcommit_memory=0"});
  return findings;
}

Finding map_count_finding(std::uint64_t count) {
  // Chunks that lie side by side in different places are a mapping each.
  const std::string covers = "enough for " + size_text((count / 2) << 21) +
                             " in chunks of 2 MiB that all live in different places";
  if (count >= usual_map_count)
    return {Grade::good, "vm.max_map_count", std::to_string(count) + ": " + covers, ""};
  return {Grade::warning, "vm.max_map_count", std::to_string(count) + ": only " + covers,
          "sudo sysctl vm.max_map_count=" + std::to_string(usual_map_count)};
}

Finding shared_memory_finding(std::uint64_t bytes) {
  const std::string what = size_text(bytes) + " in /dev/shm";
  if (bytes >= gib) return {Grade::good, "shared memory", what, ""};
  return {Grade::note, "shared memory",
          what + ": PoCL and MPI may want more; zesvm does not use it",
          "mount -o remount,size=2G /dev/shm, or --shm-size=2g for a container"};
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  if (bytes < (1u << 20)) return std::to_string(bytes >> 10) + " KiB";
  if (bytes < gib) return std::to_string(bytes >> 20) + " MiB";
  const std::uint64_t tenths = bytes / (gib / 10);
  const std::string part = tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10);
  return std::to_string(tenths / 10) + part + " GiB";
}

Findings judge_limits(const HostFacts& facts) {
  Findings findings = judge_address_space(facts);
  const Findings numa = judge_numa(facts);
  findings.insert(findings.end(), numa.begin(), numa.end());
  const Limits& limits = facts.limits;
  if (limits.max_map_count) findings.push_back(map_count_finding(*limits.max_map_count));
  if (limits.shared_memory_bytes)
    findings.push_back(shared_memory_finding(*limits.shared_memory_bytes));
  if (limits.locked_memory_bytes)
    findings.push_back(
        {Grade::note, "ulimit -l",
         size_text(*limits.locked_memory_bytes) +
             " of locked memory: enough for GPUs, perhaps not for network cards (MPI)",
         ""});
  if (limits.huge_pages == "never")
    findings.push_back({Grade::warning, "huge pages",
                        "transparent huge pages are off: moving memory takes several times as long",
                        "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"});
  return findings;
}

}  // namespace zesvm::tools
