/// @file facts_json.hpp
/// Recordings: the answers of Level Zero, Sysman, hwloc and libnuma as JSON, to be looked at and
/// judged again on another machine. The node file is not part of a recording.
#pragma once

#include <string>

#include "topology/facts.hpp"

namespace zesvm::topology {

/// Returns the facts as JSON; facts_of_json() reads the same facts back.
std::string json_of_facts(const NodeFacts& facts);

/// Reads a recording.
/// @errors std::runtime_error: not JSON, or a value of another kind than the recording has there;
///         the message names `file` and the value
NodeFacts facts_of_json(const std::string& text, const std::string& file = "<text>");

}  // namespace zesvm::topology
