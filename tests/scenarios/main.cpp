// zesvm-scenarios: families of launches on kinds of memory on simulated nodes.
//
// The driver is initialised once per process, so that each node has a process of its own: this
// program starts itself with --single-process for it.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "scenarios/process.hpp"
#include "scenarios/runner.hpp"

namespace {

using namespace zesvm::scenarios;

/// Makes this process one of a node; what the environment says of the driver wins.
void choose_node(const std::string& node) {
  const std::string own = ZESVM_SCENARIO_NODES "/" + node + ".yaml";
  ::setenv("ZE_ENABLE_ALT_DRIVERS", ZESVM_SCENARIO_DRIVER, 0);
  ::setenv("ZESVM_NODE", node == "small-2" ? own.c_str() : node.c_str(), 1);
  // Little enough to be filled quickly.
  ::setenv("ZESVM_NODE_VRAM", "64MiB", 0);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs families of launches on kinds of memory on simulated nodes"};
  std::vector<std::string> nodes;
  Choice choice;
  bool is_listing = false;
  bool is_single_process = false;
  bool is_one_of_many = false;
  app.add_option("--node", nodes, "small-2, bmg-2, arc-2, pvc-1, pvc-6, or a node file");
  app.add_option("--family", choice.family, "only this family, or group of single scenarios");
  app.add_option("--kind", choice.kind, "only this kind of memory, or single scenario");
  app.add_option("--seed", choice.seed, "what random choices start from");
  app.add_option("--iterations", choice.iterations, "how often each scenario runs");
  app.add_option("--soak", choice.soak_seconds, "seconds of random scenarios, then look for leaks");
  app.add_flag("--list", is_listing, "name all, and say why some do not apply");
  app.add_flag("--single-process", is_single_process, "one node, in this process");
  app.add_flag("--one-of-many", is_one_of_many, "likewise, as one of a scenario's processes");
  CLI11_PARSE(app, argc, argv);
  if (nodes.empty()) nodes = {"small-2", "bmg-2", "arc-2", "pvc-1", "pvc-6"};

  if (is_one_of_many) choice.processes = Choice::Processes::is_one;
  if (!is_single_process && !is_one_of_many) {
    std::size_t failed = 0;
    for (const std::string& node : nodes) {
      std::vector<std::string> arguments{argv + 1, argv + argc};
      arguments.insert(arguments.end(), {"--single-process", "--node", node});
      failed += run_again(arguments, 1);
    }
    return failed == 0 ? 0 : 1;
  }

  choose_node(nodes.back());
  try {
    const Session session{nodes.back()};
    if (is_listing) {
      list(session, choice);
      return 0;
    }
    return (choice.soak_seconds > 0 ? soak : run)(session, choice) == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << nodes.back() << ": " << error.what() << '\n';
    return 1;
  }
}
