#include "tools/doctor/finding.hpp"

#include <algorithm>

namespace zesvm::tools {

const char* name_of(Grade grade) {
  switch (grade) {
    case Grade::good: return "ok";
    case Grade::note: return "note";
    case Grade::warning: return "warning";
    case Grade::problem: return "problem";
  }
  return "unknown";
}

Grade worst_of(const Findings& findings) {
  const auto worst =
      std::max_element(findings.begin(), findings.end(),
                       [](const Finding& a, const Finding& b) { return a.grade < b.grade; });
  return worst == findings.end() ? Grade::good : worst->grade;
}

}  // namespace zesvm::tools
