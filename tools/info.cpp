#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include <zesvm/zesvm.hpp>

#include "tools/commands.hpp"
#include "topology/link_matrix.hpp"
#include "topology/node_description.hpp"
#include "topology/print.hpp"

namespace zesvm::tools {
namespace {

constexpr const char* fidelity =
    "Kernels run on this machine's CPU, page faults and migrations are real, times are this "
    "machine's. docs/simulator.md lists what is exact, approximate and unsupported.";

// Reading the file once more is the only way to what Level Zero cannot say.
std::optional<topology::NodeDescription> description_of(const Runtime& runtime) {
  if (!runtime.is_simulated()) return std::nullopt;
  try {
    return topology::load_node(runtime.node_name());
  } catch (const topology::DescriptionError&) {
    return std::nullopt;
  }
}

void print_device(const Device& device) {
  std::cout << "  " << device.index() << "  " << device.name() << "\n"
            << "     card " << device.card() << ", tile " << device.tile() << " of "
            << device.tiles_on_card() << "; " << (device.memory_bytes() >> 20) << " MiB VRAM, "
            << device.execution_units() << " EUs, groups of up to " << device.max_group_size()
            << " items, " << (device.local_memory_bytes() >> 10) << " KiB local memory\n"
            << "     page faults: " << (device.has_page_faults() ? "yes" : "no")
            << "; any pointer of the program: "
            << (device.has_shared_system_memory() ? "yes" : "no, allocations only") << "\n";
}

void print_peers(const Runtime& runtime) {
  std::cout << "\nAccess to each other's memory, as the driver says (not verified):\n     ";
  for (const Device& to : runtime.devices()) std::cout << std::setw(4) << to.index();
  std::cout << "\n";
  for (const Device& from : runtime.devices()) {
    std::cout << std::setw(5) << from.index();
    for (const Device& to : runtime.devices())
      std::cout << std::setw(4) << (from == to ? "X" : from.can_access(to) ? "yes" : "no");
    std::cout << "\n";
  }
}

void print_text(const Runtime& runtime) {
  const auto node = description_of(runtime);
  if (runtime.is_simulated()) {
    std::cout << "Simulated node: " << runtime.node_name() << "\n";
    if (node && !node->description.empty()) std::cout << node->description << "\n";
    std::cout << fidelity << "\n";
  } else {
    std::cout << "Real GPUs, through Level Zero\n";
  }
  std::cout << "\nDevices (one per tile):\n";
  for (const Device& device : runtime.devices()) print_device(device);
  if (!node) return print_peers(runtime);
  std::cout << "\n" << topology::matrix_text(*node, topology::LinkMatrix(*node));
  std::cout << "\nThe figures are from:\n";
  for (const std::string& source : node->sources) std::cout << "  " << source << "\n";
  if (!node->path.empty()) std::cout << "File: " << node->path << "\n";
}

nlohmann::json json_of(const Runtime& runtime, const Device& device) {
  nlohmann::json peers = nlohmann::json::array();
  for (const Device& other : runtime.devices())
    if (!(other == device) && device.can_access(other)) peers.push_back(other.index());
  return {{"index", device.index()},
          {"name", device.name()},
          {"card", device.card()},
          {"tile", device.tile()},
          {"tiles_on_card", device.tiles_on_card()},
          {"memory_bytes", device.memory_bytes()},
          {"execution_units", device.execution_units()},
          {"max_group_size", device.max_group_size()},
          {"local_memory_bytes", device.local_memory_bytes()},
          {"page_faults", device.has_page_faults()},
          {"shared_system_memory", device.has_shared_system_memory()},
          {"accesses", peers}};
}

void print_json(const Runtime& runtime) {
  nlohmann::json report{{"simulated", runtime.is_simulated()}, {"node", nullptr}};
  report["devices"] = nlohmann::json::array();
  for (const Device& device : runtime.devices())
    report["devices"].push_back(json_of(runtime, device));
  if (runtime.is_simulated()) {
    report["node"] = runtime.node_name();
    report["fidelity"] = fidelity;
  }
  if (const auto node = description_of(runtime))
    report["topology"] =
        nlohmann::json::parse(topology::topology_json(*node, topology::LinkMatrix(*node)));
  std::cout << report.dump(2) << "\n";
}

}  // namespace

int print_info(const std::string& node, Format format) {
  RuntimeOptions options;
  options.node = node;
  const Runtime runtime(options);
  format == Format::json ? print_json(runtime) : print_text(runtime);
  return EXIT_SUCCESS;
}

int print_nodes() {
  for (const std::string& name : topology::preset_names()) {
    std::cout << std::left << std::setw(20) << name << " ";
    try {
      std::cout << topology::load_node(name).description << "\n";
    } catch (const topology::DescriptionError& error) {
      std::cout << "unusable: " << error.what() << "\n";
    }
  }
  return EXIT_SUCCESS;
}

}  // namespace zesvm::tools
