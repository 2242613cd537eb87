#include "levelzero/work_trace.hpp"

#include <array>
#include <cstdlib>
#include <string>

#include "base/environment.hpp"
#include "levelzero/context.hpp"

namespace zesvm::levelzero {

namespace {

constexpr std::uint64_t trace_version = 1;

/// The group of the program; that of a tile is one more than its index.
constexpr std::uint32_t program = 0;

std::uint32_t group_of(const Tile& tile) { return 1u + static_cast<std::uint32_t>(tile.index); }

std::string_view name_of(HintOutcome outcome) {
  switch (outcome) {
    case HintOutcome::applied: return "applied";
    case HintOutcome::already_so: return "already_so";
    case HintOutcome::ignored: return "ignored";
    case HintOutcome::unconfirmed: return "unconfirmed";
  }
  return "unknown";
}

/// A simulated node that keeps a trace takes an event that says nothing; other drivers take none.
bool is_node_tracing(zesvm_sim_write_trace_fn write) {
  if (write == nullptr) return false;
  TraceLine line("zesvm runtime", "__metadata", 'M', {});
  const std::string_view text = line.end();
  return write(text.data(), text.size()) == ZE_RESULT_SUCCESS;
}

}  // namespace

WorkTrace* WorkTrace::of_process(const Context& context) {
  if (environment("ZESVM_TRACE").empty()) return nullptr;
  // Never destroyed: streams may outlive every Runtime, and end at the end of the process.
  static WorkTrace* const trace = begin(context).release();
  return trace;
}

std::unique_ptr<WorkTrace> WorkTrace::begin(const Context& context) {
  const auto write = context.simulator().write_trace;
  if (is_node_tracing(write)) {
    auto file =
        TraceFile::through([write](std::string_view lines) { write(lines.data(), lines.size()); });
    return std::unique_ptr<WorkTrace>(new WorkTrace(std::move(file), false));
  }
  auto file = TraceFile::from_environment();
  if (!file) return nullptr;
  TraceLine about("zesvm", "__metadata", 'M', {});
  file->write(about.argument("version", trace_version)
                  .argument("node", context.node_name())
                  .argument("by", "runtime")
                  .argument("clock", "wall"));
  file->name_group(program, "program");
  for (const Tile& tile : context.tiles())
    file->name_group(group_of(tile), "device " + std::to_string(tile.index) + ", " + tile.name);
  file->end_at_exit();
  return std::unique_ptr<WorkTrace>(new WorkTrace(std::move(file), true));
}

WorkTrace::WorkTrace(std::unique_ptr<TraceFile> file, bool is_alone) noexcept
    : file_(std::move(file)), decisions_(*file_), is_alone_(is_alone) {}

void WorkTrace::allocated(Interval interval, Backing backing) noexcept {
  TraceLine line("allocate", "memory", 'i', file_->lane_of_this_thread(program));
  file_->write(line.time(now(), now()).interval(interval).argument("kind", name_of(backing)));
}

void WorkTrace::freed(Address begin) noexcept {
  TraceLine line("free", "memory", 'i', file_->lane_of_this_thread(program));
  file_->write(line.time(now(), now()).interval({begin, begin}));
}

void WorkTrace::hinted(std::string_view hint, Interval interval, std::optional<std::uint32_t> tile,
                       const HintResult& result, Time begin) noexcept {
  TraceLine line(hint, "hint", 'X', file_->lane_of_this_thread(program));
  line.time(begin, now()).interval(interval).place("to", tile);
  line.argument("outcome", name_of(result.outcome)).argument("reason", result.reason);
  file_->write(line);
}

void WorkTrace::queued_prefetch(Interval interval, const Tile& tile, Time begin) noexcept {
  TraceLine line("prefetch", "hint", 'X', file_->lane_of_this_thread(program));
  line.time(begin, now()).interval(interval).place("to", static_cast<std::uint32_t>(tile.index));
  file_->write(line.argument("outcome", "queued"));
}

void WorkTrace::called(std::string_view call, std::string_view what, const Tile& tile,
                       Time begin) noexcept {
  TraceLine line(call, "call", 'X', file_->lane_of_this_thread(program));
  line.time(begin, now()).place("on", static_cast<std::uint32_t>(tile.index));
  if (!what.empty()) line.argument("of", what);
  file_->write(line);
}

TraceLane WorkTrace::new_lane(const Tile& tile) {
  const TraceLane lane{group_of(tile), lanes_.fetch_add(1, std::memory_order_relaxed)};
  file_->name_lane(lane, "kernels of stream " + std::to_string(lane.thread));
  return lane;
}

void WorkTrace::ran(std::string_view kernel, TraceLane lane, Time begin, Time end,
                    KernelClock clock) noexcept {
  TraceLine line(kernel, "launch", 'X', lane);
  file_->write(line.time(begin, end)
                   .argument("status", "ok")
                   .argument("clock", clock == KernelClock::device ? "device" : "host"));
}

void WorkTrace::cpu_faulted(std::uint32_t thread, Address where, std::string_view access,
                            Status status, Time begin) noexcept {
  TraceLine line("CPU fault", "fault", 'X', {program, thread});
  file_->write(line.time(begin, now())
                   .interval({where, where})
                   .argument("access", access)
                   .argument("status", zesvm::name_of(status)));
}

}  // namespace zesvm::levelzero
