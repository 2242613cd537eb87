/// @file commands.hpp
/// What the `zesvm` command does. Every function returns the exit code.
#pragma once

#include <string>
#include <vector>

namespace zesvm::tools {

/// How a report is printed.
enum class Format { text, json };

/// Prints the node: devices, links, where the facts are from, and whether it is simulated.
/// @errors zesvm::Error: no devices could be had
int print_info(const std::string& node, Format format);

/// Prints the names of the presets with what they are.
int print_nodes();

/// Becomes `command`, set up so that its Level Zero calls reach the simulated node.
/// Returns only when that failed: 127 when there is no such program, 126 when it cannot be run.
/// @errors zesvm::Error: no such node, no driver library
int run_on_node(const std::string& node, const std::vector<std::string>& command);

/// Becomes the demo; returns as run_on_node().
int run_demo(const std::string& node, const std::vector<std::string>& arguments);

}  // namespace zesvm::tools
