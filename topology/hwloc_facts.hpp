/// @file hwloc_facts.hpp
/// Reads what hwloc knows: the PCI tree above each Intel GPU, NUMA nodes and their distances, and
/// the Xe Link bandwidths between its Level Zero objects.
#pragma once

#include <string>
#include <variant>

#include "topology/facts.hpp"

namespace zesvm::topology {

/// The facts, or why there are none.
using HwlocAnswer = std::variant<HwlocFacts, MissingSource>;

/// Reads this machine, or the one `HWLOC_XMLFILE` names.
HwlocAnswer read_hwloc();

/// Reads an XML export of any machine.
HwlocAnswer read_hwloc_xml(const std::string& file);

}  // namespace zesvm::topology
