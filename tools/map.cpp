// `zesvm map`: what a trace says, as text and as a page.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include <zesvm/error.hpp>

#include "api/text.hpp"
#include "tools/commands.hpp"
#include "tools/map_page.hpp"
#include "tools/trace_history.hpp"

namespace zesvm::tools {
namespace {

using nlohmann::ordered_json;

/// The rest of the list is in the page.
constexpr std::size_t printed_ranges = 10;

ordered_json json_of(TracedPlace place) { return place ? ordered_json(*place) : ordered_json(); }

std::string title_of(const TraceHistory& history) {
  const std::string node = history.node.empty() ? "" : "Node " + history.node + " (simulated)";
  if (history.is_of_node) return node.empty() ? "Unknown node" : node;
  return (node.empty() ? "Devices of this machine" : node) + ", as the runtime tells";
}

ordered_json json_of(const TraceHistory& history) {
  ordered_json page{{"title", title_of(history)},
                    {"tiles", history.tiles},
                    {"duration", history.duration},
                    {"gpu_faults", history.gpu_faults},
                    {"cpu_faults", history.cpu_faults}};
  for (const char* list : {"allocations", "moves", "launches", "hot", "ping_pongs"})
    page[list] = ordered_json::array();
  for (const auto& one : history.allocations)
    page["allocations"].push_back({{"begin", one.begin},
                                   {"bytes", one.bytes},
                                   {"kind", one.kind},
                                   {"from", one.from},
                                   {"until", one.until}});
  for (const auto& one : history.moves)
    page["moves"].push_back({{"at", one.at},
                             {"took", one.took},
                             {"begin", one.begin},
                             {"bytes", one.bytes},
                             {"source", json_of(one.source)},
                             {"destination", json_of(one.destination)},
                             {"cause", one.cause}});
  for (const auto& one : history.launches)
    page["launches"].push_back(
        {{"at", one.at}, {"took", one.took}, {"tile", one.tile}, {"kernel", one.kernel}});
  for (const auto& one : hot_ranges(history))
    page["hot"].push_back({{"begin", one.begin},
                           {"bytes", one.bytes},
                           {"moves", one.moves},
                           {"moved_bytes", one.moved_bytes},
                           {"took", one.took}});
  for (const auto& one : ping_pongs(history))
    page["ping_pongs"].push_back({{"begin", one.begin},
                                  {"bytes", one.bytes},
                                  {"returns", one.returns},
                                  {"one", json_of(one.one)},
                                  {"other", json_of(one.other)},
                                  {"causes", one.causes},
                                  {"advice", one.advice}});
  return page;
}

/// Returns JSON that may stand inside a script element: names are the traced program's.
std::string inside_script(std::string text) {
  for (auto at = text.find("</"); at != std::string::npos; at = text.find("</", at + 3))
    text.replace(at, 2, "<\\/");
  return text;
}

void write_page(const TraceHistory& history, const std::string& path) {
  constexpr std::string_view mark = "@ZESVM_MAP_DATA@";
  std::string page{map_page};
  const auto data = json_of(history).dump(-1, ' ', true, ordered_json::error_handler_t::replace);
  page.replace(page.find(mark), mark.size(), inside_script(data));
  std::ofstream file(path, std::ios::binary);
  file << page;
  file.close();
  if (!file) throw Error(ErrorCode::unreadable_file, "cannot write " + path);
}

std::string at(std::uint64_t address, std::uint64_t bytes) {
  std::ostringstream text;
  text << "0x" << std::hex << address << "  " << size_text(bytes);
  return text.str();
}

void print_summary(const TraceHistory& history) {
  std::uint64_t moved = 0;
  for (const TracedMove& move : history.moves) moved += move.bytes;
  std::cout << title_of(history) << ", " << std::fixed << std::setprecision(1)
            << history.duration / 1000 << " ms of wall time: " << history.launches.size()
            << " launches, " << history.gpu_faults << " GPU faults, " << history.cpu_faults
            << " CPU faults, " << history.moves.size() << " migrations of " << size_text(moved)
            << "\n";
  const auto hot = hot_ranges(history);
  if (!hot.empty()) std::cout << "Ranges that moved most:\n";
  for (std::size_t i = 0; i < std::min(hot.size(), printed_ranges); ++i)
    std::cout << "  " << at(hot[i].begin, hot[i].bytes) << ": " << hot[i].moves << " moves, "
              << size_text(hot[i].moved_bytes) << " in all, " << hot[i].took / 1000 << " ms\n";
  const auto pairs = ping_pongs(history);
  for (std::size_t i = 0; i < std::min(pairs.size(), printed_ranges); ++i)
    std::cout << "To and fro: " << at(pairs[i].begin, pairs[i].bytes) << " came back "
              << pairs[i].returns << " times (" << name_of(history, pairs[i].one) << " and "
              << name_of(history, pairs[i].other) << ")\n  " << pairs[i].advice << "\n";
  if (pairs.size() > printed_ranges)
    std::cout << "and " << pairs.size() - printed_ranges << " more, in the page\n";
}

}  // namespace

int print_map(const std::string& trace, std::string page) {
  const TraceHistory history = read_trace(trace);
  if (page.empty()) page = std::filesystem::path(trace).replace_extension(".html").string();
  write_page(history, page);
  print_summary(history);
  std::cout << "Picture: " << page << "\n";
  return 0;
}

}  // namespace zesvm::tools
