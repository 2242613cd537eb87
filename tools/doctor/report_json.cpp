#include "tools/doctor/report.hpp"
#include "tools/doctor/self_tests.hpp"

namespace zesvm::tools {
namespace {

using nlohmann::json;

template <typename T>
json json_of(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json json_of(const Findings& findings) {
  json all = json::array();
  for (const Finding& finding : findings)
    all.push_back({{"grade", name_of(finding.grade)},
                   {"about", finding.about},
                   {"what", finding.what},
                   {"remedy", finding.remedy}});
  return all;
}

json json_of(const RenderNode& node) {
  return {{"path", node.path}, {"exists", node.exists},     {"usable", node.is_usable},
          {"mode", node.mode}, {"group_id", node.group_id}, {"group", node.group}};
}

json json_of(const GpuFact& gpu) {
  json bridges = json::array();
  for (const Bridge& bridge : gpu.bridges)
    bridges.push_back({{"address", bridge.address},
                       {"readable", bridge.is_readable},
                       {"access_control", json_of(bridge.access_control)}});
  return {{"address", gpu.address},
          {"device_id", gpu.device_id},
          {"kernel_driver", gpu.kernel_driver},
          {"render_node", gpu.render_node ? json_of(*gpu.render_node) : json(nullptr)},
          {"numa_node", json_of(gpu.numa_node)},
          {"iommu", gpu.iommu},
          {"largest_window_bytes", gpu.largest_window_bytes},
          {"bridges", bridges}};
}

json json_of(const Limits& limits) {
  return {{"locked_memory_bytes", json_of(limits.locked_memory_bytes)},
          {"address_space_bytes", json_of(limits.address_space_bytes)},
          {"open_files", json_of(limits.open_files)},
          {"max_map_count", json_of(limits.max_map_count)},
          {"shared_memory_bytes", json_of(limits.shared_memory_bytes)},
          {"available_memory_bytes", json_of(limits.available_memory_bytes)},
          {"overcommit", json_of(limits.overcommit)},
          {"huge_pages", limits.huge_pages}};
}

/// The kernel's settings that matter; all of them would be thousands.
json settings_of(const HostFacts& host) {
  json settings = json::object();
  for (const char* name :
       {"DRM_XE", "DRM_XE_GPUSVM", "DRM_XE_PAGEMAP", "DRM_I915", "DEVICE_PRIVATE", "PCI_P2PDMA",
        "TRANSPARENT_HUGEPAGE", "NUMA_BALANCING"})
    if (const auto found = host.kernel_settings.find(name); found != host.kernel_settings.end())
      settings[name] = found->second;
  return settings;
}

json json_of(const HostFacts& host) {
  json gpus = json::array();
  for (const GpuFact& gpu : host.gpus) gpus.push_back(json_of(gpu));
  return {{"kernel", host.kernel_release},
          {"kernel_settings_file", host.kernel_settings_file},
          {"kernel_settings", settings_of(host)},
          {"address_bits", json_of(host.address_bits)},
          {"gpus", gpus},
          {"numa_nodes", host.numa_nodes},
          {"numa_balancing", json_of(host.numa_balancing)},
          {"container", host.is_container},
          {"windows_subsystem", host.is_windows_subsystem},
          {"limits", json_of(host.limits)}};
}

json json_of(const TestResult& test, const Examination& seen) {
  json steps = json::array();
  for (const Step& step : test.steps)
    steps.push_back(
        {{"where", step.where}, {"outcome", name_of(step.outcome)}, {"what", step.what}});
  return {{"name", test.name},
          {"outcome", name_of(test.outcome)},
          {"seconds", test.seconds},
          {"steps", steps},
          {"facts", test.facts},
          {"remedy", remedy_for(test, seen)},
          {"last_output", test.last_output}};
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::works: return "works";
    case Verdict::fails: return "fails";
    case Verdict::no_gpu: return "no_gpu";
  }
  return "unknown";
}

}  // namespace

json json_report(const Examination& seen) {
  const Verdict verdict = verdict_of(seen);
  json report{{"version", 1},
              {"zesvm", ZESVM_VERSION},
              {"verdict", name_of(verdict)},
              {"exit_code", static_cast<int>(verdict)},
              {"simulated", seen.is_simulated()},
              {"simulation_wanted", seen.is_simulation_wanted},
              {"without_hardware", seen.is_without_hardware()},
              {"node", seen.fact("node")},
              {"host", json_of(seen.host)},
              {"environment", seen.environment}};
  report["findings"] = {{"gpus", json_of(seen.gpus)},
                        {"peers", json_of(seen.peers)},
                        {"limits", json_of(seen.limits)},
                        {"environment", json_of(seen.settings)}};
  report["self_tests"] = json::array();
  for (const TestResult& test : seen.tests) report["self_tests"].push_back(json_of(test, seen));
  for (const BackingSummary& summary : summaries_of(seen))
    report["backings"][summary.backing] = {{"outcome", name_of(summary.outcome)},
                                           {"reason", summary.reason}};
  return report;
}

}  // namespace zesvm::tools
