#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "levelzero/capabilities.hpp"
#include "levelzero/context.hpp"
#include "levelzero/detection.hpp"
#include "levelzero/machine.hpp"
#include "levelzero/without_hardware.hpp"
#include "tools/commands.hpp"
#include "tools/picture_png.hpp"
#include "topology/detection.hpp"
#include "topology/facts_json.hpp"
#include "topology/hwloc_facts.hpp"
#include "topology/picture.hpp"
#include "topology/report.hpp"

namespace zesvm::tools {
namespace {

constexpr const char* fidelity =
    "Kernels run on this machine's CPU, page faults and migrations are real, times are this "
    "machine's. docs/simulator.md lists what is exact, approximate and unsupported.";

constexpr const char* without_hardware =
    "Intel's driver was told to run without hardware (SetCommandStreamReceiver). It shows\n"
    "devices and takes work for them, but does none of it, so that no data arrives anywhere.";

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!(text << in.rdbuf())) throw std::runtime_error(file + ": cannot be read");
  return text.str();
}

void write(const std::string& file, const std::string& content) {
  std::ofstream out(file, std::ios::binary);
  if (!(out << content) || !out.flush()) throw std::runtime_error(file + ": cannot be written");
}

void print_device(const levelzero::Tile& tile) {
  std::cout << "  " << topology::label_of(levelzero::place_of(tile)) << "   " << tile.name << ": "
            << tile.execution_units << " EUs, groups of up to " << tile.max_group_size << " items, "
            << (tile.local_memory_bytes >> 10)
            << " KiB local memory, page faults: " << (tile.has_page_faults ? "yes" : "no")
            << ", any pointer of the program: "
            << (tile.has_shared_system_memory ? "yes" : "no, allocations only") << "\n";
  for (const auto& [about, fact] : levelzero::facts_of(tile.capabilities))
    std::cout << "      " << std::left << std::setw(30) << about << fact << "\n";
}

nlohmann::json json_of(const Capabilities& capabilities) {
  nlohmann::json facts;
  for (const auto& [about, fact] : levelzero::facts_of(capabilities)) facts[about] = fact;
  return facts;
}

nlohmann::json json_of(const levelzero::Tile& tile) {
  return {{"index", tile.index},
          {"label", topology::label_of(levelzero::place_of(tile))},
          {"name", tile.name},
          {"card", tile.card},
          {"tile", tile.number_on_card},
          {"tiles_on_card", tile.tiles_on_card},
          {"memory_bytes", tile.memory_bytes},
          {"execution_units", tile.execution_units},
          {"max_group_size", tile.max_group_size},
          {"local_memory_bytes", tile.local_memory_bytes},
          {"page_faults", tile.has_page_faults},
          {"shared_system_memory", tile.has_shared_system_memory},
          {"capabilities", json_of(tile.capabilities)}};
}

void print_text(const levelzero::Context* context, const topology::Detection& found,
                const InfoOptions& options) {
  if (context == nullptr) {
    std::cout << "Read from files: " << options.recording << " " << options.hwloc << "\n\n";
  } else if (context->is_simulated()) {
    std::cout << "Simulated node: " << context->node_name() << "\n";
    if (!found.node.description.empty()) std::cout << found.node.description << "\n";
    std::cout << fidelity << "\n\n";
  } else if (!levelzero::settings_without_hardware().empty()) {
    std::cout << "No GPU: " << without_hardware << "\n\n";
  } else {
    std::cout << "Real GPUs, through Level Zero\n\n";
  }
  std::cout << topology::text_report(found, options.sources);
  if (context == nullptr) return;
  std::cout << "\nCapabilities\n";
  for (const levelzero::Tile& tile : context->tiles()) print_device(tile);
}

void print_json(const levelzero::Context* context, const topology::Detection& found) {
  const bool is_simulated = context != nullptr && context->is_simulated();
  nlohmann::json report{{"simulated", is_simulated}, {"node", nullptr}};
  report["devices"] = nlohmann::json::array();
  if (context != nullptr)
    for (const levelzero::Tile& tile : context->tiles()) report["devices"].push_back(json_of(tile));
  if (is_simulated) {
    report["node"] = context->node_name();
    report["fidelity"] = fidelity;
  }
  report["without_hardware"] =
      context != nullptr && !is_simulated && !levelzero::settings_without_hardware().empty();
  report["topology"] = nlohmann::json::parse(topology::json_report(found));
  std::cout << report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

topology::NodeFacts facts_of_files(const InfoOptions& options) {
  topology::NodeFacts facts;
  if (!options.recording.empty())
    facts = topology::facts_of_json(content_of(options.recording), options.recording);
  if (options.hwloc.empty()) return facts;
  auto answer = topology::read_hwloc_xml(options.hwloc);
  if (const auto* missing = std::get_if<topology::MissingSource>(&answer))
    throw std::runtime_error(missing->reason);
  facts.hwloc = std::move(std::get<topology::HwlocFacts>(answer));
  return facts;
}

}  // namespace

int print_info(const InfoOptions& options) {
  std::shared_ptr<levelzero::Context> context;
  topology::NodeFacts facts;
  if (options.recording.empty() && options.hwloc.empty()) {
    // Sysman answers only where this was said before Level Zero started.
    ::setenv("ZES_ENABLE_SYSMAN", "1", 0);
    RuntimeOptions runtime;
    runtime.node = options.node;
    context = levelzero::Context::create(runtime);
    context->choose_backing(Backing::automatic);
    facts = levelzero::read_machine(*context, options.verify);
  } else {
    facts = facts_of_files(options);
  }
  const topology::Detection found = topology::detect(facts);
  if (!options.record.empty()) write(options.record, topology::json_of_facts(facts));
  if (!options.svg.empty()) write(options.svg, topology::svg_picture(found));
  if (!options.png.empty()) write_png(options.png, topology::svg_picture(found));
  if (options.format == Format::json)
    print_json(context.get(), found);
  else
    print_text(context.get(), found, options);
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
