#include "intel/standin/kernel_log.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace zesvm::tests {
namespace {

std::string hex(std::uint64_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

std::vector<nlohmann::json> read(const std::string& path, std::size_t begin) {
  std::ifstream file(path);
  file.seekg(static_cast<std::streamoff>(begin));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);)
    // The last one may be written right now.
    if (auto parsed = nlohmann::json::parse(line, nullptr, false); !parsed.is_discarded())
      lines.push_back(std::move(parsed));
  return lines;
}

std::string location(const nlohmann::json& line) {
  if (line.contains("devmem_card"))
    return "on card " + std::to_string(line["devmem_card"].get<int>()) + ", " +
           line["policy"].get<std::string>();
  const std::string place = line.value("devmem", "?");
  return (place == "DEFAULT_SYSTEM"   ? "in system memory, "
          : place == "DEFAULT_DEVICE" ? "where it is used, "
                                      : place + ", ") +
         line["policy"].get<std::string>();
}

}  // namespace

std::uint64_t number_of(const nlohmann::json& line, const char* key) {
  const auto& value = line.at(key);
  return value.is_string() ? std::stoull(value.get<std::string>(), nullptr, 0)
                           : value.get<std::uint64_t>();
}

KernelLog::KernelLog() : path_(std::getenv("XE_STANDIN_LOG")) {
  for (const auto& line : read(path_, 0))
    if (line["call"] == "exec_queue_create" && line["err"] == 0)
      working_vm_[line["card"].get<int>()] = line["vm"].get<int>();
  restart();
}

std::vector<nlohmann::json> KernelLog::whole() { return read(std::getenv("XE_STANDIN_LOG"), 0); }

void KernelLog::restart() {
  std::ifstream file(path_, std::ios::ate);
  begin_ = static_cast<std::size_t>(file.tellg());
}

std::vector<nlohmann::json> KernelLog::lines() const { return read(path_, begin_); }

std::vector<nlohmann::json> KernelLog::lines(const std::string& call) const {
  auto all = lines();
  std::erase_if(all, [&](const nlohmann::json& line) { return line["call"] != call; });
  return all;
}

std::string KernelLog::hint_text(const nlohmann::json& line, std::uint64_t base) const {
  const bool is_prefetch = line["call"] == "vm_bind";
  const int card = line["card"].get<int>();
  std::string text = "card " + std::to_string(card) + ": +" +
                     hex(number_of(line, is_prefetch ? "addr" : "start") - base) + " " +
                     hex(number_of(line, "range")) + " ";
  if (is_prefetch)
    text += line["prefetch_region"] == "CONSULT_MEM_ADVISE" ? "prefetch as advised"
                                                            : "prefetch to a region";
  else if (line["type"] == "ATOMIC")
    text += "atomic " + line["atomic"].get<std::string>();
  else
    text += location(line);
  const auto working = working_vm_.find(card);
  if (working == working_vm_.end() || working->second != line["vm"].get<int>())
    text += ", another address space";
  if (line["err"] != 0) text += ", failed";
  return text;
}

std::vector<std::string> KernelLog::hints(const void* base) const {
  std::vector<std::string> found;
  for (const auto& line : lines())
    if (line["call"] == "madvise" ||
        (line["call"] == "vm_bind" && line.value("op", "") == "PREFETCH"))
      found.push_back(hint_text(line, reinterpret_cast<std::uint64_t>(base)));
  return found;
}

}  // namespace zesvm::tests
