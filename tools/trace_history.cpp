#include "tools/trace_history.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include <zesvm/error.hpp>

namespace zesvm::tools {
namespace {

using nlohmann::json;

/// Coming back twice may be how a program works; more often is a pattern.
constexpr std::uint64_t fewest_returns = 3;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream all;
  if (file.is_open()) all << file.rdbuf();
  if (!file.is_open() || file.bad()) throw Error(ErrorCode::unreadable_file, "cannot read " + path);
  return all.str();
}

/// A writer that crashed left an array without its end, perhaps with half a line.
std::string closed(std::string text) {
  const auto last = text.find_last_not_of(" \n\t");
  if (last == std::string::npos || text[last] == ']') return text;
  const auto line_end = text.rfind(",\n");
  return line_end == std::string::npos ? text : text.substr(0, line_end) + "\n]";
}

/// Reads events in the order of the file and keeps what they say.
class Reader {
 public:
  explicit Reader(TraceHistory& history) : history_(history) {}

  void read(const json& event) {
    const std::string category = event.value("cat", "");
    if (category == "__metadata") read_metadata(event);
    if (category == "memory") read_memory(event);
    if (category == "migration") read_move(event);
    if (category == "launch") read_launch(event);
    if (category == "fault")
      ++(event.value("pid", 0u) == 0 ? history_.cpu_faults : history_.gpu_faults);
  }

  /// Makes times count from the first event, and memory that was never freed live to the end.
  void finish() {
    if (first_ > last_) first_ = last_ = 0;
    history_.duration = last_ - first_;
    for (auto& one : history_.allocations) {
      one.from -= first_;
      one.until = (one.until < 0 ? last_ : one.until) - first_;
    }
    for (auto& one : history_.moves) one.at -= first_;
    for (auto& one : history_.launches) one.at -= first_;
    std::stable_sort(
        history_.moves.begin(), history_.moves.end(),
        [](const TracedMove& a, const TracedMove& b) { return a.at + a.took < b.at + b.took; });
  }

 private:
  static std::uint64_t address_in(const json& arguments) {
    const std::string text = arguments.at("begin");
    std::uint64_t address = 0;
    if (text.rfind("0x", 0) == 0)
      std::from_chars(text.data() + 2, text.data() + text.size(), address, 16);
    return address;
  }

  static TracedPlace place_in(const json& arguments, const char* key) {
    const std::string text = arguments.value(key, "system");
    std::uint32_t tile = 0;
    constexpr std::string_view prefix = "tile ";
    if (text.rfind(prefix, 0) != 0) return {};
    std::from_chars(text.data() + prefix.size(), text.data() + text.size(), tile);
    return tile;
  }

  double time_of(const json& event) {
    const double at = event.at("ts");
    first_ = std::min(first_, at);
    last_ = std::max(last_, at + event.value("dur", 0.0));
    return at;
  }

  void read_metadata(const json& event) {
    const std::string name = event.value("name", "");
    const json arguments = event.value("args", json::object());
    if (name == "zesvm") {
      history_.node = arguments.value("node", "");
      history_.is_of_node = arguments.value("by", "node") == "node";
    }
    const auto group = event.value("pid", 0u);
    if (name != "process_name" || group == 0) return;
    // A number no node has: the file is none of ours, or broken.
    if (group > 65536) throw Error(ErrorCode::invalid_argument, "a tile's number is too large");
    if (history_.tiles.size() < group) history_.tiles.resize(group);
    history_.tiles[group - 1] = arguments.value("name", "");
  }

  void read_memory(const json& event) {
    const json& arguments = event.at("args");
    const double at = time_of(event);
    const std::uint64_t begin = address_in(arguments);
    if (event.at("name") == "allocate") {
      live_[begin] = history_.allocations.size();
      history_.allocations.push_back(
          {begin, arguments.at("bytes"), arguments.value("kind", ""), at, -1});
    } else if (const auto found = live_.find(begin); found != live_.end()) {
      history_.allocations[found->second].until = at;
      live_.erase(found);
    }
  }

  void read_move(const json& event) {
    const json& arguments = event.at("args");
    if (arguments.value("status", "ok") != "ok") return;
    history_.moves.push_back({time_of(event), event.value("dur", 0.0), address_in(arguments),
                              arguments.at("bytes"), place_in(arguments, "from"),
                              place_in(arguments, "to"), arguments.value("cause", "")});
  }

  void read_launch(const json& event) {
    const auto group = event.value("pid", 0u);
    history_.launches.push_back(
        {time_of(event), event.value("dur", 0.0), group == 0 ? 0 : group - 1, event.at("name")});
  }

  TraceHistory& history_;
  std::map<std::uint64_t, std::size_t> live_;
  double first_ = 1e300;
  double last_ = 0;
};

using Interval = std::pair<std::uint64_t, std::uint64_t>;

std::map<Interval, std::vector<const TracedMove*>> moves_by_range(const TraceHistory& history) {
  std::map<Interval, std::vector<const TracedMove*>> ranges;
  for (const TracedMove& move : history.moves) ranges[{move.begin, move.bytes}].push_back(&move);
  return ranges;
}

/// What one range did.
struct Swing {
  std::uint64_t returns = 0;
  TracedPlace one;
  TracedPlace other;
  std::vector<std::string> causes;
};

std::vector<std::string> by_frequency(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::string> names;
  for (const auto& [name, count] : counts) names.push_back(name);
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return counts.at(a) > counts.at(b);
  });
  return names;
}

/// Counts how often a range came back to where it had left from, and between which two places most.
Swing swing_of(const std::vector<const TracedMove*>& moves) {
  std::map<std::pair<TracedPlace, TracedPlace>, std::uint64_t> pairs;
  std::map<std::string, std::uint64_t> causes;
  Swing swing;
  for (std::size_t i = 1; i < moves.size(); ++i) {
    if (moves[i]->destination != moves[i - 1]->source) continue;
    const auto pair = std::minmax(moves[i]->source, moves[i]->destination);
    const std::uint64_t seen = ++pairs[pair];
    ++causes[moves[i - 1]->cause];
    ++causes[moves[i]->cause];
    ++swing.returns;
    if (seen < pairs[{swing.one, swing.other}]) continue;
    swing.one = pair.first;
    swing.other = pair.second;
  }
  swing.causes = by_frequency(causes);
  return swing;
}

std::string advice_for(const TraceHistory& history, const Swing& swing) {
  const auto drives = [&](const char* cause) {
    return std::find(swing.causes.begin(), swing.causes.end(), cause) != swing.causes.end();
  };
  const std::string tile = name_of(history, swing.one ? swing.one : swing.other);
  if (drives("eviction"))
    return "It is pushed out of " + tile +
           " for want of VRAM and fetched again: work on less at a time, discard() what is dead, "
           "or "
           "advise prefer_system_memory() for what is read once.";
  if (swing.one && swing.other)
    return drives("gpu_atomic")
               ? "Atomics of two devices fight over it: advise preferred_location() on one of "
                 "them; "
                 "over a link with atomics the other works on it in place. Or give each device its "
                 "own copy and add up at the end."
               : "Two devices take it from each other: advise preferred_location() on one of them, "
                 "and "
                 "the other reaches it over the link; or keep what each writes on pages of its "
                 "own.";
  if (drives("gpu_atomic"))
    return "Atomics need it in VRAM and the CPU reads it in between: read it once at the end, or "
           "advise AtomicAccess::global where the device has atomics on system memory.";
  if (drives("prefetch"))
    return "A prefetch brings it to " + tile +
           " and the CPU takes it back: leave the prefetch out, or prefetch only what the CPU does "
           "not touch in between.";
  return "The CPU and " + tile +
         " take it from each other: advise prefer_system_memory() if the device uses little of it, "
         "or let the CPU work on a copy; hold it with host_access() while the CPU is at it.";
}

}  // namespace

TraceHistory read_trace(const std::string& path) {
  const std::string text = closed(text_of(path));
  TraceHistory history;
  Reader reader(history);
  std::size_t index = 0;
  try {
    const json events = json::parse(text);
    for (const json& event : events.is_object() ? events.at("traceEvents") : events) {
      reader.read(event);
      ++index;
    }
  } catch (const json::exception& error) {
    throw Error(ErrorCode::invalid_argument, path + " is not a trace of zesvm: event " +
                                                 std::to_string(index) + ": " + error.what());
  }
  reader.finish();
  return history;
}

std::vector<HotRange> hot_ranges(const TraceHistory& history) {
  std::vector<HotRange> hot;
  for (const auto& [interval, moves] : moves_by_range(history)) {
    if (moves.size() < 2) continue;
    HotRange range{interval.first, interval.second, moves.size(), 0, 0};
    for (const TracedMove* move : moves) {
      range.moved_bytes += move->bytes;
      range.took += move->took;
    }
    HotRange* const before = hot.empty() ? nullptr : &hot.back();
    if (before && before->begin + before->bytes == range.begin && before->moves == range.moves) {
      before->bytes += range.bytes;
      before->moved_bytes += range.moved_bytes;
      before->took += range.took;
    } else {
      hot.push_back(range);
    }
  }
  std::stable_sort(hot.begin(), hot.end(), [](const HotRange& a, const HotRange& b) {
    return a.moved_bytes > b.moved_bytes;
  });
  return hot;
}

std::vector<PingPong> ping_pongs(const TraceHistory& history) {
  std::vector<PingPong> found;
  for (const auto& [interval, moves] : moves_by_range(history)) {
    const Swing swing = swing_of(moves);
    if (swing.returns < fewest_returns) continue;
    const std::string advice = advice_for(history, swing);
    PingPong* const before = found.empty() ? nullptr : &found.back();
    if (before && before->begin + before->bytes == interval.first && before->advice == advice &&
        before->one == swing.one && before->other == swing.other) {
      before->bytes += interval.second;
      before->returns = std::max(before->returns, swing.returns);
    } else {
      found.push_back({interval.first, interval.second, swing.returns, swing.one, swing.other,
                       swing.causes, advice});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const PingPong& a, const PingPong& b) { return a.returns > b.returns; });
  return found;
}

std::string name_of(const TraceHistory& history, TracedPlace place) {
  if (!place) return "system memory";
  if (*place < history.tiles.size() && !history.tiles[*place].empty()) return history.tiles[*place];
  return "tile " + std::to_string(*place);
}

}  // namespace zesvm::tools
