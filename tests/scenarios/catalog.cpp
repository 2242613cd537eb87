#include "scenarios/catalog.hpp"

#include "scenarios/families.hpp"
#include "scenarios/kinds.hpp"
#include "scenarios/session.hpp"
#include "scenarios/singles.hpp"

namespace zesvm::scenarios {

std::vector<Scenario> scenarios_of(const Session& session) {
  std::vector<Scenario> all;
  for (const Family& family : families()) {
    for (const Kind& kind : kinds()) {
      all.push_back({family.name, kind.name, session.node(), kind.reason_against(session),
                     family.processes,
                     [&](std::uint64_t seed) { run_family(session, family, kind, seed); }});
    }
  }
  for (const Single& single : singles()) {
    Kind like;
    like.needs = single.needs;
    all.push_back({single.group, single.name, session.node(), like.reason_against(session), 1,
                   [&session, single](std::uint64_t seed) {
                     Space space{session};
                     single.run(space, seed);
                   }});
  }
  return all;
}

}  // namespace zesvm::scenarios
