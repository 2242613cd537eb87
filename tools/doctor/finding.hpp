/// @file finding.hpp
/// What the doctor found, each with what to do about it.
#pragma once

#include <string>
#include <vector>

namespace zesvm::tools {

/// How much a finding matters.
enum class Grade {
  /// As it should be.
  good,
  /// Worth knowing; nothing to do.
  note,
  /// Something works less well than it could.
  warning,
  /// Something does not work.
  problem,
};

/// Returns the grade as reports spell it.
const char* name_of(Grade grade);

/// One thing that was looked at.
struct Finding {
  Grade grade = Grade::good;
  /// What it is about: "kernel", "0000:03:00.0".
  std::string about;
  /// What was seen, and what follows from it.
  std::string what;
  /// What to do; empty: nothing.
  std::string remedy;
};

using Findings = std::vector<Finding>;

/// Returns the worst grade of all; good when there are none.
Grade worst_of(const Findings& findings);

}  // namespace zesvm::tools
