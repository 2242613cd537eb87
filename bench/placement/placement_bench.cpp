// What planned placement is worth: virtual time of an all-pairs and of a halo exchange, with memory
// placed by the planner, by touch, and in system memory, on each preset.
//
//   placement_bench [--json] [preset ...]
//
// Goal: planned is never worse than the others; else the exit code is 1. Virtual clock: what the
// described links would take. Each preset runs in a process of its own.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

#include "exchange.hpp"

namespace {

using zesvm::bench::Outcome;
using zesvm::bench::Program;
using zesvm::bench::Strategy;

constexpr std::array strategies{Strategy::planned, Strategy::first_touch, Strategy::system_memory};

enum class Format { text, json };

struct Options {
  Format format = Format::text;
  bool is_child = false;
  std::vector<std::string> nodes;
};

Options read_options(int count, char** values) {
  Options options;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(values[i], "--json") == 0)
      options.format = Format::json;
    else if (std::strcmp(values[i], "--here") == 0)
      options.is_child = true;
    else
      options.nodes.emplace_back(values[i]);
  }
  if (options.nodes.empty()) options.nodes = {"pvc-1", "pvc-6", "bmg-2", "arc-2"};
  return options;
}

void print_json(const std::string& node, const Program& program,
                const std::vector<Outcome>& outcomes) {
  std::printf("{\"node\": \"%s\", \"program\": \"%s\", \"steps\": %zu", node.c_str(),
              program.name.c_str(), program.steps);
  for (std::size_t i = 0; i < strategies.size(); ++i)
    std::printf(", \"%s\": {\"virtual_ms\": %.6f, \"wall_ms\": %.3f, \"times_planned\": %.3f}",
                name_of(strategies[i]), outcomes[i].virtual_ms, outcomes[i].wall_ms,
                outcomes[i].virtual_ms / outcomes[0].virtual_ms);
  std::puts("}");
}

void print_text(const std::string& node, const Program& program,
                const std::vector<Outcome>& outcomes) {
  std::printf("%s, %s of %zu steps\n", node.c_str(), program.name.c_str(), program.steps);
  for (std::size_t i = 0; i < strategies.size(); ++i)
    std::printf("  %-14s %10.3f ms virtual time  %6.2f x planned  (%.0f ms wall time)\n",
                name_of(strategies[i]), outcomes[i].virtual_ms,
                outcomes[i].virtual_ms / outcomes[0].virtual_ms, outcomes[i].wall_ms);
}

// Returns whether planned placement was the best, and every strategy computed the same.
bool run_program(zesvm::Runtime& runtime, const std::string& node, const Program& program,
                 Format format) {
  std::vector<Outcome> outcomes;
  for (const Strategy strategy : strategies) outcomes.push_back(run(runtime, program, strategy));
  format == Format::json ? print_json(node, program, outcomes)
                         : print_text(node, program, outcomes);
  bool is_best = true;
  for (const Outcome& outcome : outcomes) {
    if (outcome.virtual_ms < outcomes[0].virtual_ms) is_best = false;
    if (outcome.checksum != outcomes[0].checksum) {
      std::fprintf(stderr, "placement_bench: %s computed something else\n", program.name.c_str());
      is_best = false;
    }
  }
  return is_best;
}

bool run_node(const std::string& node, Format format) {
  zesvm::Runtime runtime({zesvm::Backend::simulator, node});
  // The first advice for a peer sends data to all of them, to see that it arrives: once, and not what
  // is measured here.
  run(runtime, zesvm::bench::halo_exchange(runtime), Strategy::planned);
  const bool halo = run_program(runtime, node, zesvm::bench::halo_exchange(runtime), format);
  return run_program(runtime, node, zesvm::bench::all_pairs_exchange(runtime), format) && halo;
}

// Level Zero is initialised once in a process, for one node.
bool run_apart(const std::string& node, Format format) {
  std::array<char, 4096> path{};
  if (::readlink("/proc/self/exe", path.data(), path.size() - 1) < 0) return false;
  std::string command = "'" + std::string(path.data()) + "' --here '" + node + "'";
  if (format == Format::json) command += " --json";
  return std::system(command.c_str()) == 0;
}

}  // namespace

int main(int count, char** values) {
  const Options options = read_options(count, values);
  try {
    bool is_best = true;
    for (const std::string& node : options.nodes)
      is_best &=
          options.is_child ? run_node(node, options.format) : run_apart(node, options.format);
    if (!is_best) std::fprintf(stderr, "placement_bench: planned placement was not the best\n");
    return is_best ? 0 : 1;
  } catch (const zesvm::Error& error) {
    std::cerr << "placement_bench: " << error.what() << "\n";
    return 1;
  }
}
