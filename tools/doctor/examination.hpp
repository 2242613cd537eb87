/// @file examination.hpp
/// All the doctor saw, and what it comes to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/doctor/finding.hpp"
#include "tools/doctor/host_facts.hpp"
#include "tools/doctor/journal.hpp"

namespace zesvm::tools {

/// Everything a report is made from.
struct Examination {
  HostFacts host;
  /// What the host facts mean: cards and kernel, what lies between cards, limits and settings.
  Findings gpus;
  Findings peers;
  Findings limits;
  /// Variables of the environment that drivers, the loader and zesvm read.
  std::map<std::string, std::string> environment;
  Findings settings;
  /// In the order they were run.
  std::vector<TestResult> tests;
  /// Simulated devices were asked for, by an option or a variable.
  bool is_simulation_wanted = false;

  /// Returns what the tests learned under a name; null when nothing.
  nlohmann::json fact(const std::string& name) const;
  /// Returns whether the devices that were tried are simulated.
  bool is_simulated() const { return fact("simulated") == true; }
  /// Returns whether there is no GPU behind the devices that were tried: Intel's driver was told to run without, and no
  /// kernel did anything.
  bool is_without_hardware() const;
};

/// What an examination comes to; the exit codes of `zesvm doctor`.
enum class Verdict {
  /// Every self-test passed that the devices can take.
  works = 0,
  /// Some self-test failed, crashed or did not end.
  fails = 2,
  /// No GPU could be used: nothing was tried, or only simulated devices that nobody asked for.
  no_gpu = 3,
};

/// Returns what the examination comes to.
Verdict verdict_of(const Examination& seen);
/// Returns it in words, for the end of a report.
std::string words_of(Verdict verdict, const Examination& seen);

/// What one backing is good for.
struct BackingSummary {
  std::string backing;
  Outcome outcome = Outcome::not_run;
  /// Why it is not available, what fails, or what is limited.
  std::string reason;
};

/// Returns one summary for each backing.
std::vector<BackingSummary> summaries_of(const Examination& seen);

/// Returns what to do about a self-test; empty: nothing.
std::string remedy_for(const TestResult& test, const Examination& seen);

/// Returns the variables of `environment` that matter, and judges them.
std::map<std::string, std::string> variables_that_matter(char** environment);
Findings judge_environment(const std::map<std::string, std::string>& variables);

}  // namespace zesvm::tools
