#include "svm/decision_trace.hpp"

namespace zesvm::svm {

namespace {

/// The group of the program; that of a device is one more than its index.
constexpr std::uint32_t program = 0;

std::uint32_t group_of(DeviceId device) { return 1u + device.index; }

std::optional<std::uint32_t> tile_of(std::optional<DeviceId> device) {
  return device ? std::optional<std::uint32_t>(device->index) : std::nullopt;
}

std::string_view name_of_move(Decision decision) {
  switch (decision) {
    case Decision::migrated_to_vram: return "to VRAM";
    case Decision::migrated_between: return "peer to peer";
    case Decision::evicted: return "eviction";
    case Decision::migration_failed: return "failed migration";
    default: return "to system memory";
  }
}

}  // namespace

TraceHook DecisionTrace::hook() noexcept {
  return {[](void* trace, const TraceEvent& event) noexcept {
            static_cast<DecisionTrace*>(trace)->decided(event);
          },
          this};
}

void DecisionTrace::decided(const TraceEvent& event) noexcept {
  switch (event.decision) {
    case Decision::fault_valid:
    case Decision::fault_mapped:
    case Decision::fault_refused: return faulted(event);
    case Decision::migrated_to_vram:
    case Decision::migrated_to_system:
    case Decision::migrated_between:
    case Decision::migration_failed:
    case Decision::evicted: return moved(event);
    default: return noted(event);
  }
}

void DecisionTrace::faulted(const TraceEvent& event) noexcept {
  // Bulk preparation and prefetch go the way of faults, but nobody faulted.
  const bool is_fault = event.begun.count() != 0;
  TraceLine line(is_fault ? "GPU fault" : "mapped", is_fault ? "fault" : "mapping",
                 is_fault ? 'X' : 'i', file_.lane_of_this_thread(group_of(event.device)));
  const auto end = TraceFile::now();
  line.time(is_fault ? event.begun : end, end)
      .interval(event.interval)
      .argument("outcome", name_of(event.decision))
      .argument("rule", name_of(event.rule))
      .argument("cause", name_of(event.cause))
      .argument("status", name_of(event.status));
  file_.write(line);
}

void DecisionTrace::moved(const TraceEvent& event) noexcept {
  TraceLine line(name_of_move(event.decision), "migration", 'X',
                 file_.lane_of_this_thread(group_of(event.device)));
  const auto end = TraceFile::now();
  line.time(event.begun.count() != 0 ? event.begun : end, end)
      .interval(event.interval)
      .place("from", tile_of(event.source))
      .place("to", tile_of(event.destination))
      .argument("cause", name_of(event.cause))
      .argument("rule", name_of(event.rule))
      .argument("status", name_of(event.status));
  file_.write(line);
}

void DecisionTrace::noted(const TraceEvent& event) noexcept {
  TraceLine line(name_of(event.decision), "decision", 'i', file_.lane_of_this_thread(program));
  const auto now = TraceFile::now();
  line.time(now, now)
      .interval(event.interval)
      .argument("rule", name_of(event.rule))
      .argument("cause", name_of(event.cause));
  file_.write(line);
}

}  // namespace zesvm::svm
