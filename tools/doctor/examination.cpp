#include "tools/doctor/examination.hpp"

#include <algorithm>

#include "levelzero/without_hardware.hpp"
#include "tools/doctor/self_tests.hpp"

namespace zesvm::tools {
namespace {

bool is_failure(Outcome outcome) { return outcome >= Outcome::failed; }

const TestResult* find(const Examination& seen, const std::string& name) {
  const auto found = std::find_if(seen.tests.begin(), seen.tests.end(),
                                  [&](const TestResult& test) { return test.name == name; });
  return found != seen.tests.end() ? &*found : nullptr;
}

/// Says what was worst in a test of a backing.
std::string reason_in(const TestResult& test) {
  for (const Step& step : test.steps) {
    if (step.outcome != test.outcome) continue;
    // What cannot be had cannot be had in any test.
    if (step.outcome == Outcome::unavailable) return step.what;
    return test.name.substr(test.name.find('/') + 1) + ", " + step.where + ": " + step.what;
  }
  return "";
}

bool mentions(const TestResult& test, const std::string& word) {
  return std::any_of(test.steps.begin(), test.steps.end(),
                     [&](const Step& step) { return step.what.find(word) != std::string::npos; });
}

/// Returns the tests of a backing that say something of it: one device is no fault of a backing.
std::vector<const TestResult*> tests_of(const Examination& seen, const std::string& backing) {
  std::vector<const TestResult*> tests;
  for (const TestResult& test : seen.tests)
    if (test.name.rfind(backing + "/", 0) == 0 && !mentions(test, "there is one device"))
      tests.push_back(&test);
  return tests;
}

/// Returns the variables that tell Intel's driver to run without hardware; none when it was not told to.
std::vector<std::string> settings_without_hardware(
    const std::map<std::string, std::string>& environment) {
  return levelzero::settings_without_hardware([&](const std::string& name) {
    const auto found = environment.find(name);
    return found != environment.end() ? found->second : std::string();
  });
}

std::string to_use_hardware(const std::map<std::string, std::string>& environment) {
  std::string command = "unset";
  for (const std::string& name : settings_without_hardware(environment)) command += " " + name;
  return command;
}

}  // namespace

bool Examination::is_without_hardware() const {
  const TestResult* const kernels = find(*this, kernels_test);
  return !is_simulated() && kernels != nullptr && kernels->outcome == Outcome::failed &&
         !settings_without_hardware(environment).empty();
}

nlohmann::json Examination::fact(const std::string& name) const {
  for (const TestResult& test : tests)
    if (test.facts.contains(name)) return test.facts.at(name);
  return nullptr;
}

Verdict verdict_of(const Examination& seen) {
  if (seen.tests.empty())
    return worst_of(seen.gpus) == Grade::problem ? Verdict::no_gpu : Verdict::works;
  const TestResult* devices = find(seen, devices_test);
  if (devices == nullptr || devices->outcome != Outcome::passed) return Verdict::no_gpu;
  const bool has_failure =
      std::any_of(seen.tests.begin(), seen.tests.end(),
                  [](const TestResult& test) { return is_failure(test.outcome); });
  if (seen.is_simulated() && !seen.is_simulation_wanted) return Verdict::no_gpu;
  if (seen.is_without_hardware()) return Verdict::no_gpu;
  return has_failure ? Verdict::fails : Verdict::works;
}

std::string words_of(Verdict verdict, const Examination& seen) {
  if (seen.tests.empty())
    return verdict == Verdict::works ? "The host looks right; nothing was tried on its devices."
                                     : "No GPU can be used.";
  if (verdict == Verdict::fails)
    return "Something does not work: see above. Please attach a report (--report FILE) when you "
           "file "
           "an issue.";
  if (verdict == Verdict::works)
    return seen.is_simulated() ? "zesvm works here, on simulated devices."
                               : "zesvm works here, on real devices.";
  if (seen.is_without_hardware())
    return "No GPU was tried: Intel's driver runs without hardware here, and nothing executes on "
           "its "
           "devices. That says nothing of a GPU, nor of zesvm on one. Try again after: " +
           to_use_hardware(seen.environment);
  if (seen.is_simulated())
    return "No GPU can be used. Programs of zesvm run on the simulated node meanwhile.";
  return "No GPU can be used, and nothing was tried. zesvm doctor --node bmg-2 tries a simulated "
         "one.";
}

std::vector<BackingSummary> summaries_of(const Examination& seen) {
  std::vector<BackingSummary> summaries;
  for (const char* backing : tested_backings) {
    BackingSummary summary{backing, Outcome::not_run, ""};
    const auto tests = tests_of(seen, backing);
    const bool is_tried = std::any_of(tests.begin(), tests.end(), [](const TestResult* test) {
      return test->outcome != Outcome::not_run;
    });
    if (is_tried) summary.outcome = Outcome::passed;
    for (const TestResult* test : tests) {
      if (test->outcome == Outcome::not_run || test->outcome <= summary.outcome) continue;
      summary.outcome = test->outcome;
      summary.reason = reason_in(*test);
    }
    summaries.push_back(summary);
  }
  return summaries;
}

std::string remedy_for(const TestResult& test, const Examination& seen) {
  if (!is_failure(test.outcome)) return "";
  if (seen.is_without_hardware()) return to_use_hardware(seen.environment);
  if (test.name == library_test) return "ldd shows which library is missing; install its package";
  if (test.name == devices_test && seen.environment.count("ZE_AFFINITY_MASK") != 0)
    return "unset ZE_AFFINITY_MASK: some drivers end the process where it leaves no device, or is "
           "no list of numbers";
  if (test.outcome == Outcome::crashed || test.outcome == Outcome::timed_out)
    return "look for GPU hangs in dmesg; attach a report (--report FILE) to an issue";
  if (test.name == devices_test)
    return "mend what is said about the host first; ZE_ENABLE_LOADER_DEBUG_TRACE=1 zesvm info "
           "shows "
           "what the loader does";
  if (mentions(test, "DEPENDENCY_UNAVAILABLE"))
    return "install the driver's compiler (package libigc2, or intel-igc-core)";
  const std::size_t slash = test.name.find('/');
  if (slash == std::string::npos) return "attach a report (--report FILE) to an issue";
  return "do not use " + test.name.substr(0, slash) +
         " on this machine: ZESVM_BACKING chooses another; attach a report to an issue";
}

std::map<std::string, std::string> variables_that_matter(char** environment) {
  std::map<std::string, std::string> variables;
  for (char** entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const bool matters = name.rfind("ZE", 0) == 0 || name.rfind("NEO", 0) == 0 ||
                         name == "LD_LIBRARY_PATH" || name == "LD_PRELOAD" ||
                         name == "SetCommandStreamReceiver" || name == "HardwareInfoOverride" ||
                         name == "ProductFamilyOverride" || name == "CreateMultipleRootDevices" ||
                         name == "CreateMultipleSubDevices" ||
                         name == "EnableSharedSystemUsmSupport";
    if (matters && equals != std::string::npos) variables[name] = text.substr(equals + 1);
  }
  return variables;
}

Findings judge_environment(const std::map<std::string, std::string>& variables) {
  Findings findings;
  for (const auto& [name, value] : variables) findings.push_back({Grade::note, name, value, ""});
  const std::vector<std::string> without = settings_without_hardware(variables);
  if (!without.empty())
    findings.push_back({Grade::problem, "driver",
                        "Intel's driver is told to run without hardware (" + without.front() + "=" +
                            variables.at(without.front()) +
                            "): it shows devices, takes work for them, and does none of it",
                        to_use_hardware(variables)});
  return findings;
}

}  // namespace zesvm::tools
