#include "simulator/node/node_trace.hpp"

#include "topology/node_description.hpp"

namespace zesvm::simulator::node {

namespace {

constexpr std::uint64_t trace_version = 1;

/// The group of the program; that of a tile is one more than its index.
constexpr std::uint32_t program = 0;

std::uint32_t group_of(TileId tile) { return 1u + static_cast<std::uint32_t>(index_of(tile)); }

std::string_view name_of(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::host: return "host";
    case MemoryKind::device: return "device";
    case MemoryKind::shared: return "shared";
    case MemoryKind::virtual_reservation: return "virtual";
  }
  return "unknown";
}

}  // namespace

std::unique_ptr<NodeTrace> NodeTrace::from_environment(
    const topology::NodeDescription& description) {
  auto file = TraceFile::from_environment();
  if (!file) return nullptr;
  TraceLine about("zesvm", "__metadata", 'M', {});
  file->write(about.argument("version", trace_version)
                  .argument("node", description.name)
                  .argument("by", "node")
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
  file->end_at_exit();
  return std::unique_ptr<NodeTrace>(new NodeTrace(std::move(file)));
}

NodeTrace::NodeTrace(std::unique_ptr<TraceFile> file)
    : file_(std::move(file)), decisions_(*file_) {}

void NodeTrace::allocated(Interval interval, MemoryKind kind) noexcept {
  TraceLine line("allocate", "memory", 'i', file_->lane_of_this_thread(program));
  const auto now = TraceFile::now();
  file_->write(line.time(now, now).interval(interval).argument("kind", name_of(kind)));
}

void NodeTrace::freed(Address begin) noexcept {
  TraceLine line("free", "memory", 'i', file_->lane_of_this_thread(program));
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
  const auto to = tile ? std::optional<std::uint32_t>(index_of(*tile)) : std::nullopt;
  TraceLine line("prefetch", "prefetch", 'X', file_->lane_of_this_thread(program));
  file_->write(line.time(begin, TraceFile::now())
                   .interval(interval)
                   .place("to", to)
                   .argument("status", name_of(status)));
}

}  // namespace zesvm::simulator::node
