#include "tools/doctor/doctor.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <set>
#include <stdexcept>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/environment.hpp"
#include "tools/doctor/host_findings.hpp"
#include "tools/doctor/report.hpp"
#include "tools/doctor/self_tests.hpp"

namespace zesvm::tools {
namespace {

// A device that hangs again and again has most likely to be reset: more tests would only wait.
constexpr int most_timeouts = 3;

/// Returns whether the environment names simulated devices, or drivers of the caller's choice.
bool asks_for_simulation() {
  const std::string backend = environment("ZESVM_BACKEND");
  return backend == "simulator" || (backend != "levelzero" && !environment("ZESVM_NODE").empty());
}

void set_up_environment(const DoctorOptions& options) {
  if (options.node.empty()) return;
  ::setenv("ZESVM_NODE", options.node.c_str(), 1);
  ::setenv("ZESVM_BACKEND", "simulator", 1);
}

/// Says what is being done, to people who wait.
void say_progress(const std::string& name) {
  if (::isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K" << name << std::flush;
}

std::string own_program() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "/proc/self/exe" : program.string();
}

TestResult run_test(const SelfTest& test, const DoctorOptions& options) {
  say_progress(test.name.empty() ? "" : "trying " + test.name);
  return result_of(test.name, run_child({own_program(), "doctor", "--self-test", test.name,
                                         "--bytes", std::to_string(options.test_bytes)},
                                        options.time_limit));
}

TestResult not_run(const std::string& name, const std::string& reason) {
  TestResult result;
  result.name = name;
  result.outcome = Outcome::not_run;
  result.steps.push_back({"not run", Outcome::not_run, reason});
  return result;
}

/// Knows from the tests so far why a further one is not worth while.
class Hindrances {
 public:
  /// Returns why; empty: it is.
  std::string against(const std::string& test) const {
    if (!everything_.empty()) return everything_;
    return unavailable_.count(backing_in(test)) != 0 ? "the devices cannot use it" : "";
  }

  void learn(const TestResult& result) {
    if (result.outcome == Outcome::timed_out && ++timeouts_ == most_timeouts)
      everything_ = "too many self-tests did not end";
    if (result.outcome == Outcome::unavailable) unavailable_.insert(backing_in(result.name));
    if (result.outcome < Outcome::failed) return;
    if (result.name == devices_test) everything_ = "there are no devices";
    if (result.name == kernels_test) everything_ = "kernels do not run";
  }

 private:
  /// The first test of a backing tells whether it is to be had.
  static std::string backing_in(const std::string& test) { return test.substr(0, test.find('/')); }

  std::string everything_;
  std::set<std::string> unavailable_;
  int timeouts_ = 0;
};

std::vector<TestResult> run_tests(const DoctorOptions& options) {
  std::vector<TestResult> results;
  Hindrances hindrances;
  for (const SelfTest& test : self_tests()) {
    const std::string reason = hindrances.against(test.name);
    results.push_back(reason.empty() ? run_test(test, options) : not_run(test.name, reason));
    if (reason.empty()) hindrances.learn(results.back());
  }
  say_progress("");
  return results;
}

void write_report(const std::string& file, const Examination& seen) {
  std::ofstream out(file);
  print_report(out, seen);
  out << "\nAll of it, for programs:\n\n```json\n" << json_report(seen).dump(2) << "\n```\n";
  if (!out.flush()) throw std::runtime_error(file + ": cannot be written");
}

}  // namespace

int examine_machine(const DoctorOptions& options) {
  set_up_environment(options);
  Examination seen;
  seen.is_simulation_wanted = asks_for_simulation();
  seen.host = read_host(options.root);
  seen.gpus = judge_gpus(seen.host);
  seen.peers = judge_peers(seen.host);
  seen.limits = judge_limits(seen.host);
  seen.environment = variables_that_matter(environ);
  seen.settings = judge_environment(seen.environment);
  if (!options.skips_self_tests) seen.tests = run_tests(options);
  if (options.wants_json)
    std::cout << json_report(seen).dump(2) << "\n";
  else
    print_report(std::cout, seen);
  if (!options.report.empty()) {
    write_report(options.report, seen);
    std::cerr << "zesvm: the report is in " << options.report << "\n";
  }
  return static_cast<int>(verdict_of(seen));
}

int run_self_test(const std::string& name, std::size_t bytes) {
  // Who reads what it says is gone when the doctor is.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Started by hand: people read it. Nothing else may ever get that number.
  if (::fcntl(report_descriptor, F_GETFD) < 0) ::dup2(STDOUT_FILENO, report_descriptor);
  Journal journal;
  return perform(name, bytes, journal);
}

}  // namespace zesvm::tools
