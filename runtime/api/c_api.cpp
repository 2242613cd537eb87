// zesvm.h: errors, the runtime, devices, statistics.
#include "api/c_api.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <zesvm/interop.hpp>

namespace zesvm::c_api {
namespace {

static_assert(static_cast<int>(ErrorCode::level_zero) + 1 == ZESVM_LEVEL_ZERO);
static_assert(ZESVM_VERSION_MAJOR == ZESVM_PROJECT_MAJOR);
static_assert(ZESVM_VERSION_MINOR == ZESVM_PROJECT_MINOR);
static_assert(ZESVM_VERSION_PATCH == ZESVM_PROJECT_PATCH);
static_assert(ZESVM_CAUSE_COUNT == cause_count, "causes have the same order");

/// What the last failure of a thread was.
struct Failure {
  std::string message;
  std::string call;
  int result = 0;
};
thread_local Failure last_failure;
thread_local std::string last_reason;

zesvm_transfer transfer_of(const Transfer& moves) {
  return {moves.count, moves.bytes, moves.nanoseconds, moves.smallest, moves.largest};
}

void fill_in(const TileStatistics& from, zesvm_tile_statistics& to) {
  to.device = from.device;
  to.gpu_faults = from.gpu_faults;
  to.gpu_faults_valid = from.gpu_faults_valid;
  to.gpu_faults_atomic = from.gpu_faults_atomic;
  to.gpu_fault_nanoseconds = from.gpu_fault_nanoseconds;
  to.cpu_faults = from.cpu_faults;
  to.to_device = transfer_of(from.to_device);
  to.to_system = transfer_of(from.to_system);
  to.from_peer = transfer_of(from.from_peer);
  to.evictions = from.evictions;
  to.invalidations = from.invalidations;
  to.retries = from.retries;
  to.failures = from.failures;
  std::copy(from.causes.begin(), from.causes.end(), std::begin(to.causes));
  to.vram_bytes = from.vram_bytes;
  to.vram_used_bytes = from.vram_used_bytes;
  const VirtualTime& time = from.virtual_time;
  to.virtual_time = {time.now,
                     time.faults,
                     time.copies,
                     time.accesses,
                     time.launches,
                     time.contention,
                     time.remote_read_bytes,
                     time.remote_written_bytes};
}

std::uint32_t bits_of(const MemoryAbilities& abilities) {
  std::uint32_t bits = 0;
  if (abilities.can_access) bits |= ZESVM_CAN_ACCESS;
  if (abilities.has_atomics) bits |= ZESVM_CAN_ATOMICS;
  if (abilities.is_concurrent) bits |= ZESVM_CAN_CONCURRENT;
  if (abilities.has_concurrent_atomics) bits |= ZESVM_CAN_CONCURRENT_ATOMICS;
  return bits;
}

void fill_in(const Capabilities& from, zesvm_capabilities& to) {
  to.device_memory = bits_of(from.device_memory);
  to.host_memory = bits_of(from.host_memory);
  to.shared_memory = bits_of(from.shared_memory);
  to.shared_memory_of_others = bits_of(from.shared_memory_of_others);
  to.system_memory = bits_of(from.system_memory);
  to.has_host_physical_memory = from.has_host_physical_memory ? 1 : 0;
  to.max_allocation_bytes = from.max_allocation_bytes;
  to.small_page_bytes = from.small_page_bytes;
  to.large_page_bytes = from.large_page_bytes;
  to.peers = 0;
  for (const std::size_t peer : from.peers)
    if (peer < 64) to.peers |= std::uint64_t{1} << peer;
  to.backing = static_cast<zesvm_backing>(from.backing);
  to.is_sub_device = from.is_sub_device ? 1 : 0;
  to.backing_reason = from.backing_reason.c_str();
  to.hierarchy = from.hierarchy.c_str();
  to.affinity_mask = from.affinity_mask.c_str();
}

static_assert(static_cast<int>(CpuTouch::unhandled) == ZESVM_CPU_TOUCH_UNHANDLED);

RuntimeOptions options_of(const zesvm_runtime_options* from) {
  RuntimeOptions options;
  if (from == nullptr) return options;
  check_structure("zesvm_runtime_create", from);
  switch (from->backend) {
    case ZESVM_BACKEND_AUTOMATIC: break;
    case ZESVM_BACKEND_LEVEL_ZERO: options.backend = Backend::levelzero; break;
    case ZESVM_BACKEND_SIMULATOR: options.backend = Backend::simulator; break;
    default: refuse("zesvm_runtime_create", "an unknown backend");
  }
  options.backing = backing_of("zesvm_runtime_create", from->backing);
  if (from->cpu_touch > ZESVM_CPU_TOUCH_UNHANDLED)
    refuse("zesvm_runtime_create", "an unknown answer to CPU touches");
  options.cpu_touch = static_cast<CpuTouch>(from->cpu_touch);
  if (from->node != nullptr) options.node = from->node;
  return options;
}

}  // namespace

zesvm_code fail(zesvm_code code, const char* message, const char* call, int result) noexcept {
  try {
    last_failure = {message, call, result};
  } catch (const std::bad_alloc&) {
    last_failure.result = result;
  }
  return code;
}

void give(const HintResult& result, zesvm_hint* hint) {
  if (hint == nullptr) return;
  last_reason = result.reason;
  hint->outcome = static_cast<zesvm_hint_outcome>(result.outcome);
  hint->reason = last_reason.c_str();
}

void write_text(const std::string& from, char* text, std::size_t* length) {
  const std::size_t room = *length;
  *length = from.size() + 1;
  if (text == nullptr || room == 0) return;
  const std::size_t copied = std::min(room - 1, from.size());
  std::memcpy(text, from.data(), copied);
  text[copied] = '\0';
}

}  // namespace zesvm::c_api

using namespace zesvm::c_api;

extern "C" {

void zesvm_version(uint32_t* major, uint32_t* minor, uint32_t* patch) {
  if (major != nullptr) *major = ZESVM_VERSION_MAJOR;
  if (minor != nullptr) *minor = ZESVM_VERSION_MINOR;
  if (patch != nullptr) *patch = ZESVM_VERSION_PATCH;
}

const char* zesvm_code_name(zesvm_code code) {
  constexpr std::array names{"ZESVM_OK",
                             "ZESVM_BACKEND_UNAVAILABLE",
                             "ZESVM_UNKNOWN_NODE",
                             "ZESVM_INVALID_ARGUMENT",
                             "ZESVM_UNKNOWN_MEMORY",
                             "ZESVM_OUT_OF_HOST_MEMORY",
                             "ZESVM_OUT_OF_DEVICE_MEMORY",
                             "ZESVM_UNREADABLE_FILE",
                             "ZESVM_MODULE_REJECTED",
                             "ZESVM_UNKNOWN_KERNEL",
                             "ZESVM_LAUNCH_FAILED",
                             "ZESVM_DEVICE_LOST",
                             "ZESVM_UNSUPPORTED",
                             "ZESVM_LEVEL_ZERO"};
  const auto number = static_cast<std::size_t>(code);
  if (number < names.size()) return names[number];
  return code == ZESVM_INTERNAL ? "ZESVM_INTERNAL" : "unknown";
}

const char* zesvm_last_error(void) { return last_failure.message.c_str(); }
const char* zesvm_last_call(void) { return last_failure.call.c_str(); }
int32_t zesvm_last_result(void) { return last_failure.result; }

zesvm_code zesvm_runtime_create(const zesvm_runtime_options* options, zesvm_runtime** runtime) {
  return guarded([&] {
    require("zesvm_runtime_create", runtime);
    *runtime = new zesvm_runtime{zesvm::Runtime(options_of(options))};
  });
}

zesvm_code zesvm_runtime_around(void* driver, void* context, zesvm_runtime** runtime) {
  return guarded([&] {
    require("zesvm_runtime_around", driver, runtime);
    *runtime = new zesvm_runtime{zesvm::Runtime::around(driver, context)};
  });
}

void zesvm_runtime_destroy(zesvm_runtime* runtime) { delete runtime; }

int zesvm_is_simulated(const zesvm_runtime* runtime) {
  return runtime != nullptr && runtime->runtime.is_simulated() ? 1 : 0;
}

const char* zesvm_node_name(const zesvm_runtime* runtime) {
  return runtime != nullptr ? runtime->runtime.node_name().c_str() : "";
}

void* zesvm_native_driver(const zesvm_runtime* runtime) {
  return runtime != nullptr ? runtime->runtime.native_driver() : nullptr;
}

void* zesvm_native_context(const zesvm_runtime* runtime) {
  return runtime != nullptr ? runtime->runtime.native_context() : nullptr;
}

size_t zesvm_device_count(const zesvm_runtime* runtime) {
  return runtime != nullptr ? runtime->runtime.devices().size() : 0;
}

const char* zesvm_device_name(const zesvm_runtime* runtime, size_t device) {
  if (device >= zesvm_device_count(runtime)) return nullptr;
  return runtime->runtime.devices()[device].name().c_str();
}

zesvm_code zesvm_device_describe(const zesvm_runtime* runtime, size_t device,
                                 zesvm_device_info* info) {
  return guarded([&] {
    require("zesvm_device_describe", runtime);
    check_structure("zesvm_device_describe", info);
    const zesvm::Device& from = runtime->runtime.device(device);
    info->native_handle = from.native_handle();
    std::size_t length = sizeof info->name;
    write_text(from.name(), info->name, &length);
    info->memory_bytes = from.memory_bytes();
    info->card = static_cast<uint32_t>(from.card());
    info->tile = static_cast<uint32_t>(from.tile());
    info->tiles_on_card = static_cast<uint32_t>(from.tiles_on_card());
    info->execution_units = from.execution_units();
    info->max_group_size = from.max_group_size();
    info->local_memory_bytes = from.local_memory_bytes();
    info->has_page_faults = from.has_page_faults() ? 1 : 0;
    info->has_shared_system_memory = from.has_shared_system_memory() ? 1 : 0;
  });
}

zesvm_code zesvm_device_capabilities(const zesvm_runtime* runtime, size_t device,
                                     zesvm_capabilities* capabilities) {
  return guarded([&] {
    require("zesvm_device_capabilities", runtime);
    check_structure("zesvm_device_capabilities", capabilities);
    fill_in(runtime->runtime.device(device).capabilities(), *capabilities);
  });
}

zesvm_code zesvm_device_can_access(const zesvm_runtime* runtime, size_t device, size_t other,
                                   int* can_access) {
  return guarded([&] {
    require("zesvm_device_can_access", runtime, can_access);
    const zesvm::Runtime& from = runtime->runtime;
    *can_access = from.device(device).can_access(from.device(other)) ? 1 : 0;
  });
}

zesvm_code zesvm_statistics(const zesvm_runtime* runtime, zesvm_tile_statistics* tiles,
                            size_t* count) {
  return guarded([&] {
    require("zesvm_statistics", runtime, count);
    if (*count > 0) require("zesvm_statistics", tiles);
    for (std::size_t i = 0; i < *count; ++i) check_structure("zesvm_statistics", &tiles[i]);
    const auto found = runtime->runtime.statistics().tiles;
    for (std::size_t i = 0; i < std::min(*count, found.size()); ++i) fill_in(found[i], tiles[i]);
    *count = found.size();
  });
}

zesvm_code zesvm_report(const zesvm_runtime* runtime, zesvm_report_format format, char* text,
                        size_t* length) {
  return guarded([&] {
    require("zesvm_report", runtime, length);
    if (format != ZESVM_REPORT_TEXT && format != ZESVM_REPORT_JSON)
      refuse("zesvm_report", "an unknown format");
    const auto statistics = runtime->runtime.statistics();
    write_text(format == ZESVM_REPORT_TEXT ? zesvm::report_text(statistics)
                                           : zesvm::report_json(statistics),
               text, length);
  });
}

}  // extern "C"
