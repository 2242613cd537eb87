/// @file catalog.hpp
/// All scenarios of a node: families x kinds, and the single ones.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace zesvm::scenarios {

class Session;

/// A scenario, `family/kind@node`.
struct Scenario {
  std::string family;
  std::string kind;
  std::string node;
  /// Why it does not apply to the node; empty when it does.
  std::string reason_against;
  /// How many processes are to run it at once.
  std::size_t processes = 1;
  /// Runs it in this process. @errors whatever is thrown: it failed
  std::function<void(std::uint64_t seed)> run;

  std::string name() const { return family + "/" + kind + "@" + node; }
};

/// Returns all of a node, whether they apply or not.
std::vector<Scenario> scenarios_of(const Session& session);

}  // namespace zesvm::scenarios
