#include "simulator/node/node_trace.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <pthread.h>
#include <unistd.h>

#include "topology/node_description.hpp"

namespace zesvm::simulator::node {

namespace {

constexpr std::uint64_t trace_version = 1;

/// What the end of the process has to end.
std::atomic<TraceFile*> open_file{nullptr};

/// The group of the program; that of a tile is one more than its index.
constexpr std::uint32_t program = 0;

std::uint32_t group_of(svm::DeviceId device) { return 1u + device.index; }
std::uint32_t group_of(TileId tile) { return 1u + static_cast<std::uint32_t>(index_of(tile)); }

/// "system", or "tile N".
class PlaceName {
 public:
  explicit PlaceName(std::optional<std::uint32_t> tile) {
    if (!tile) return;
    constexpr std::string_view prefix = "tile ";
    prefix.copy(text_.data(), prefix.size());
    const auto end =
        std::to_chars(text_.data() + prefix.size(), text_.data() + text_.size(), *tile).ptr;
    name_ = {text_.data(), static_cast<std::size_t>(end - text_.data())};
  }
  explicit PlaceName(std::optional<svm::DeviceId> device)
      : PlaceName(device ? std::optional<std::uint32_t>(device->index) : std::nullopt) {}
  PlaceName(const PlaceName&) = delete;
  PlaceName& operator=(const PlaceName&) = delete;
  std::string_view get() const { return name_; }

 private:
  std::array<char, 16> text_{};
  std::string_view name_ = "system";
};

std::string_view name_of(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::host: return "host";
    case MemoryKind::device: return "device";
    case MemoryKind::shared: return "shared";
    case MemoryKind::virtual_reservation: return "virtual";
  }
  return "unknown";
}

std::string_view name_of_move(svm::Decision decision) {
  switch (decision) {
    case svm::Decision::migrated_to_vram: return "to VRAM";
    case svm::Decision::migrated_between: return "peer to peer";
    case svm::Decision::evicted: return "eviction";
    case svm::Decision::migration_failed: return "failed migration";
    default: return "to system memory";
  }
}

}  // namespace

std::unique_ptr<NodeTrace> NodeTrace::from_environment(
    const topology::NodeDescription& description) {
  auto file = TraceFile::from_environment();
  if (!file) return nullptr;
  TraceLine about("zesvm", "__metadata", 'M', {});
  file->write(about.argument("version", trace_version)
                  .argument("node", description.name)
                  .argument("clock", "wall"));
  file->name_group(program, "program");
  std::uint32_t group = 1;
  for (std::size_t device = 0; device < description.devices.size(); ++device) {
    for (std::size_t tile = 0; tile < description.devices[device].tiles; ++tile) {
      std::string name = "device " + std::to_string(device);
      if (description.devices[device].tiles > 1) name += " tile " + std::to_string(tile);
      file->name_group(group, name);
      file->name_lane({group, 0}, "kernels");
      ++group;
    }
  }
  // A driver lives as long as its process, and nobody destroys it.
  static std::once_flag once;
  std::call_once(once, [] {
    std::atexit([] {
      if (TraceFile* const file = open_file.exchange(nullptr)) file->end();
    });
  });
  open_file.store(file.get());
  return std::unique_ptr<NodeTrace>(new NodeTrace(std::move(file)));
}

NodeTrace::NodeTrace(std::unique_ptr<TraceFile> file) : file_(std::move(file)) {}

NodeTrace::~NodeTrace() {
  TraceFile* expected = file_.get();
  open_file.compare_exchange_strong(expected, nullptr);
}

svm::TraceHook NodeTrace::hook() noexcept {
  return {[](void* trace, const svm::TraceEvent& event) noexcept {
            static_cast<NodeTrace*>(trace)->decided(event);
          },
          this};
}

void NodeTrace::decided(const svm::TraceEvent& event) noexcept {
  switch (event.decision) {
    case svm::Decision::fault_valid:
    case svm::Decision::fault_mapped:
    case svm::Decision::fault_refused: return faulted(event);
    case svm::Decision::migrated_to_vram:
    case svm::Decision::migrated_to_system:
    case svm::Decision::migrated_between:
    case svm::Decision::migration_failed:
    case svm::Decision::evicted: return moved(event);
    default: return noted(event);
  }
}

void NodeTrace::faulted(const svm::TraceEvent& event) noexcept {
  // Bulk preparation and prefetch go the way of faults, but nobody faulted.
  const bool is_fault = event.begun.count() != 0;
  TraceLine line(is_fault ? "GPU fault" : "mapped", is_fault ? "fault" : "mapping",
                 is_fault ? 'X' : 'i', lane_of_this_thread(group_of(event.device)));
  const auto end = TraceFile::now();
  line.time(is_fault ? event.begun : end, end)
      .interval(event.interval)
      .argument("outcome", name_of(event.decision))
      .argument("rule", name_of(event.rule))
      .argument("cause", name_of(event.cause))
      .argument("status", name_of(event.status));
  file_->write(line);
}

void NodeTrace::moved(const svm::TraceEvent& event) noexcept {
  const PlaceName from(event.source);
  const PlaceName to(event.destination);
  TraceLine line(name_of_move(event.decision), "migration", 'X',
                 lane_of_this_thread(group_of(event.device)));
  const auto end = TraceFile::now();
  line.time(event.begun.count() != 0 ? event.begun : end, end)
      .interval(event.interval)
      .argument("from", from.get())
      .argument("to", to.get())
      .argument("cause", name_of(event.cause))
      .argument("rule", name_of(event.rule))
      .argument("status", name_of(event.status));
  file_->write(line);
}

void NodeTrace::noted(const svm::TraceEvent& event) noexcept {
  TraceLine line(name_of(event.decision), "decision", 'i', lane_of_this_thread(program));
  const auto now = TraceFile::now();
  line.time(now, now)
      .interval(event.interval)
      .argument("rule", name_of(event.rule))
      .argument("cause", name_of(event.cause));
  file_->write(line);
}

void NodeTrace::allocated(Interval interval, MemoryKind kind) noexcept {
  TraceLine line("allocate", "memory", 'i', lane_of_this_thread(program));
  const auto now = TraceFile::now();
  file_->write(line.time(now, now).interval(interval).argument("kind", name_of(kind)));
}

void NodeTrace::freed(Address begin) noexcept {
  TraceLine line("free", "memory", 'i', lane_of_this_thread(program));
  const auto now = TraceFile::now();
  file_->write(line.time(now, now).interval({begin, begin}));
}

void NodeTrace::launched(TileId tile, std::string_view kernel, Status status,
                         std::chrono::nanoseconds begin, std::chrono::nanoseconds end) noexcept {
  TraceLine line(kernel, "launch", 'X', {group_of(tile), 0});
  file_->write(line.time(begin, end).argument("status", name_of(status)));
}

void NodeTrace::cpu_faulted(std::uint32_t thread, Address where, std::string_view access,
                            Status status, std::chrono::nanoseconds begin) noexcept {
  TraceLine line("CPU fault", "fault", 'X', {program, thread});
  file_->write(line.time(begin, TraceFile::now())
                   .interval({where, where})
                   .argument("access", access)
                   .argument("status", name_of(status)));
}

void NodeTrace::prefetched(Interval interval, std::optional<TileId> tile, Status status,
                           std::chrono::nanoseconds begin) noexcept {
  const PlaceName to(tile ? std::optional<std::uint32_t>(index_of(*tile)) : std::nullopt);
  TraceLine line("prefetch", "prefetch", 'X', lane_of_this_thread(program));
  file_->write(line.time(begin, TraceFile::now())
                   .interval(interval)
                   .argument("to", to.get())
                   .argument("status", name_of(status)));
}

TraceLane NodeTrace::lane_of_this_thread(std::uint32_t group) noexcept {
  // Initial-exec: the first use of other thread-local storage may allocate, on the fault path.
  __attribute__((tls_model("initial-exec"))) static thread_local std::uint64_t named_groups = 0;
  const TraceLane lane{group, static_cast<std::uint32_t>(::gettid())};
  const std::uint64_t bit = std::uint64_t{1} << (group % 64);
  if ((named_groups & bit) == 0) {
    named_groups |= bit;
    std::array<char, 32> name{};
    if (::pthread_getname_np(::pthread_self(), name.data(), name.size()) == 0)
      file_->name_lane(lane, name.data());
  }
  return lane;
}

}  // namespace zesvm::simulator::node
