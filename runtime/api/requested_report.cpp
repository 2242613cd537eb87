#include "api/requested_report.hpp"

#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include <zesvm/runtime.hpp>

#include "base/environment.hpp"
#include "base/path_pattern.hpp"

namespace zesvm {
namespace {

bool is_json(const std::string& path) {
  constexpr std::string_view suffix = ".json";
  return path.size() >= suffix.size() &&
         path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
}

void write(const Runtime& runtime, const std::string& wanted) {
  const Statistics statistics = runtime.statistics();
  if (wanted == "text") {
    std::cerr << report_text(statistics);
  } else if (wanted == "json") {
    std::cerr << report_json(statistics) << "\n";
  } else {
    const std::string path = with_process_id(wanted);
    std::ofstream file(path);
    file << (is_json(path) ? report_json(statistics) + "\n" : report_text(statistics));
    file.close();
    if (!file) std::cerr << "zesvm: ZESVM_REPORT: cannot write " << path << "\n";
  }
}

}  // namespace

void write_requested_report(const Runtime& runtime) noexcept {
  try {
    const std::string wanted = environment("ZESVM_REPORT");
    if (wanted.empty()) return;
    write(runtime, wanted);
  } catch (const std::exception& error) {
    std::cerr << "zesvm: no report: " << error.what() << "\n";
  }
}

}  // namespace zesvm
