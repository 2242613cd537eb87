// The migration report (E3).
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include <zesvm/statistics.hpp>

#include "api/text.hpp"

namespace zesvm {
namespace {

struct Direction {
  const char* key;
  const char* title;
  const Transfer& moves;
};

std::array<Direction, 3> directions_of(const TileStatistics& tile) {
  return {Direction{"host_to_device", "host to device", tile.to_device},
          Direction{"device_to_host", "device to host", tile.to_system},
          Direction{"device_to_device", "device to device", tile.from_peer}};
}

std::uint64_t average(const Transfer& moves) {
  return moves.count == 0 ? 0 : moves.bytes / moves.count;
}

double bytes_per_second(const Transfer& moves) {
  return moves.nanoseconds == 0
             ? 0
             : static_cast<double>(moves.bytes) * 1e9 / static_cast<double>(moves.nanoseconds);
}

template <typename... Values>
std::string line(const char* format, Values... values) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string direction_line(const Direction& direction) {
  const Transfer& moves = direction.moves;
  return line("  %-18s %8llu %10s %10s %10s %10s %10.3f ms %8.2f GB/s\n", direction.title,
              static_cast<unsigned long long>(moves.count), size_text(average(moves)).c_str(),
              size_text(moves.smallest).c_str(), size_text(moves.largest).c_str(),
              size_text(moves.bytes).c_str(), static_cast<double>(moves.nanoseconds) / 1e6,
              bytes_per_second(moves) / 1e9);
}

std::string virtual_text(const VirtualTime& time) {
  const auto ms = [](std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; };
  return line(
      "  virtual time %.3f ms: faults %.3f, copies %.3f, in place %.3f, launches %.3f, waiting for "
      "links %.3f; in place elsewhere %s read, %s written\n",
      ms(time.now), ms(time.faults), ms(time.copies), ms(time.accesses), ms(time.launches),
      ms(time.contention), size_text(time.remote_read_bytes).c_str(),
      size_text(time.remote_written_bytes).c_str());
}

std::string tile_text(const TileStatistics& tile) {
  std::string text = "Device " + std::to_string(tile.device) + ", " + tile.name + "\n";
  text += line("  %-18s %8s %10s %10s %10s %10s %13s %13s\n", "direction", "count", "average",
               "smallest", "largest", "total", "wall time", "throughput");
  for (const Direction& direction : directions_of(tile)) text += direction_line(direction);
  text += line(
      "  GPU faults %llu (%llu by atomics, %llu already valid, %.3f ms wall time), CPU faults "
      "%llu\n",
      static_cast<unsigned long long>(tile.gpu_faults),
      static_cast<unsigned long long>(tile.gpu_faults_atomic),
      static_cast<unsigned long long>(tile.gpu_faults_valid),
      static_cast<double>(tile.gpu_fault_nanoseconds) / 1e6,
      static_cast<unsigned long long>(tile.cpu_faults));
  text += "  causes:";
  for (std::size_t i = 0; i < cause_count; ++i)
    if (tile.causes[i] != 0)
      text +=
          std::string(" ") + name_of(static_cast<Cause>(i)) + " " + std::to_string(tile.causes[i]);
  return text + "\n" + virtual_text(tile.virtual_time);
}

nlohmann::ordered_json json_of(const VirtualTime& time) {
  return {{"now", time.now},
          {"faults", time.faults},
          {"copies", time.copies},
          {"accesses", time.accesses},
          {"launches", time.launches},
          {"contention", time.contention},
          {"remote_read_bytes", time.remote_read_bytes},
          {"remote_written_bytes", time.remote_written_bytes}};
}

nlohmann::ordered_json json_of(const Transfer& moves) {
  return {{"count", moves.count},
          {"bytes", moves.bytes},
          {"average_bytes", average(moves)},
          {"smallest_bytes", moves.smallest},
          {"largest_bytes", moves.largest},
          {"nanoseconds", moves.nanoseconds},
          {"bytes_per_second", bytes_per_second(moves)}};
}

nlohmann::ordered_json json_of(const TileStatistics& tile) {
  nlohmann::ordered_json one{{"device", tile.device}, {"name", tile.name}};
  for (const Direction& direction : directions_of(tile))
    one["directions"][direction.key] = json_of(direction.moves);
  one["faults"] = {{"gpu", tile.gpu_faults},
                   {"gpu_valid", tile.gpu_faults_valid},
                   {"gpu_atomic", tile.gpu_faults_atomic},
                   {"gpu_nanoseconds", tile.gpu_fault_nanoseconds},
                   {"cpu", tile.cpu_faults}};
  for (std::size_t i = 0; i < cause_count; ++i)
    one["causes"][name_of(static_cast<Cause>(i))] = tile.causes[i];
  one["evictions"] = tile.evictions;
  one["invalidations"] = tile.invalidations;
  one["retries"] = tile.retries;
  one["failures"] = tile.failures;
  one["virtual_time"] = json_of(tile.virtual_time);
  return one;
}

}  // namespace

const char* name_of(Cause cause) noexcept {
  constexpr std::array<const char*, cause_count> names{
      "gpu_fault", "cpu_fault", "gpu_atomic",     "prefetch",        "eviction",
      "advice",    "unmap",     "device_removal", "explicit_request"};
  const auto index = static_cast<std::size_t>(cause);
  return index < names.size() ? names[index] : "unknown";
}

std::string report_text(const Statistics& statistics) {
  if (!statistics.is_available)
    return "This driver does not count what moves; the simulated node does.\n";
  std::string text;
  for (const TileStatistics& tile : statistics.tiles) text += tile_text(tile);
  text += line("Virtual time of the node: %.3f ms\n",
               static_cast<double>(statistics.virtual_nanoseconds) / 1e6);
  return text;
}

std::string report_json(const Statistics& statistics) {
  nlohmann::ordered_json report{{"version", 1}, {"available", statistics.is_available}};
  report["devices"] = nlohmann::ordered_json::array();
  for (const TileStatistics& tile : statistics.tiles) report["devices"].push_back(json_of(tile));
  report["virtual_nanoseconds"] = statistics.virtual_nanoseconds;
  return report.dump(2);
}

}  // namespace zesvm
