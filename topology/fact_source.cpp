#include "topology/fact_source.hpp"

namespace zesvm::topology {

std::string_view name_of(Source source) {
  switch (source) {
    case Source::none: return "unknown";
    case Source::assumed: return "assumed";
    case Source::derived: return "derived";
    case Source::node_file: return "node file";
    case Source::libnuma: return "libnuma";
    case Source::hwloc: return "hwloc";
    case Source::sysman: return "sysman";
    case Source::fabric: return "fabric";
    case Source::level_zero: return "level zero";
    case Source::data_check: return "data check";
  }
  return "?";
}

std::string_view name_of(DataCheck check) {
  switch (check) {
    case DataCheck::not_done: return "not checked";
    case DataCheck::verified: return "verified";
    case DataCheck::failed: return "failed";
  }
  return "?";
}

std::string_view letters_of(PciPath path) {
  switch (path) {
    case PciPath::unknown: return "?";
    case PciPath::one_bridge: return "PIX";
    case PciPath::bridges: return "PXB";
    case PciPath::host_bridge: return "PHB";
    case PciPath::numa_node: return "NODE";
    case PciPath::system: return "SYS";
  }
  return "?";
}

}  // namespace zesvm::topology
