#include "scenarios/runner.hpp"

#include <chrono>
#include <exception>
#include <iomanip>
#include <iostream>
#include <random>
#include <vector>

#include "scenarios/catalog.hpp"
#include "scenarios/failure.hpp"
#include "scenarios/process.hpp"
#include "scenarios/resources.hpp"

namespace zesvm::scenarios {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<Scenario> chosen(const Session& session, const Choice& choice) {
  std::vector<Scenario> out;
  for (Scenario& scenario : scenarios_of(session)) {
    if (!choice.family.empty() && scenario.family != choice.family) continue;
    if (!choice.kind.empty() && scenario.kind != choice.kind) continue;
    if (choice.processes == Choice::Processes::is_one) scenario.processes = 1;
    out.push_back(std::move(scenario));
  }
  return out;
}

/// Runs one, in other processes where it is about several. Returns whether all was right.
bool run_one(const Scenario& scenario, std::uint64_t seed) {
  const auto start = Clock::now();
  std::string wrong;
  try {
    if (scenario.processes == 1) {
      scenario.run(seed);
    } else {
      const std::size_t failed =
          run_again({"--one-of-many", "--node", scenario.node, "--family", scenario.family,
                     "--kind", scenario.kind, "--seed", std::to_string(seed)},
                    scenario.processes);
      must(failed == 0, failed, " of ", scenario.processes, " processes failed");
    }
  } catch (const std::exception& error) {
    wrong = error.what();
  }
  std::cout << (wrong.empty() ? "ok      " : "FAILED  ") << scenario.name() << "  " << std::fixed
            << std::setprecision(2) << seconds_since(start) << " s";
  if (!wrong.empty()) std::cout << "  seed " << seed << ": " << wrong;
  std::cout << std::endl;
  return wrong.empty();
}

std::vector<Scenario> applying(const Session& session, const Choice& choice) {
  std::vector<Scenario> out;
  for (Scenario& scenario : chosen(session, choice)) {
    if (scenario.reason_against.empty()) out.push_back(std::move(scenario));
  }
  return out;
}

}  // namespace

void list(const Session& session, const Choice& choice) {
  for (const Scenario& scenario : chosen(session, choice)) {
    std::cout << scenario.name();
    if (!scenario.reason_against.empty())
      std::cout << "  does not apply: " << scenario.reason_against;
    std::cout << '\n';
  }
}

std::size_t run(const Session& session, const Choice& choice) {
  const auto start = Clock::now();
  const std::size_t all = chosen(session, choice).size();
  const std::vector<Scenario> scenarios = applying(session, choice);
  std::size_t failed = 0;
  for (std::size_t i = 0; i < choice.iterations; ++i) {
    for (const Scenario& scenario : scenarios) failed += run_one(scenario, choice.seed + i) ? 0 : 1;
  }
  std::cout << session.node() << ": " << scenarios.size() * choice.iterations - failed << " ok, "
            << failed << " failed, " << all - scenarios.size() << " do not apply, "
            << seconds_since(start) << " s" << std::endl;
  return failed;
}

std::size_t soak(const Session& session, const Choice& choice) {
  const std::vector<Scenario> scenarios = applying(session, choice);
  if (scenarios.empty()) return 0;
  std::mt19937_64 random{choice.seed};
  std::size_t failed = 0;
  std::size_t count = 0;
  // What is made once and kept is made by the first ones: pools, modules, arenas of threads.
  const auto one = [&] {
    failed += run_one(scenarios[random() % scenarios.size()], random()) ? 0 : 1;
    ++count;
  };
  const auto start = Clock::now();
  const auto seconds = static_cast<double>(choice.soak_seconds);
  while (seconds_since(start) < seconds / 10) one();
  const Resources before = Resources::now(session);
  while (seconds_since(start) < seconds) one();
  const Resources after = Resources::now(session);
  const std::string leaked = after.leaked_since(before);
  std::cout << session.node() << ": " << count << " random scenarios, " << failed
            << " failed\n  before: " << before.text() << "\n  after:  " << after.text() << "\n"
            << (leaked.empty() ? "  nothing leaked" : "  LEAKED:" + leaked) << std::endl;
  return failed + (leaked.empty() ? 0 : 1);
}

}  // namespace zesvm::scenarios
