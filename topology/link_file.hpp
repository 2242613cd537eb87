/// @file link_file.hpp
/// Reads the `links` part of a node file.
#pragma once

#include "topology/node_description.hpp"
#include "topology/yaml_reader.hpp"

namespace zesvm::topology {

/// Reads one entry of `links` and adds the link, or the links, it stands for to `node`, whose
/// devices must have been read.
/// @errors DescriptionError
void read_link(NodeDescription& node, const YAML::Node& entry, const std::string& file,
               const std::string& what);

}  // namespace zesvm::topology
