/// @file simulator_extension.h
/// What the simulated node tells beyond Level Zero: what moved, where memory is, and virtual time.
///
/// The functions are looked up by name with zeDriverGetExtensionFunctionAddress(); a driver that
/// does not know them is not the simulated one. They take no handles, because a loader that serves
/// several drivers wraps handles and such functions get the wrapped ones: they speak of the one node
/// of the process. They are plain C, and may be called from any thread.
///
/// Versioning: the caller sets `size` of every structure it passes to its own sizeof; the driver
/// fills no more than that, so that both sides may be older or newer than the other.
#ifndef ZESVM_SIMULATOR_EXTENSION_H
#define ZESVM_SIMULATOR_EXTENSION_H

#include <stddef.h>
#include <stdint.h>

#include <level_zero/ze_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Raised when a member is added to a structure below.
#define ZESVM_SIM_EXTENSION_VERSION 2u

/// A count of moves, their bytes, the wall time they took, and the bytes of the smallest and the
/// largest of them (zeros where there were none).
typedef struct zesvm_sim_transfer_t {
  /// How many.
  uint64_t count;
  /// Bytes of all.
  uint64_t bytes;
  /// The wall time they took.
  uint64_t nanoseconds;
  /// Bytes of the smallest.
  uint64_t smallest;
  /// Bytes of the largest.
  uint64_t largest;
} zesvm_sim_transfer_t;

/// Why memory moved: indexes of zesvm_sim_tile_statistics_t::causes.
typedef enum zesvm_sim_cause_t {
  /// A kernel touched it.
  ZESVM_SIM_CAUSE_GPU_FAULT = 0,
  /// The CPU touched it.
  ZESVM_SIM_CAUSE_CPU_FAULT = 1,
  /// An atomic operation of a kernel touched it.
  ZESVM_SIM_CAUSE_GPU_ATOMIC = 2,
  /// A prefetch.
  ZESVM_SIM_CAUSE_PREFETCH = 3,
  /// Other memory needed the VRAM.
  ZESVM_SIM_CAUSE_EVICTION = 4,
  /// Advice changed.
  ZESVM_SIM_CAUSE_ADVICE = 5,
  /// Memory was unmapped or freed.
  ZESVM_SIM_CAUSE_UNMAP = 6,
  /// The device was lost or removed.
  ZESVM_SIM_CAUSE_DEVICE_REMOVAL = 7,
  /// It was asked for: a pin, a move to system memory.
  ZESVM_SIM_CAUSE_EXPLICIT_REQUEST = 8,
  /// How many causes there are.
  ZESVM_SIM_CAUSE_COUNT = 9
} zesvm_sim_cause_t;

/// What happened on one tile since the driver was initialised. Every counter only grows.
typedef struct zesvm_sim_tile_statistics_t {
  /// [in] sizeof of the structure as the caller knows it.
  uint32_t size;
  /// [out] ZESVM_SIM_EXTENSION_VERSION of the driver.
  uint32_t version;
  /// [out] Which card, and which tile of it, as the node description counts them.
  uint32_t device_index;
  /// [out] Which tile of the card.
  uint32_t tile_index;
  /// [out] The UUID Level Zero reports for the tile (for the card, when it has one tile).
  uint8_t uuid[16];
  /// [out] Page faults this tile raised, and those of them that found everything valid already.
  uint64_t gpu_faults;
  /// Those of them that found everything valid already.
  uint64_t gpu_faults_valid;
  /// [out] Faults of the CPU on memory that was in this tile's VRAM.
  uint64_t cpu_faults;
  /// [out] Moves from system memory to this tile, from it to system memory, and from another tile
  /// directly to this one.
  zesvm_sim_transfer_t to_device;
  /// Moves back to system memory.
  zesvm_sim_transfer_t to_system;
  /// Moves from another tile, directly.
  zesvm_sim_transfer_t from_peer;
  /// [out] Blocks pushed out for want of VRAM; mappings taken away; faults and moves that failed.
  uint64_t evictions;
  /// Mappings taken away.
  uint64_t invalidations;
  /// Faults and moves that failed.
  uint64_t failures;
  /// [out] VRAM of the tile, and what of it is in use now.
  uint64_t vram_bytes;
  /// What of its VRAM is in use now.
  uint64_t vram_used_bytes;
  /// [out] GPU faults by atomic operations, wall time of all GPU faults, faults started over.
  uint64_t gpu_faults_atomic;
  /// Wall time of all GPU faults.
  uint64_t gpu_fault_nanoseconds;
  /// Faults started over.
  uint64_t retries;
  /// [out] Moves by their cause.
  uint64_t causes[ZESVM_SIM_CAUSE_COUNT];
  /// [out] Since version 2. Virtual time, in nanoseconds: where the timeline of the tile stands, and
  /// what was charged to it for faults and page tables, for bytes that moved or were copied, for what
  /// kernels used where it was, for launches, and for waiting until a link was free.
  uint64_t virtual_now;
  /// [out] Charged for faults and page tables.
  uint64_t virtual_faults;
  /// [out] Charged for bytes that moved or were copied.
  uint64_t virtual_copies;
  /// [out] Charged for what kernels used where it was.
  uint64_t virtual_accesses;
  /// [out] Charged for launches.
  uint64_t virtual_launches;
  /// [out] Charged for waiting until a link was free.
  uint64_t virtual_contention;
  /// [out] Since version 2. Bytes that kernels of the tile are taken to have read and written in
  /// place outside its own VRAM: in system memory and in that of peers.
  uint64_t remote_read_bytes;
  /// [out] Bytes written there likewise.
  uint64_t remote_written_bytes;
} zesvm_sim_tile_statistics_t;

/// Fills in the statistics of every tile. With `tiles` null, sets `*count` to the number of tiles;
/// else fills at most `*count` elements and sets it to how many were filled.
///
/// Returns ZE_RESULT_ERROR_UNINITIALIZED before zeInit, ZE_RESULT_ERROR_INVALID_NULL_POINTER for a null `count`,
/// ZE_RESULT_ERROR_INVALID_SIZE when an element's `size` does not reach `uuid`.
typedef ze_result_t(ZE_APICALL* zesvm_sim_get_statistics_fn)(uint32_t* count,
                                                             zesvm_sim_tile_statistics_t* tiles);
/// The name to look zesvm_sim_get_statistics_fn up by.
#define ZESVM_SIM_GET_STATISTICS_NAME "zesvmSimGetStatistics"

/// The virtual clock: what the work would take on the links and devices that the node describes.
typedef struct zesvm_sim_virtual_time_t {
  /// [in] sizeof of the structure as the caller knows it.
  uint32_t size;
  /// [out] ZESVM_SIM_EXTENSION_VERSION of the driver.
  uint32_t version;
  /// [out] Nanoseconds since the driver was initialised: the latest of all timelines, and the host's.
  uint64_t elapsed;
  /// [out] Where the host's timeline stands.
  uint64_t host_now;
} zesvm_sim_virtual_time_t;

/// Reads the virtual clock.
///
/// Returns ZE_RESULT_ERROR_UNINITIALIZED before zeInit, ZE_RESULT_ERROR_INVALID_NULL_POINTER for a null `time`.
typedef ze_result_t(ZE_APICALL* zesvm_sim_get_virtual_time_fn)(zesvm_sim_virtual_time_t* time);
/// The name to look zesvm_sim_get_virtual_time_fn up by.
#define ZESVM_SIM_GET_VIRTUAL_TIME_NAME "zesvmSimGetVirtualTime"

/// Where a piece of memory lives.
typedef enum zesvm_sim_place_t {
  /// In system memory.
  ZESVM_SIM_PLACE_SYSTEM = 0,
  /// In the VRAM of a tile.
  ZESVM_SIM_PLACE_VRAM = 1,
  /// Never touched by a device: system memory, and no range yet.
  ZESVM_SIM_PLACE_UNTOUCHED = 2
} zesvm_sim_place_t;

/// One piece of an interval, all of which is in one place.
typedef struct zesvm_sim_residency_t {
  /// [in] sizeof of the structure as the caller knows it.
  uint32_t size;
  /// [out] A zesvm_sim_place_t.
  uint32_t place;
  /// [out] `[begin, end)`, cut to the interval that was asked for.
  uint64_t begin;
  /// [out] Where the piece ends.
  uint64_t end;
  /// [out] The tile whose VRAM holds it; UINT32_MAX in system memory.
  uint32_t device_index;
  /// [out] Which tile of the card; UINT32_MAX in system memory.
  uint32_t tile_index;
  /// [out] Bit n is set when the n-th tile (counted over all cards in order) has it mapped.
  uint64_t mapped_tiles;
} zesvm_sim_residency_t;

/// Says where `[pointer, pointer + bytes)` lives, in pieces of ascending address without holes.
/// `count` works as in zesvm_sim_get_statistics_fn. The answer may be stale when it arrives.
///
/// Returns ZE_RESULT_ERROR_INVALID_ARGUMENT when no allocation of the node covers the interval.
typedef ze_result_t(ZE_APICALL* zesvm_sim_query_residency_fn)(const void* pointer, size_t bytes,
                                                              uint32_t* count,
                                                              zesvm_sim_residency_t* pieces);
/// The name to look zesvm_sim_query_residency_fn up by.
#define ZESVM_SIM_QUERY_RESIDENCY_NAME "zesvmSimQueryResidency"

/// Brings `[pointer, pointer + bytes)` to system memory and returns when it is there.
///
/// Returns ZE_RESULT_ERROR_INVALID_ARGUMENT when no allocation of the node covers the interval.
typedef ze_result_t(ZE_APICALL* zesvm_sim_migrate_to_system_fn)(const void* pointer, size_t bytes);
/// The name to look zesvm_sim_migrate_to_system_fn up by.
#define ZESVM_SIM_MIGRATE_TO_SYSTEM_NAME "zesvmSimMigrateToSystem"

/// Declares the content of `[pointer, pointer + bytes)` dead: its VRAM is freed without a copy, and
/// it reads as zeros until written.
///
/// Returns ZE_RESULT_ERROR_INVALID_ARGUMENT when no allocation of the node covers the interval.
typedef ze_result_t(ZE_APICALL* zesvm_sim_discard_fn)(void* pointer, size_t bytes);
/// The name to look zesvm_sim_discard_fn up by.
#define ZESVM_SIM_DISCARD_NAME "zesvmSimDiscard"

/// Writes lines of the caller to the trace that the node keeps (ZESVM_TRACE): events of the Trace Event
/// Format, one on a line, each line ended by a comma and a newline.
///
/// Returns ZE_RESULT_ERROR_UNSUPPORTED_FEATURE when the node keeps no trace,
/// ZE_RESULT_ERROR_INVALID_NULL_POINTER for null `lines`, ZE_RESULT_ERROR_INVALID_SIZE for no bytes.
typedef ze_result_t(ZE_APICALL* zesvm_sim_write_trace_fn)(const char* lines, size_t bytes);
/// The name to look zesvm_sim_write_trace_fn up by.
#define ZESVM_SIM_WRITE_TRACE_NAME "zesvmSimWriteTrace"

#ifdef __cplusplus
}
#endif

#endif
