/// @file commands.hpp
/// What the `zesvm` command does. Every function returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "levelzero/machine.hpp"
#include "topology/report.hpp"

namespace zesvm::tools {

/// How a report is printed.
enum class Format { text, json };

/// What `zesvm info` is asked for. Empty strings: not asked for.
struct InfoOptions {
  std::string node;
  Format format = Format::text;
  topology::ShowSources sources = topology::ShowSources::no;
  /// Whether data is sent between peers before access is believed.
  levelzero::VerifyData verify = levelzero::VerifyData::yes;
  /// Files to write: a picture, and what the sources said.
  std::string svg;
  std::string png;
  std::string record;
  /// Files to read instead of asking this machine: such a record, and an hwloc export.
  std::string recording;
  std::string hwloc;
};

/// Prints the node: devices, links, where the facts are from, and whether it is simulated.
/// @errors zesvm::Error: no devices could be had; std::runtime_error: a file cannot be read or
///         written, or a picture cannot be drawn
int print_info(const InfoOptions& options);

/// Prints the names of the presets with what they are.
int print_nodes();

/// Prints, for each kernel of a SPIR-V file, what it does with the memory behind each argument.
/// @errors zesvm::Error: the file cannot be read, or is no SPIR-V
int print_kernels(const std::string& file, Format format);

/// Becomes `command`, set up so that its Level Zero calls reach the simulated node.
/// Returns only when that failed: 127 when there is no such program, 126 when it cannot be run.
/// @errors zesvm::Error: no such node, no driver library
int run_on_node(const std::string& node, const std::vector<std::string>& command);

/// Runs `command` on what ZESVM_BACKEND and ZESVM_NODE say, a simulated node where `node` names one,
/// and writes what happens to `file` (docs/tracing.md). Returns its exit code, or 128 and the signal
/// that ended it.
int trace_program(const std::string& node, const std::string& file,
                  const std::vector<std::string>& command);

/// Prints what a trace says and writes a page with a picture of it; an empty `page` stands for the
/// trace's name with .html.
/// @errors zesvm::Error: the trace cannot be read, the page cannot be written
int print_map(const std::string& trace, std::string page);

/// Becomes the demo; returns as run_on_node().
int run_demo(const std::string& node, const std::vector<std::string>& arguments);

}  // namespace zesvm::tools
