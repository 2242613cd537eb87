/// @file report.hpp
/// An examination as text for people, and as JSON for programs.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>

#include "tools/doctor/examination.hpp"

namespace zesvm::tools {

/// Prints the report.
void print_report(std::ostream& out, const Examination& seen);

/// Returns the same and all facts it is made from, as docs/doctor.md describes it.
nlohmann::json json_report(const Examination& seen);

}  // namespace zesvm::tools
