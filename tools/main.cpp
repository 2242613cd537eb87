// The `zesvm` command.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <zesvm/error.hpp>

#include "tools/commands.hpp"

namespace {

namespace tools = zesvm::tools;

/// Returns the arguments, without the `--` that may separate the options of `run` from its program.
std::vector<std::string> words_of_command_line(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || (words[0] != "run" && words[0] != "trace")) return words;
  std::size_t i = 1;
  while (i < words.size() && words[i].rfind("--", 0) == 0 && words[i] != "--")
    i += words[i] == "--node" || words[i] == "--output" ? 2 : 1;
  if (i < words.size() && words[i] == "--") words.erase(words.begin() + static_cast<long>(i));
  return words;
}

void add_info_options(CLI::App& info, tools::InfoOptions& options) {
  info.add_option("--node", options.node, "simulated node: a preset or a YAML file");
  info.add_flag_callback(
      "--json", [&] { options.format = tools::Format::json; }, "for programs");
  info.add_flag_callback(
      "--sources", [&] { options.sources = zesvm::topology::ShowSources::yes; },
      "say where each fact is from");
  info.add_flag_callback(
      "--no-verify", [&] { options.verify = zesvm::levelzero::VerifyData::no; },
      "send no data between peers to see whether it arrives");
  info.add_option("--svg", options.svg, "draw the node into this file");
  info.add_option("--png", options.png, "the same as an image of dots");
  info.add_option("--record", options.record, "write what the sources said into this file");
  auto* recording = info.add_option("--recording", options.recording,
                                    "report on what --record wrote, on any machine");
  auto* hwloc =
      info.add_option("--hwloc", options.hwloc, "report on a machine's export by lstopo --of xml");
  info.get_option("--node")->excludes(recording)->excludes(hwloc);
}

int dispatch(int argc, char** argv) {
  CLI::App app{
      "zesvm: shared virtual memory for Intel GPUs, and a simulated node to use without one.\n\n"
      "ZESVM_BACKEND=auto|levelzero|simulator chooses between real GPUs and the simulated node,\n"
      "ZESVM_NODE=preset|file says what is simulated.\n"
      "Exit code: 0 it worked, 1 it did not, 126 and 127 a program could not be started, others a "
      "wrong command line."};
  app.require_subcommand(1);
  app.set_version_flag("--version", ZESVM_VERSION);
  std::string node;
  std::string traced;
  bool wants_json = false;

  auto* info = app.add_subcommand("info", "Say which devices there are and how they are linked");
  tools::InfoOptions asked;
  add_info_options(*info, asked);

  auto* nodes = app.add_subcommand("nodes", "List the presets of simulated nodes");

  std::string file;
  auto* kernel =
      app.add_subcommand("kernel", "Say what the kernels of a SPIR-V file do with memory");
  kernel->add_option("file", file, "a SPIR-V module")->required();
  kernel->add_flag("--json", wants_json, "for programs");

  auto* run = app.add_subcommand("run", "Run any Level Zero program on the simulated node");
  run->add_option("--node", node, "simulated node: a preset or a YAML file");
  run->prefix_command();
  run->footer("Example: zesvm run --node pvc-6 -- ./my_program --its-option");

  std::string trace_file = "zesvm-trace.json";
  auto* trace = app.add_subcommand("trace", "Run a program as `run` does and keep what happened");
  trace->add_option("--node", node, "simulated node: a preset or a YAML file");
  trace->add_option("--output", trace_file, "where to")->capture_default_str();
  trace->prefix_command();
  trace->footer("Example: zesvm trace --output t.json -- ./my_program; then zesvm map t.json");

  std::string page_file;
  auto* map = app.add_subcommand("map", "Draw where memory was in a trace, and say what to change");
  map->add_option("trace", traced, "what `zesvm trace` wrote")->required();
  map->add_option("--output", page_file, "the page; default: the trace's name with .html");

  auto* demo = app.add_subcommand("demo", "Run the demo; zesvm demo --help lists its options");
  demo->prefix_command();
  demo->set_help_flag();  // the demo's own is better

  // CLI11 takes `--` for the end of the subcommand, not only of its options.
  std::vector<std::string> words = words_of_command_line(argc, argv);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const auto format = wants_json ? tools::Format::json : tools::Format::text;
  if (*info) return tools::print_info(asked);
  if (*kernel) return tools::print_kernels(file, format);
  if (*nodes) return tools::print_nodes();
  if (*demo) return tools::run_demo(node, demo->remaining());
  if (*map) return tools::print_map(traced, page_file);
  if ((*trace ? trace : run)->remaining().empty()) {
    std::cerr << "zesvm: a program is missing: zesvm run|trace [--node NODE] [--] PROGRAM "
                 "[ARGUMENT...]\n";
    return 2;
  }
  if (*trace) return tools::trace_on_node(node, trace_file, trace->remaining());
  return tools::run_on_node(node, run->remaining());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "zesvm: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
