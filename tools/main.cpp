// The `zesvm` command.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>

#include <zesvm/error.hpp>

#include "tools/commands.hpp"
#include "tools/doctor/doctor.hpp"

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

/// A subcommand, and what is done when it was chosen.
struct Subcommand {
  CLI::App* app;
  std::function<int()> run;
};

// What an action needs of the command line lives as long as the action.
using Text = std::shared_ptr<std::string>;

Text text(const std::string& initially = {}) { return std::make_shared<std::string>(initially); }

Subcommand add_info(CLI::App& app) {
  auto* info = app.add_subcommand("info", "Say which devices there are and how they are linked");
  const auto asked = std::make_shared<tools::InfoOptions>();
  add_info_options(*info, *asked);
  return {info, [asked] { return tools::print_info(*asked); }};
}

Subcommand add_doctor(CLI::App& app) {
  auto* doctor = app.add_subcommand("doctor", "Say what works on this machine, and what to do");
  const auto asked = std::make_shared<tools::DoctorOptions>();
  const Text self_test = text();
  doctor->add_option("--node", asked->node, "try a simulated node: a preset or a YAML file");
  doctor->add_flag("--json", asked->wants_json, "for programs");
  doctor->add_option("--report", asked->report, "write a report for an issue into this file");
  doctor->add_flag("--host-only", asked->skips_self_tests, "load no driver, try nothing");
  doctor->add_option("--root", asked->root, "where proc, sys and dev of the host are");
  doctor->add_option_function<unsigned>(
      "--time-limit",
      [asked](unsigned seconds) { asked->time_limit = std::chrono::seconds(seconds); },
      "seconds for each self-test; default: 60");
  doctor->add_option("--bytes", asked->test_bytes, "memory of one allocation of a self-test")
      ->check(CLI::Range(std::size_t{4096}, std::size_t{1} << 40))
      ->capture_default_str();
  doctor->add_option("--self-test", *self_test)->group("");
  doctor->footer(
      "Exit code: 0 every self-test passed that the devices can take; 1 the doctor could not "
      "work;\n"
      "2 some self-test failed, crashed or did not end; 3 no GPU can be used.");
  return {doctor, [asked, self_test] {
            return self_test->empty() ? tools::examine_machine(*asked)
                                      : tools::run_self_test(*self_test, asked->test_bytes);
          }};
}

Subcommand add_nodes(CLI::App& app) {
  return {app.add_subcommand("nodes", "List the presets of simulated nodes"), tools::print_nodes};
}

Subcommand add_kernel(CLI::App& app) {
  auto* kernel =
      app.add_subcommand("kernel", "Say what the kernels of a SPIR-V file do with memory");
  const Text file = text();
  const auto format = std::make_shared<tools::Format>(tools::Format::text);
  kernel->add_option("file", *file, "a SPIR-V module")->required();
  kernel->add_flag_callback(
      "--json", [format] { *format = tools::Format::json; }, "for programs");
  return {kernel, [file, format] { return tools::print_kernels(*file, *format); }};
}

/// Runs `start` with the program that was named, if one was.
int with_program(const CLI::App& app,
                 int (*start)(const std::string&, const std::string&,
                              const std::vector<std::string>&),
                 const std::string& node, const std::string& file) {
  const std::vector<std::string> program = app.remaining();
  if (!program.empty()) return start(node, file, program);
  std::cerr << "zesvm: a program is missing: zesvm run|trace [--node NODE] [--] PROGRAM "
               "[ARGUMENT...]\n";
  return 2;
}

int run_without_trace(const std::string& node, const std::string&,
                      const std::vector<std::string>& program) {
  return tools::run_on_node(node, program);
}

Subcommand add_run(CLI::App& app) {
  auto* run = app.add_subcommand("run", "Run any Level Zero program on the simulated node");
  const Text node = text();
  run->add_option("--node", *node, "simulated node: a preset or a YAML file");
  run->prefix_command();
  run->footer("Example: zesvm run --node pvc-6 -- ./my_program --its-option");
  return {run, [run, node] { return with_program(*run, run_without_trace, *node, ""); }};
}

Subcommand add_trace(CLI::App& app) {
  auto* trace = app.add_subcommand(
      "trace", "Run a program, on the simulated node without GPUs, and keep what happened");
  const Text node = text();
  const Text file = text("zesvm-trace.json");
  trace->add_option("--node", *node, "simulated node: a preset or a YAML file");
  trace->add_option("--output", *file, "where to")->capture_default_str();
  trace->prefix_command();
  trace->footer("Example: zesvm trace --output t.json -- ./my_program; then zesvm map t.json");
  return {trace, [=] { return with_program(*trace, tools::trace_program, *node, *file); }};
}

Subcommand add_map(CLI::App& app) {
  auto* map = app.add_subcommand("map", "Draw where memory was in a trace, and say what to change");
  const Text trace = text();
  const Text page = text();
  map->add_option("trace", *trace, "what `zesvm trace` wrote")->required();
  map->add_option("--output", *page, "the page; default: the trace's name with .html");
  return {map, [trace, page] { return tools::print_map(*trace, *page); }};
}

Subcommand add_demo(CLI::App& app) {
  auto* demo = app.add_subcommand("demo", "Run the demo; zesvm demo --help lists its options");
  demo->prefix_command();
  demo->set_help_flag();  // the demo's own is better
  return {demo, [demo] { return tools::run_demo("", demo->remaining()); }};
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
  std::vector<Subcommand> subcommands;
  for (auto add :
       {add_info, add_doctor, add_nodes, add_kernel, add_run, add_trace, add_map, add_demo})
    subcommands.push_back(add(app));

  // CLI11 takes `--` for the end of the subcommand, not only of its options.
  std::vector<std::string> words = words_of_command_line(argc, argv);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  for (const Subcommand& subcommand : subcommands)
    if (*subcommand.app) return subcommand.run();
  return EXIT_FAILURE;
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
