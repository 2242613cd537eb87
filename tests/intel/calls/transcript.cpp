#include "intel/calls/transcript.hpp"

#include <algorithm>
#include <istream>
#include <ostream>

#include "levelzero/call.hpp"

namespace zesvm::tests {

void Transcript::add(const std::string& key, const std::string& value) {
  lines_.emplace_back(key, value);
}

void Transcript::add_number(const std::string& key, std::uint64_t value) {
  add(key, std::to_string(value));
}

ze_result_t Transcript::add(const std::string& key, ze_result_t result) {
  constexpr std::string_view prefix = "ZE_RESULT_";
  std::string name = levelzero::name_of(result);
  if (name.rfind(prefix, 0) == 0) name.erase(0, prefix.size());
  add(key, name);
  return result;
}

Transcript Transcript::read(std::istream& in) {
  constexpr std::string_view equals = " = ";
  Transcript read;
  for (std::string line; std::getline(in, line);) {
    const std::size_t at = line.find(equals);
    if (line.empty() || line.front() == '#' || at == std::string::npos) continue;
    read.add(line.substr(0, at), line.substr(at + equals.size()));
  }
  return read;
}

void Transcript::write(std::ostream& out) const {
  for (const auto& [key, value] : lines_) out << key << " = " << value << "\n";
}

const std::string* Transcript::find(const std::string& key) const {
  const auto found = std::find_if(lines_.begin(), lines_.end(),
                                  [&](const auto& line) { return line.first == key; });
  return found != lines_.end() ? &found->second : nullptr;
}

std::vector<std::string> compare(const Transcript& now, const Transcript& recorded,
                                 const Transcript& known) {
  std::vector<std::string> complaints;
  for (const auto& [key, value] : now.lines()) {
    if (value == absent) continue;
    const std::string* const before = recorded.find(key);
    const std::string* const allowed = known.find(key);
    if (before == nullptr)
      complaints.push_back(key + " is not recorded; here it is " + value);
    else if (allowed != nullptr && *allowed == value && value == *before)
      complaints.push_back(key + " is no difference any more");
    else if (value != *before && (allowed == nullptr || *allowed != value))
      complaints.push_back(key + ": recorded " + *before + ", here " + value);
  }
  for (const auto& [key, value] : recorded.lines()) {
    const std::string* const allowed = known.find(key);
    const bool may_be_missing = allowed != nullptr && *allowed == missing;
    if ((now.find(key) == nullptr) != may_be_missing)
      complaints.push_back(key +
                           (may_be_missing ? " is not missing any more" : " is missing here"));
  }
  for (const auto& [key, value] : known.lines())
    if (recorded.find(key) == nullptr) complaints.push_back(key + " is a difference of nothing");
  return complaints;
}

}  // namespace zesvm::tests
