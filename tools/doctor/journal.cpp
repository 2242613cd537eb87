#include "tools/doctor/journal.hpp"

#include <algorithm>
#include <unistd.h>

namespace zesvm::tools {
namespace {

using nlohmann::json;

constexpr Outcome outcomes[] = {Outcome::passed,  Outcome::limited, Outcome::unavailable,
                                Outcome::not_run, Outcome::failed,  Outcome::timed_out,
                                Outcome::crashed};

Outcome outcome_named(const std::string& name) {
  for (const Outcome outcome : outcomes)
    if (name == name_of(outcome)) return outcome;
  return Outcome::failed;
}

/// Reads one line; `at` is the step that has begun and not ended.
void read_line(const json& line, TestResult& result, std::string& at) {
  if (line.contains("at")) {
    at = line.at("at");
  } else if (line.contains("fact")) {
    result.facts[line.at("fact").get<std::string>()] = line.at("value");
  } else {
    result.steps.push_back({line.at("where"), outcome_named(line.at("outcome")), line.at("what")});
    at.clear();
  }
}

/// Adds the step that ended the child, if one did.
void add_ending(const ChildResult& child, const std::string& at, TestResult& result) {
  const std::string where = at.empty() ? "at its end" : at;
  if (child.is_timed_out) {
    result.steps.push_back({where, Outcome::timed_out,
                            "not done after " + std::to_string(child.took.count() / 1000) + " s"});
  } else if (child.signal != 0) {
    result.steps.push_back({where, Outcome::crashed, "ended by " + name_of_signal(child.signal)});
  } else if (child.exit_code != 0) {
    result.steps.push_back(
        {where, Outcome::crashed, "exited with code " + std::to_string(child.exit_code)});
  }
}

}  // namespace

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed: return "ok";
    case Outcome::limited: return "limited";
    case Outcome::unavailable: return "unavailable";
    case Outcome::not_run: return "not run";
    case Outcome::failed: return "failed";
    case Outcome::timed_out: return "timed out";
    case Outcome::crashed: return "crashed";
  }
  return "unknown";
}

void Journal::write(const json& line) {
  const std::string text =
      line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  // Unbuffered: it must be out before the next step crashes. A parent that is gone reads nothing.
  if (::write(report_descriptor, text.data(), text.size()) < 0) return;
}

void Journal::at(const std::string& where) {
  where_ = where;
  write({{"at", where}});
}

void Journal::note(Outcome outcome, const std::string& what) {
  write({{"where", where_}, {"outcome", name_of(outcome)}, {"what", what}});
}

void Journal::fact(const std::string& name, const json& value) {
  write({{"fact", name}, {"value", value}});
}

TestResult result_of(const std::string& name, const ChildResult& child) {
  TestResult result;
  result.name = name;
  result.seconds = static_cast<double>(child.took.count()) / 1000;
  std::string at;
  for (const std::string& text : child.lines) {
    try {
      read_line(json::parse(text), result, at);
    } catch (const json::exception&) {
      // Something else wrote to the descriptor: none of ours.
    }
  }
  add_ending(child, at, result);
  for (const Step& step : result.steps) result.outcome = std::max(result.outcome, step.outcome);
  const bool is_passed =
      std::all_of(result.steps.begin(), result.steps.end(),
                  [](const Step& step) { return step.outcome == Outcome::passed; });
  if (result.steps.empty()) {
    result.outcome = Outcome::crashed;
    result.steps.push_back({"at its start", Outcome::crashed, "it said nothing"});
  }
  if (!is_passed || result.outcome >= Outcome::failed) result.last_output = child.last_output;
  return result;
}

}  // namespace zesvm::tools
