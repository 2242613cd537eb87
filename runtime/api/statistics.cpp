#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

#include <zesvm/statistics.hpp>

#include "api/text.hpp"

namespace zesvm {
namespace {

Transfer operator-(const Transfer& later, const Transfer& earlier) {
  return {later.count - earlier.count, later.bytes - earlier.bytes,
          later.nanoseconds - earlier.nanoseconds, later.smallest, later.largest};
}

void subtract(TileStatistics& later, const TileStatistics& earlier) {
  later.gpu_faults -= earlier.gpu_faults;
  later.gpu_faults_valid -= earlier.gpu_faults_valid;
  later.cpu_faults -= earlier.cpu_faults;
  later.to_device = later.to_device - earlier.to_device;
  later.to_system = later.to_system - earlier.to_system;
  later.from_peer = later.from_peer - earlier.from_peer;
  later.evictions -= earlier.evictions;
  later.invalidations -= earlier.invalidations;
  later.failures -= earlier.failures;
  later.gpu_faults_atomic -= earlier.gpu_faults_atomic;
  later.gpu_fault_nanoseconds -= earlier.gpu_fault_nanoseconds;
  later.retries -= earlier.retries;
  for (std::size_t i = 0; i < cause_count; ++i) later.causes[i] -= earlier.causes[i];
  VirtualTime& time = later.virtual_time;
  const VirtualTime& before = earlier.virtual_time;
  time.now -= before.now;
  time.faults -= before.faults;
  time.copies -= before.copies;
  time.accesses -= before.accesses;
  time.launches -= before.launches;
  time.contention -= before.contention;
  time.remote_read_bytes -= before.remote_read_bytes;
  time.remote_written_bytes -= before.remote_written_bytes;
}

// Cards of one model have one name.
std::string label(const TileStatistics& tile) {
  return std::to_string(tile.device) + "  " + tile.name;
}

std::string line(const TileStatistics& tile, int name_width) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), "%-*s %10llu %10llu %10llu %12s %12s %12s %9llu\n",
                name_width, label(tile).c_str(), static_cast<unsigned long long>(tile.gpu_faults),
                static_cast<unsigned long long>(tile.cpu_faults),
                static_cast<unsigned long long>(tile.migrations()),
                size_text(tile.to_device.bytes).c_str(), size_text(tile.to_system.bytes).c_str(),
                size_text(tile.from_peer.bytes).c_str(),
                static_cast<unsigned long long>(tile.evictions));
  return text.data();
}

}  // namespace

Statistics operator-(const Statistics& later, const Statistics& earlier) {
  Statistics between = later;
  between.virtual_nanoseconds -= earlier.virtual_nanoseconds;
  for (TileStatistics& tile : between.tiles) {
    const auto before =
        std::find_if(earlier.tiles.begin(), earlier.tiles.end(),
                     [&](const TileStatistics& one) { return one.device == tile.device; });
    if (before != earlier.tiles.end()) subtract(tile, *before);
  }
  return between;
}

std::ostream& operator<<(std::ostream& out, const Statistics& statistics) {
  if (!statistics.is_available)
    return out << "This driver does not count what moves; the simulated node does.\n";
  std::size_t width = 4;
  for (const TileStatistics& tile : statistics.tiles) width = std::max(width, label(tile).size());
  const int name_width = static_cast<int>(width);
  std::array<char, 512> head{};
  std::snprintf(head.data(), head.size(), "%-*s %10s %10s %10s %12s %12s %12s %9s\n", name_width,
                "tile", "GPU faults", "CPU faults", "migrations", "to GPU", "to system",
                "from peer", "evictions");
  out << head.data();
  for (const TileStatistics& tile : statistics.tiles) out << line(tile, name_width);
  std::array<char, 80> time{};
  std::snprintf(time.data(), time.size(), "virtual time of the node: %.3f ms\n",
                static_cast<double>(statistics.virtual_nanoseconds) / 1e6);
  return out << time.data();
}

}  // namespace zesvm
