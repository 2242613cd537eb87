#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "tools/doctor/memory_tests.hpp"
#include "tools/doctor/report.hpp"
#include "tools/doctor/self_tests.hpp"

namespace zesvm::tools {
namespace {

constexpr std::size_t line_width = 100;
constexpr std::size_t mark_width = 12;
constexpr std::size_t about_width = 18;

/// Prints words from `column` on, where the line is, and at `indent` on further lines.
void print_wrapped(std::ostream& out, const std::string& text, std::size_t indent,
                   std::size_t column) {
  std::istringstream words(text);
  bool is_first = true;
  for (std::string word; words >> word; is_first = false) {
    if (!is_first && column + 1 + word.size() > line_width) {
      out << "\n" << std::string(indent, ' ') << word;
      column = indent + word.size();
    } else {
      out << (is_first ? "" : " ") << word;
      column += word.size() + (is_first ? 0 : 1);
    }
  }
  out << "\n";
}

void print_entry(std::ostream& out, const std::string& mark, const std::string& about,
                 const std::string& what, const std::string& remedy) {
  constexpr std::size_t indent = 2 + mark_width + about_width + 1;
  out << "  " << std::left << std::setw(mark_width) << mark << std::setw(about_width) << about
      << " ";
  print_wrapped(out, what, indent, 2 + mark_width + std::max(about.size(), about_width) + 1);
  if (remedy.empty()) return;
  out << std::string(indent, ' ');
  print_wrapped(out, "-> " + remedy, indent, indent);
}

void print_findings(std::ostream& out, const char* title, const Findings& findings) {
  if (findings.empty()) return;
  out << "\n" << title << "\n";
  for (const Finding& finding : findings)
    print_entry(out, name_of(finding.grade), finding.about, finding.what, finding.remedy);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// Names places such as "device 0, mostly read"; the same on several devices once, as
/// "devices 0, 1 (mostly read)".
std::string places_text(const std::vector<std::string>& places) {
  const std::string device = "device ";
  std::vector<std::string> numbers;
  std::vector<std::vector<std::string>> steps;
  for (const std::string& place : places) {
    const std::size_t comma = place.find(", ");
    if (place.rfind(device, 0) != 0 || comma == std::string::npos) return joined(places);
    const std::string number = place.substr(device.size(), comma - device.size());
    if (numbers.empty() || numbers.back() != number) {
      numbers.push_back(number);
      steps.emplace_back();
    }
    steps.back().push_back(place.substr(comma + 2));
  }
  const bool are_alike = std::all_of(steps.begin(), steps.end(),
                                     [&](const auto& some) { return some == steps.front(); });
  if (places.size() < 2 || !are_alike) return joined(places);
  return (numbers.size() > 1 ? "devices " : device) + joined(numbers) + " (" +
         joined(steps.front()) + ")";
}

/// Returns what the steps say that are of interest; alike ones share a line.
std::string steps_text(const TestResult& test) {
  // Which way data takes is worth knowing, too, when all is well.
  const bool shows_all = test.name == "peers";
  std::vector<std::pair<std::string, std::vector<std::string>>> said;  // what, where
  for (const Step& step : test.steps) {
    if ((step.outcome == Outcome::passed && !shows_all) || step.what.empty()) continue;
    const auto alike = std::find_if(said.begin(), said.end(),
                                    [&](const auto& one) { return one.first == step.what; });
    if (alike != said.end())
      alike->second.push_back(step.where);
    else
      said.push_back({step.what, {step.where}});
  }
  std::string text;
  for (const auto& [what, where] : said)
    text += (text.empty() ? "" : "; ") + places_text(where) + ": " + what;
  return text;
}

/// Returns what a test shows, and whether a driver said nothing of its hints.
std::string passed_text(const TestResult& test, const std::string& claim) {
  for (const Step& step : test.steps)
    if (step.what.rfind(unconfirmed, 0) == 0) return claim + "; hints " + step.what;
  return claim;
}

std::string claim_of(const std::string& name) {
  for (const SelfTest& test : self_tests())
    if (test.name == name) return test.claim;
  return "";
}

void print_test(std::ostream& out, const TestResult& test, const Examination& seen) {
  const std::string steps = steps_text(test);
  print_entry(out, name_of(test.outcome), test.name,
              steps.empty() ? passed_text(test, claim_of(test.name)) : steps,
              remedy_for(test, seen));
  if (test.outcome < Outcome::failed) return;
  std::istringstream lines(test.last_output);
  for (std::string line; std::getline(lines, line);) out << "      | " << line << "\n";
}

void print_tests(std::ostream& out, const Examination& seen) {
  out << "\nSelf-tests" << (seen.is_simulated() ? ", on simulated devices" : "") << "\n";
  // Alike, one after the other, share a line.
  std::string names;
  for (std::size_t i = 0; i < seen.tests.size(); ++i) {
    const TestResult& test = seen.tests[i];
    if (test.outcome != Outcome::not_run) {
      print_test(out, test, seen);
      continue;
    }
    const std::string& reason = test.steps.front().what;
    names += (names.empty() ? "" : ", ") + test.name;
    const bool goes_on = i + 1 < seen.tests.size() &&
                         seen.tests[i + 1].outcome == Outcome::not_run &&
                         seen.tests[i + 1].steps.front().what == reason;
    if (goes_on) continue;
    print_entry(out, "not run", "", names + ": " + reason, "");
    names.clear();
  }
}

std::string state_of(const BackingSummary& summary) {
  switch (summary.outcome) {
    case Outcome::passed: return "works";
    case Outcome::limited: return "works; not everything is followed: " + summary.reason;
    case Outcome::unavailable: return "not to be had: " + summary.reason;
    case Outcome::not_run: return "not tried";
    default: return "DOES NOT WORK: " + summary.reason;
  }
}

void print_backings(std::ostream& out, const Examination& seen) {
  out << "\nWhat carries memory\n";
  for (const BackingSummary& summary : summaries_of(seen))
    print_entry(out, "", summary.backing, state_of(summary), "");
}

std::string plain(const nlohmann::json& fact) {
  return fact.is_string() ? fact.get<std::string>() : "unknown";
}

void print_device(std::ostream& out, std::size_t index, const nlohmann::json& device) {
  std::string text = plain(device.at("name")) + ", " +
                     std::to_string(device.at("memory_bytes").get<std::uint64_t>() >> 20) + " MiB";
  text += device.at("page_faults") == true ? ", takes page faults" : ", no page faults";
  text += device.at("any_pointer") == true ? ", uses any pointer" : ", allocations only";
  text += "; memory is carried by " + plain(device.at("capabilities").at("backing"));
  print_entry(out, "", "device " + std::to_string(index), text, "");
}

std::string driver_text(const Examination& seen) {
  if (seen.is_simulated()) return "the simulated one";
  return seen.is_without_hardware() ? "a real one, without hardware" : "a real one";
}

void print_level_zero(std::ostream& out, const Examination& seen) {
  out << "\nLevel Zero\n";
  print_entry(out, "", "loader",
              plain(seen.fact("loader_file")) + ", version " + plain(seen.fact("loader_version")),
              "");
  const nlohmann::json devices = seen.fact("devices");
  if (!devices.is_array()) return;
  print_entry(out, "", "driver in use",
              driver_text(seen) + ", version " + plain(seen.fact("driver_version")) +
                  ", specification " + plain(seen.fact("specification")),
              "");
  for (std::size_t i = 0; i < devices.size(); ++i) print_device(out, i, devices[i]);
}

void print_warning(std::ostream& out, const Examination& seen) {
  if (seen.is_without_hardware())
    out << "\nTHERE IS NO GPU BEHIND THE DEVICES: Intel's driver was told to run without hardware. "
           "It takes work\n"
           "and does none of it, so that nothing could be tried.\n";
  if (!seen.is_simulated()) return;
  out << "\nTHE DEVICES ARE SIMULATED (node " << plain(seen.fact("node"))
      << "): the self-tests below show that zesvm itself works\non this machine; they say nothing "
         "about a GPU.\n";
}

}  // namespace

void print_report(std::ostream& out, const Examination& seen) {
  out << "Report of " << ZESVM_VERSION << " doctor\n";
  print_warning(out, seen);
  print_findings(out, "GPUs and kernel", seen.gpus);
  print_findings(out, "Between cards", seen.peers);
  print_findings(out, "Settings and limits", seen.limits);
  print_findings(out, "Environment", seen.settings);
  if (!seen.tests.empty()) {
    print_level_zero(out, seen);
    print_tests(out, seen);
    if (!seen.is_without_hardware()) print_backings(out, seen);
  }
  out << "\n";
  print_wrapped(out, words_of(verdict_of(seen), seen), 0, 0);
}

}  // namespace zesvm::tools
