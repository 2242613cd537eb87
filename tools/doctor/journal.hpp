/// @file journal.hpp
/// What a self-test says while it runs, line by line, so that what it did before it crashed is known.
///
/// A line is a JSON object: {"at": WHERE} before a step, {"where", "outcome", "what"} after it,
/// {"fact", "value"} for something learned.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/doctor/child_process.hpp"

namespace zesvm::tools {

/// What became of a self-test, or of a step of one; the later, the worse.
enum class Outcome {
  passed,
  /// Results are right, but something was ignored or is slower than it could be.
  limited,
  /// The devices or the driver cannot do it.
  unavailable,
  /// Not tried, since something it needs failed.
  not_run,
  /// Wrong results, or an error.
  failed,
  timed_out,
  crashed,
};

/// Returns the outcome as reports spell it.
const char* name_of(Outcome outcome);

/// One thing a self-test tried.
struct Step {
  std::string where;
  Outcome outcome = Outcome::passed;
  /// What was seen, where there is something to say.
  std::string what;
};

/// Writes the lines of a self-test to report_descriptor.
class Journal {
 public:
  /// Says what is tried next.
  void at(const std::string& where);
  /// Says what became of it.
  void note(Outcome outcome, const std::string& what = {});
  /// Says something that was learned.
  void fact(const std::string& name, const nlohmann::json& value);

 private:
  static void write(const nlohmann::json& line);
  std::string where_;
};

/// What a self-test came to.
struct TestResult {
  std::string name;
  Outcome outcome = Outcome::passed;
  std::vector<Step> steps;
  nlohmann::json facts = nlohmann::json::object();
  double seconds = 0;
  /// The end of what the driver and others printed; kept only where something went wrong.
  std::string last_output;
};

/// Makes the result of what a child wrote and how it ended.
TestResult result_of(const std::string& name, const ChildResult& child);

}  // namespace zesvm::tools
