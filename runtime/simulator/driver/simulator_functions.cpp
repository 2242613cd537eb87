// zesvmSim*: what the simulated node tells beyond Level Zero (zesvm/simulator_extension.h).
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>

#include <zesvm/simulator_extension.h>

#include "simulator/driver/device_identity.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/node/node.hpp"
#include "simulator/node/virtual_clock.hpp"
#include "svm/address_space.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

svm::DeviceId core_id(node::TileId tile) {
  return {static_cast<std::uint16_t>(node::index_of(tile))};
}

std::uint32_t tile_in_card(const node::Node& node, node::TileId tile) {
  const auto first = node.tile_of(node.device_of(tile), 0);
  return static_cast<std::uint32_t>(node::index_of(tile) - node::index_of(first));
}

/// Copies as much of an answer as the caller's version of the structure has room for. The callers'
/// `size` member comes first and stays what it was.
template <typename T>
void give(const T& answer, T& out) {
  const std::size_t size = std::min<std::size_t>(out.size, sizeof(T));
  std::memcpy(reinterpret_cast<char*>(&out) + sizeof(out.size),
              reinterpret_cast<const char*>(&answer) + sizeof(out.size), size - sizeof(out.size));
}

/// Returns the i-th element of an array whose elements are as large as the first one says.
template <typename T>
T& element(T* array, std::uint32_t size, std::size_t i) {
  return *reinterpret_cast<T*>(reinterpret_cast<char*>(array) + i * size);
}

zesvm_sim_transfer_t transfer_of(const svm::MigrationTotals& totals) {
  return {totals.count, totals.bytes.count, static_cast<std::uint64_t>(totals.time.count()),
          totals.smallest.count, totals.largest.count};
}

const svm::MigrationTotals& totals_of(const svm::DeviceStatistics& counted,
                                      svm::Transfer transfer) {
  return counted.transfers[static_cast<std::size_t>(transfer)];
}

std::uint64_t nanoseconds(node::VirtualTime time) {
  return static_cast<std::uint64_t>(time.count());
}

void tell_virtual_time(const node::VirtualUse& use, zesvm_sim_tile_statistics_t& out) {
  using node::ChargeKind;
  out.virtual_now = nanoseconds(use.now);
  out.virtual_faults = nanoseconds(use.of(ChargeKind::fault));
  out.virtual_copies = nanoseconds(use.of(ChargeKind::copy));
  out.virtual_accesses = nanoseconds(use.of(ChargeKind::access));
  out.virtual_launches = nanoseconds(use.of(ChargeKind::launch));
  out.virtual_contention = nanoseconds(use.of(ChargeKind::contention));
  out.remote_read_bytes = use.remote_read.count;
  out.remote_written_bytes = use.remote_written.count;
}

zesvm_sim_tile_statistics_t statistics_of(node::Node& node, node::TileId tile) {
  zesvm_sim_tile_statistics_t out{};
  out.version = ZESVM_SIM_EXTENSION_VERSION;
  out.device_index = static_cast<std::uint32_t>(node.device_of(tile));
  out.tile_index = tile_in_card(node, tile);
  const auto uuid = uuid_of_tile(node.description().devices[out.device_index], out.tile_index);
  std::memcpy(out.uuid, uuid.id, sizeof(out.uuid));
  out.cpu_faults = node.statistics(tile).cpu_faults;
  if (const auto counted = node.address_space().statistics(core_id(tile))) {
    out.gpu_faults = counted->faults.total;
    out.gpu_faults_valid = counted->valid_faults.total;
    out.to_device = transfer_of(totals_of(*counted, svm::Transfer::host_to_device));
    out.to_system = transfer_of(totals_of(*counted, svm::Transfer::device_to_host));
    out.from_peer = transfer_of(totals_of(*counted, svm::Transfer::device_to_device));
    out.evictions = counted->evictions;
    out.invalidations = counted->invalidations;
    out.failures = counted->failures;
    out.gpu_faults_atomic = counted->atomic_faults;
    out.gpu_fault_nanoseconds = static_cast<std::uint64_t>(counted->fault_time.count());
    out.retries = counted->retries;
    static_assert(pagemap::cause_count == ZESVM_SIM_CAUSE_COUNT, "causes have the same order");
    std::copy(counted->causes.begin(), counted->causes.end(), out.causes);
  }
  tell_virtual_time(node.virtual_clock().use_of(node::index_of(tile)), out);
  const auto memory = node.memory_of(tile);
  out.vram_bytes = memory.total.count;
  out.vram_used_bytes = (memory.total - memory.free).count;
  return out;
}

ze_result_t get_statistics(std::uint32_t* count, zesvm_sim_tile_statistics_t* tiles) {
  Driver* const driver = Driver::instance();
  if (driver == nullptr) return ZE_RESULT_ERROR_UNINITIALIZED;
  ZESVM_NOT_NULL(count);
  return entry([&] {
    auto& node = driver->node();
    const auto available = static_cast<std::uint32_t>(node.tile_count());
    if (tiles == nullptr) {
      *count = available;
      return ZE_RESULT_SUCCESS;
    }
    const std::uint32_t size = *count > 0 ? tiles->size : 0;
    if (*count > 0 && size < offsetof(zesvm_sim_tile_statistics_t, uuid) +
                                 sizeof(zesvm_sim_tile_statistics_t::uuid))
      return ZE_RESULT_ERROR_INVALID_SIZE;
    *count = std::min(*count, available);
    for (std::uint32_t i = 0; i < *count; ++i)
      give(statistics_of(node, node::TileId{i}), element(tiles, size, i));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t get_virtual_time(zesvm_sim_virtual_time_t* time) {
  Driver* const driver = Driver::instance();
  if (driver == nullptr) return ZE_RESULT_ERROR_UNINITIALIZED;
  ZESVM_NOT_NULL(time);
  const node::VirtualClock& clock = driver->node().virtual_clock();
  zesvm_sim_virtual_time_t out{};
  out.version = ZESVM_SIM_EXTENSION_VERSION;
  out.elapsed = nanoseconds(clock.elapsed());
  out.host_now = nanoseconds(clock.host_now());
  give(out, *time);
  return ZE_RESULT_SUCCESS;
}

/// Whether memory of the program counts as well, where devices use it.
enum class Programs : std::uint8_t { refused, taken };

/// Finds the pages of an interval that an allocation of the node covers.
ze_result_t node_pages(const void* pointer, std::size_t bytes, Programs programs,
                       Interval& interval) {
  Driver* const driver = Driver::instance();
  if (driver == nullptr) return ZE_RESULT_ERROR_UNINITIALIZED;
  const auto checked = Interval::checked(address_of(pointer), Bytes{bytes});
  if (bytes == 0 || !checked) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
  const auto memory = driver->node().allocation_at(checked->begin);
  const bool is_allocations = memory && memory->interval.contains(*checked);
  const bool is_known =
      is_allocations || (programs == Programs::taken && !memory &&
                         driver->node().description().any_takes_program_pointers());
  if (!is_known)
    return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "no allocation of the node covers the interval");
  interval = *checked;
  return ZE_RESULT_SUCCESS;
}

zesvm_sim_residency_t residency_of(const svm::ChunkResidency& chunk, const node::Node& node,
                                   std::optional<node::TileId> tile, Interval asked) {
  zesvm_sim_residency_t out{};
  const auto cut = chunk.interval.intersection(asked);
  out.begin = cut.begin.value;
  out.end = cut.end.value;
  out.device_index = out.tile_index = std::numeric_limits<std::uint32_t>::max();
  out.place = chunk.has_range ? ZESVM_SIM_PLACE_SYSTEM : ZESVM_SIM_PLACE_UNTOUCHED;
  if (chunk.pagemap != nullptr && tile) {
    out.place = ZESVM_SIM_PLACE_VRAM;
    out.device_index = static_cast<std::uint32_t>(node.device_of(*tile));
    out.tile_index = tile_in_card(node, *tile);
  }
  for (const auto& mapped : chunk.mapped_on)
    if (mapped.device.index < 64) out.mapped_tiles |= std::uint64_t{1} << mapped.device.index;
  return out;
}

/// Returns the tile whose VRAM holds a chunk, by the node's own account of it.
std::optional<node::TileId> tile_of(const svm::ChunkResidency& chunk, const node::Node& node) {
  if (chunk.pagemap == nullptr) return std::nullopt;
  const auto places = node.residence(chunk.interval);
  return places.empty() ? std::nullopt : places.front().tile;
}

ze_result_t query_residency(const void* pointer, std::size_t bytes, std::uint32_t* count,
                            zesvm_sim_residency_t* pieces) {
  return entry([&]() -> ze_result_t {
    ZESVM_NOT_NULL(count);
    Interval interval{};
    if (const auto result = node_pages(pointer, bytes, Programs::taken, interval);
        result != ZE_RESULT_SUCCESS)
      return result;
    auto& node = Driver::instance()->node();
    const auto chunks = node.address_space().residency(interval.rounded_out(cpu_page)).chunks;
    const auto available = static_cast<std::uint32_t>(chunks.size());
    if (pieces == nullptr) {
      *count = available;
      return ZE_RESULT_SUCCESS;
    }
    const std::uint32_t size = *count > 0 ? pieces->size : 0;
    if (*count > 0 && size < offsetof(zesvm_sim_residency_t, device_index))
      return ZE_RESULT_ERROR_INVALID_SIZE;
    *count = std::min(*count, available);
    for (std::uint32_t i = 0; i < *count; ++i)
      give(residency_of(chunks[i], node, tile_of(chunks[i], node), interval),
           element(pieces, size, i));
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t migrate_to_system(const void* pointer, std::size_t bytes) {
  return entry([&]() -> ze_result_t {
    Interval interval{};
    if (const auto result = node_pages(pointer, bytes, Programs::taken, interval);
        result != ZE_RESULT_SUCCESS)
      return result;
    const auto outcome = Driver::instance()->node().address_space().migrate_to_system(
        interval.rounded_out(cpu_page));
    return outcome ? ZE_RESULT_SUCCESS : fail(outcome.status(), "migrating to system memory");
  });
}

ze_result_t discard(void* pointer, std::size_t bytes) {
  return entry([&]() -> ze_result_t {
    Interval interval{};
    if (const auto result = node_pages(pointer, bytes, Programs::refused, interval);
        result != ZE_RESULT_SUCCESS)
      return result;
    const auto outcome = Driver::instance()->node().address_space().discard(interval);
    return outcome ? ZE_RESULT_SUCCESS : fail(outcome.status(), "discarding memory");
  });
}

ze_result_t write_trace(const char* lines, std::size_t bytes) {
  return entry([&]() -> ze_result_t {
    if (lines == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (bytes == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    return Driver::instance()->node().append_trace({lines, bytes})
               ? ZE_RESULT_SUCCESS
               : ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
  });
}

}  // namespace

void add_simulator_functions(FunctionNames& names) {
  add_function(names, ZESVM_SIM_GET_STATISTICS_NAME, get_statistics);
  add_function(names, ZESVM_SIM_GET_VIRTUAL_TIME_NAME, get_virtual_time);
  add_function(names, ZESVM_SIM_QUERY_RESIDENCY_NAME, query_residency);
  add_function(names, ZESVM_SIM_MIGRATE_TO_SYSTEM_NAME, migrate_to_system);
  add_function(names, ZESVM_SIM_DISCARD_NAME, discard);
  add_function(names, ZESVM_SIM_WRITE_TRACE_NAME, write_trace);
}

}  // namespace zesvm::simulator::driver
