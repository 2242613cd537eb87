/// @file zesvm.h
/// zesvm for C and, through zesvm.f90, for Fortran: the objects of zesvm.hpp behind opaque handles.
///
/// Errors: every function that can fail returns a zesvm_code; zesvm_last_error() has the words. What
/// a function gives comes through its last parameters, which are left alone on failure. Null handles
/// and null places for results are refused with ZESVM_INVALID_ARGUMENT, unless said otherwise.
///
/// The codes are those that the C++ function of the same purpose throws: zesvm_advise() returns what
/// zesvm::AddressSpace::advise() says, ZESVM_INVALID_ARGUMENT besides.
///
/// Structures start with `size`: set it to sizeof, so that later versions can add members. Members
/// named `reserved` must be zero; else the call is refused and nothing changes.
///
/// Threads: functions on one stream, and those that change one kernel, are for one thread at a time;
/// all others may be called from any thread at once. A handle must not be destroyed while another
/// thread uses it. Messages belong to the thread that got them.
///
/// Handles: each is destroyed by its own function; null is allowed there. A runtime goes last: its
/// memory ends with it.
///
/// Versions: functions and structures are only added. Symbols have the version ZESVM_C_1.
#ifndef ZESVM_H
#define ZESVM_H

#include <stddef.h>
#include <stdint.h>

/// Visible outside libzesvm.so, as in <zesvm/export.hpp>.
#define ZESVM_API __attribute__((visibility("default")))

/// The version of this header.
#define ZESVM_VERSION_MAJOR 0
/// Its minor version.
#define ZESVM_VERSION_MINOR 1
/// Its patch version.
#define ZESVM_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/// A driver with its devices and memory; a queue of one device; a point in one; a SPIR-V module; one
/// of its kernels.
typedef struct zesvm_runtime zesvm_runtime;
/// A queue of one device.
typedef struct zesvm_stream zesvm_stream;
/// A point in a stream.
typedef struct zesvm_event zesvm_event;
/// A SPIR-V module.
typedef struct zesvm_module zesvm_module;
/// A kernel of a module.
typedef struct zesvm_kernel zesvm_kernel;

/// What came of a call; the values are those of zesvm::ErrorCode, plus one.
typedef enum zesvm_code {
  /// It worked.
  ZESVM_OK = 0,
  /// No driver, or not the one that was asked for, could be had.
  ZESVM_BACKEND_UNAVAILABLE = 1,
  /// The named node is neither a preset nor a readable file, or its file is wrong.
  ZESVM_UNKNOWN_NODE = 2,
  /// An argument is malformed: null, empty, too large, of the wrong size, unknown.
  ZESVM_INVALID_ARGUMENT = 3,
  /// The pointer is not in memory of this runtime.
  ZESVM_UNKNOWN_MEMORY = 4,
  /// No memory left on the host.
  ZESVM_OUT_OF_HOST_MEMORY = 5,
  /// No memory left on the device.
  ZESVM_OUT_OF_DEVICE_MEMORY = 6,
  /// A file could not be read.
  ZESVM_UNREADABLE_FILE = 7,
  /// The module's code was refused or did not build.
  ZESVM_MODULE_REJECTED = 8,
  /// The module has no kernel of this name.
  ZESVM_UNKNOWN_KERNEL = 9,
  /// Work on a device failed.
  ZESVM_LAUNCH_FAILED = 10,
  /// The device stopped answering; what was in its memory is gone.
  ZESVM_DEVICE_LOST = 11,
  /// The device, the driver or this version cannot do it.
  ZESVM_UNSUPPORTED = 12,
  /// Anything else a Level Zero call returned.
  ZESVM_LEVEL_ZERO = 13,
  /// Something the library did not expect.
  ZESVM_INTERNAL = 1000
} zesvm_code;

/// Gives the version of the library; null where it is not wanted.
ZESVM_API void zesvm_version(uint32_t* major, uint32_t* minor, uint32_t* patch);
/// Returns the name of a code, as spelled here; "unknown" for other numbers.
ZESVM_API const char* zesvm_code_name(zesvm_code code);
/// Returns why the last call of this thread that failed did. Valid until the thread's next failure.
ZESVM_API const char* zesvm_last_error(void);
/// Returns the Level Zero function that failed then, and its ze_result_t; "" and 0 when there was
/// none.
ZESVM_API const char* zesvm_last_call(void);
/// Returns the ze_result_t that came back then; 0 when there was none.
ZESVM_API int32_t zesvm_last_result(void);

// ---- Runtime and devices ----

/// Which driver to use.
typedef enum zesvm_backend {
  /// As the environment says: ZESVM_BACKEND, ZESVM_NODE.
  ZESVM_BACKEND_AUTOMATIC = 0,
  /// Real GPUs.
  ZESVM_BACKEND_LEVEL_ZERO = 1,
  /// The simulated node.
  ZESVM_BACKEND_SIMULATOR = 2
} zesvm_backend;

/// What carries an allocation; values as zesvm::Backing.
typedef enum zesvm_backing {
  /// As ZESVM_BACKING says; else what fits the devices best.
  ZESVM_BACKING_AUTOMATIC = 0,
  /// Plain memory of the program, moved by the kernel of the operating system.
  ZESVM_BACKING_SYSTEM = 1,
  /// Shared allocations of the driver, moved by it.
  ZESVM_BACKING_SHARED = 2,
  /// Physical memory at reserved addresses, moved by zesvm.
  ZESVM_BACKING_PAGED = 3
} zesvm_backing;

/// What becomes of a CPU touch of paged memory that is on a device; values as zesvm::CpuTouch.
typedef enum zesvm_cpu_touch {
  /// As ZESVM_CPU_TOUCH says; else it is brought back.
  ZESVM_CPU_TOUCH_AUTOMATIC = 0,
  /// zesvm's SIGSEGV handler brings the touched chunk back.
  ZESVM_CPU_TOUCH_BRING_BACK = 1,
  /// An error: a line on stderr, and SIGSEGV for the program.
  ZESVM_CPU_TOUCH_REFUSE = 2,
  /// The same without the line: zesvm installs no signal handler.
  ZESVM_CPU_TOUCH_UNHANDLED = 3
} zesvm_cpu_touch;

/// What a runtime is made with.
typedef struct zesvm_runtime_options {
  /// sizeof the structure, set by the caller.
  size_t size;
  /// Which driver to use.
  zesvm_backend backend;
  /// What carries allocations that do not say.
  zesvm_backing backing;
  /// A preset or a file, for the simulated node; null: as the environment says.
  const char* node;
  /// What a CPU touch of paged memory on a device does.
  zesvm_cpu_touch cpu_touch;
  /// Zero.
  uint32_t reserved;
} zesvm_runtime_options;

/// Makes a runtime. `options` may be null: all as the environment says.
ZESVM_API zesvm_code zesvm_runtime_create(const zesvm_runtime_options* options,
                                          zesvm_runtime** runtime);
/// Makes one around a ze_driver_handle_t and, unless null, a ze_context_handle_t of the program,
/// which must outlive it.
ZESVM_API zesvm_code zesvm_runtime_around(void* driver, void* context, zesvm_runtime** runtime);
/// Frees all its memory. Its streams, kernels, modules and events must be gone.
ZESVM_API void zesvm_runtime_destroy(zesvm_runtime* runtime);
/// Returns 1 where devices are simulated, else 0.
ZESVM_API int zesvm_is_simulated(const zesvm_runtime* runtime);
/// Returns the name of the simulated node, valid as long as the runtime; "" on real GPUs.
ZESVM_API const char* zesvm_node_name(const zesvm_runtime* runtime);
/// Return the ze_driver_handle_t and the ze_context_handle_t; null for null.
ZESVM_API void* zesvm_native_driver(const zesvm_runtime* runtime);
/// Returns its ze_context_handle_t; null for null.
ZESVM_API void* zesvm_native_context(const zesvm_runtime* runtime);

/// Facts about a device: one tile of one card.
typedef struct zesvm_device_info {
  /// sizeof the structure, set by the caller.
  size_t size;
  /// Its ze_device_handle_t.
  void* native_handle;
  /// For people; ends with a zero.
  char name[256];
  /// The size of its memory.
  uint64_t memory_bytes;
  /// Which card it is on, which tile of it, and of how many; from 0.
  uint32_t card;
  /// Which tile of the card; from 0.
  uint32_t tile;
  /// How many tiles the card has.
  uint32_t tiles_on_card;
  /// How many execution units it has.
  uint32_t execution_units;
  /// How many work-items a group may have at most.
  uint32_t max_group_size;
  /// How many bytes of local memory a group may use.
  uint32_t local_memory_bytes;
  /// 1 or 0: kernels may touch memory that is not there; may use any pointer of the program.
  uint32_t has_page_faults;
  /// 1 or 0: kernels may use any pointer of the program.
  uint32_t has_shared_system_memory;
} zesvm_device_info;

/// Returns how many devices there are: one per tile. 0 for null.
ZESVM_API size_t zesvm_device_count(const zesvm_runtime* runtime);
/// Returns a device's name, valid as long as the runtime; null when there is no such device.
ZESVM_API const char* zesvm_device_name(const zesvm_runtime* runtime, size_t device);
/// Fills `info`, whose `size` is set.
ZESVM_API zesvm_code zesvm_device_describe(const zesvm_runtime* runtime, size_t device,
                                           zesvm_device_info* info);
/// What a device can do with one kind of memory: bits of zesvm_capabilities.
typedef enum zesvm_ability {
  /// Kernels may read and write it.
  ZESVM_CAN_ACCESS = 1,
  /// Atomic operations on it work.
  ZESVM_CAN_ATOMICS = 2,
  /// While the CPU or another device uses it.
  ZESVM_CAN_CONCURRENT = 4,
  /// Atomic operations work while others use it.
  ZESVM_CAN_CONCURRENT_ATOMICS = 8
} zesvm_ability;

/// What a device can do with memory, as its driver tells; members as in zesvm::Capabilities.
typedef struct zesvm_capabilities {
  /// sizeof the structure, set by the caller.
  size_t size;
  /// Bits of zesvm_ability.
  uint32_t device_memory;
  /// Host allocations.
  uint32_t host_memory;
  /// Shared allocations of this device.
  uint32_t shared_memory;
  /// Shared allocations of others, or of none.
  uint32_t shared_memory_of_others;
  /// Any memory of the program.
  uint32_t system_memory;
  /// 1 or 0: physical memory can be made on the host and mapped for it.
  uint32_t has_host_physical_memory;
  /// The largest single allocation without the driver's relaxed limits.
  uint64_t max_allocation_bytes;
  /// The page of virtual memory for small mappings; 0: the driver has none.
  uint64_t small_page_bytes;
  /// The same for large mappings.
  uint64_t large_page_bytes;
  /// Bit i: the driver says it can use memory of device i in place. Devices from 64 on are left out.
  uint64_t peers;
  /// What ZESVM_BACKING_AUTOMATIC comes to in this runtime.
  zesvm_backing backing;
  /// 1 or 0: it is a tile that the driver shows as a part of its card; else as a device of its own.
  uint32_t is_sub_device;
  /// Why `backing`; valid as long as the runtime, as are the texts below.
  const char* backing_reason;
  /// ZE_FLAT_DEVICE_HIERARCHY as the process has it; may be empty.
  const char* hierarchy;
  /// ZE_AFFINITY_MASK as the process has it; may be empty.
  const char* affinity_mask;
} zesvm_capabilities;

/// Fills `capabilities`, whose `size` is set.
ZESVM_API zesvm_code zesvm_device_capabilities(const zesvm_runtime* runtime, size_t device,
                                               zesvm_capabilities* capabilities);
/// Gives 1 when the driver says `device` can access memory of `other` in place, else 0.
ZESVM_API zesvm_code zesvm_device_can_access(const zesvm_runtime* runtime, size_t device,
                                             size_t other, int* can_access);

// ---- Memory ----

/// Stands for system memory where a device is asked for.
#define ZESVM_SYSTEM ((size_t)-1)
/// Stands for no preference.
#define ZESVM_ANYWHERE ((size_t)-2)

/// Allocates memory for the CPU and every device. `alignment`: a power of two, or 0.
ZESVM_API zesvm_code zesvm_allocate(zesvm_runtime* runtime, size_t bytes, size_t alignment,
                                    void** pointer);
/// As zesvm_allocate(), carried by `backing`.
ZESVM_API zesvm_code zesvm_allocate_on(zesvm_runtime* runtime, size_t bytes, size_t alignment,
                                       zesvm_backing backing, void** pointer);
/// Makes memory of the program's own, from malloc, mmap or the stack, memory of the runtime, until
/// zesvm_free() of its begin, which leaves the memory to the program. Where a device cannot use any
/// pointer of the program it stays in system memory, and must not be freed before.
ZESVM_API zesvm_code zesvm_adopt(zesvm_runtime* runtime, void* pointer, size_t bytes);
/// Says what carries the memory at `pointer`.
ZESVM_API zesvm_code zesvm_backing_of(zesvm_runtime* runtime, const void* pointer,
                                      zesvm_backing* backing);
/// Frees memory that no device uses any more. Null is allowed.
ZESVM_API zesvm_code zesvm_free(zesvm_runtime* runtime, void* pointer);
/// Returns 1 when `pointer` is inside living memory of the runtime, else 0.
ZESVM_API int zesvm_contains(const zesvm_runtime* runtime, const void* pointer);
/// Returns how many bytes are allocated now.
ZESVM_API uint64_t zesvm_allocated_bytes(const zesvm_runtime* runtime);

/// What became of a hint.
typedef enum zesvm_hint_outcome {
  /// It was passed on and holds.
  ZESVM_APPLIED = 0,
  /// It held before.
  ZESVM_ALREADY_SO = 1,
  /// The driver or the device cannot follow it; the reason says why.
  ZESVM_IGNORED = 2,
  /// It was passed on; whether it holds, the driver does not tell.
  ZESVM_UNCONFIRMED = 3
} zesvm_hint_outcome;

/// What became of a hint, and why. Functions take a null pointer to it from those who do not ask.
typedef struct zesvm_hint {
  /// sizeof the structure, set by the caller.
  size_t size;
  /// What became of it.
  zesvm_hint_outcome outcome;
  /// Must be zero.
  uint32_t reserved;
  /// Set by the call. Valid until the next hint of this thread.
  const char* reason;
} zesvm_hint;

/// What advice is about.
typedef enum zesvm_advice_kind {
  /// Memory should live on `device`, in ZESVM_SYSTEM, or ZESVM_ANYWHERE.
  ZESVM_ADVICE_LOCATION = 0,
  /// Atomic operations are used as `atomic_access` says.
  ZESVM_ADVICE_ATOMIC = 1,
  /// Memory will mostly be read.
  ZESVM_ADVICE_READ_MOSTLY = 2
} zesvm_advice_kind;

/// By whom atomic operations are used.
typedef enum zesvm_atomic_access {
  /// Not said: the driver's default.
  ZESVM_ATOMIC_UNDEFINED = 0,
  /// By devices only.
  ZESVM_ATOMIC_DEVICE = 1,
  /// By devices and the CPU, at once.
  ZESVM_ATOMIC_GLOBAL = 2,
  /// By the CPU only; an atomic operation of a device is an error.
  ZESVM_ATOMIC_CPU = 3
} zesvm_atomic_access;

/// Which memory a preferred location moves.
typedef enum zesvm_migrate {
  /// All of it.
  ZESVM_MIGRATE_ALL_PAGES = 0,
  /// Only what is in system memory now.
  ZESVM_MIGRATE_ONLY_SYSTEM_PAGES = 1
} zesvm_migrate;

/// One piece of advice. Members that do not belong to its kind must be zero.
typedef struct zesvm_advice {
  /// sizeof the structure, set by the caller.
  size_t size;
  /// What it is about.
  zesvm_advice_kind kind;
  /// For ZESVM_ADVICE_LOCATION: which memory moves.
  zesvm_migrate migrate;
  /// For ZESVM_ADVICE_LOCATION: a device, ZESVM_SYSTEM or ZESVM_ANYWHERE.
  size_t device;
  /// For ZESVM_ADVICE_ATOMIC: by whom.
  zesvm_atomic_access atomic_access;
  /// Must be zero.
  uint32_t reserved;
} zesvm_advice;

/// Says how memory should be treated. `hint` may be null.
ZESVM_API zesvm_code zesvm_advise(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                  const zesvm_advice* advice, zesvm_hint* hint);
/// Moves memory to a device, or to ZESVM_SYSTEM, and waits. `hint` may be null.
ZESVM_API zesvm_code zesvm_prefetch(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                    size_t device, zesvm_hint* hint);
/// Declares the content of memory dead. `hint` may be null.
ZESVM_API zesvm_code zesvm_discard(zesvm_runtime* runtime, void* pointer, size_t bytes,
                                   zesvm_hint* hint);

/// What is done with memory.
typedef enum zesvm_access_mode {
  /// It is read.
  ZESVM_READ = 0,
  /// It is written.
  ZESVM_WRITE = 1,
  /// It is read and written.
  ZESVM_READ_WRITE = 2,
  /// Atomic operations, with or without plain reads and writes.
  ZESVM_ATOMIC = 3
} zesvm_access_mode;

/// An interval and what a kernel will do with it. `reserved` must be zero.
typedef struct zesvm_access {
  /// Where it begins.
  const void* begin;
  /// Its size.
  size_t bytes;
  /// What is done with it.
  zesvm_access_mode mode;
  /// Must be zero.
  uint32_t reserved;
} zesvm_access;

/// Makes memory ready for a kernel on `device`, wherever it is launched from. `hint` may be null.
ZESVM_API zesvm_code zesvm_prepare(zesvm_runtime* runtime, size_t device,
                                   const zesvm_access* accesses, size_t count, zesvm_hint* hint);
/// Brings memory to the host and keeps it there until zesvm_unpin() of the same interval, for system
/// calls, MPI and network cards. Pins nest. `hint` may be null.
ZESVM_API zesvm_code zesvm_pin(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                               zesvm_hint* hint);
/// Ends one zesvm_pin() of the same interval; nothing when there is none.
ZESVM_API zesvm_code zesvm_unpin(zesvm_runtime* runtime, const void* pointer, size_t bytes);

/// Where a piece of memory lives.
typedef enum zesvm_place {
  /// System memory.
  ZESVM_PLACE_SYSTEM = 0,
  /// A device's memory.
  ZESVM_PLACE_DEVICE = 1,
  /// Known to no device yet: system memory.
  ZESVM_PLACE_UNTOUCHED = 2,
  /// The driver does not tell.
  ZESVM_PLACE_UNKNOWN = 3
} zesvm_place;

/// A piece of an interval, all of it in one place.
typedef struct zesvm_resident_piece {
  /// Where it begins.
  const void* begin;
  /// Its size.
  size_t bytes;
  /// Where it is.
  zesvm_place place;
  /// Must be zero.
  uint32_t reserved;
  /// The device whose memory holds it; ZESVM_SYSTEM elsewhere.
  size_t device;
  /// Bit i: device i has it mapped. Devices from 64 on are left out.
  uint64_t mapped_on;
} zesvm_resident_piece;

/// Says where memory is, piece by piece. `*count`: how many fit into `pieces`; how many there are
/// comes back. `pieces` may be null when `*count` is 0.
ZESVM_API zesvm_code zesvm_residency(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                     zesvm_resident_piece* pieces, size_t* count);
/// Says how many bytes of memory are in a device's memory, or in ZESVM_SYSTEM.
ZESVM_API zesvm_code zesvm_resident_bytes(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                          size_t device, uint64_t* resident);
/// Writes the same for people. `*length`: bytes of `text`; the bytes needed, with the zero at the
/// end, come back. What does not fit is left out.
ZESVM_API zesvm_code zesvm_residency_text(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                          char* text, size_t* length);

// ---- Statistics ----

/// A count of moves, their bytes, their wall time, and the sizes of the smallest and the largest.
typedef struct zesvm_transfer {
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
} zesvm_transfer;

/// Why memory moved: an index of zesvm_tile_statistics.causes.
typedef enum zesvm_cause {
  /// A kernel touched it.
  ZESVM_CAUSE_GPU_FAULT = 0,
  /// The CPU touched it.
  ZESVM_CAUSE_CPU_FAULT = 1,
  /// An atomic operation of a kernel touched it.
  ZESVM_CAUSE_GPU_ATOMIC = 2,
  /// A prefetch.
  ZESVM_CAUSE_PREFETCH = 3,
  /// Other memory needed the VRAM.
  ZESVM_CAUSE_EVICTION = 4,
  /// Advice changed.
  ZESVM_CAUSE_ADVICE = 5,
  /// Memory was unmapped or freed.
  ZESVM_CAUSE_UNMAP = 6,
  /// The device was lost or removed.
  ZESVM_CAUSE_DEVICE_REMOVAL = 7,
  /// It was asked for: a pin, a move to system memory.
  ZESVM_CAUSE_EXPLICIT_REQUEST = 8,
  /// How many causes there are.
  ZESVM_CAUSE_COUNT = 9
} zesvm_cause;

/// Virtual time of one device, in nanoseconds; members as in zesvm::VirtualTime.
typedef struct zesvm_virtual_time {
  /// Where its timeline stands.
  uint64_t now;
  /// Charged for faults and page tables.
  uint64_t faults;
  /// Charged for bytes that moved or were copied.
  uint64_t copies;
  /// Charged for what kernels used where it was.
  uint64_t accesses;
  /// Charged for launches.
  uint64_t launches;
  /// Charged for waiting until a link was free.
  uint64_t contention;
  /// Bytes kernels are taken to have read in place outside its own memory.
  uint64_t remote_read_bytes;
  /// Bytes written there likewise.
  uint64_t remote_written_bytes;
} zesvm_virtual_time;

/// What happened on one device; members as in zesvm::TileStatistics.
typedef struct zesvm_tile_statistics {
  /// sizeof the structure, set by the caller.
  size_t size;
  /// Its index.
  size_t device;
  /// Page faults of its kernels.
  uint64_t gpu_faults;
  /// Those of them that found everything valid already.
  uint64_t gpu_faults_valid;
  /// GPU faults by atomic operations.
  uint64_t gpu_faults_atomic;
  /// Wall time of all GPU faults.
  uint64_t gpu_fault_nanoseconds;
  /// Faults of the CPU on its memory.
  uint64_t cpu_faults;
  /// Moves from system memory.
  zesvm_transfer to_device;
  /// Moves back to system memory.
  zesvm_transfer to_system;
  /// Moves from another tile, directly.
  zesvm_transfer from_peer;
  /// Blocks pushed out for want of VRAM.
  uint64_t evictions;
  /// Mappings taken away.
  uint64_t invalidations;
  /// Faults started over.
  uint64_t retries;
  /// Faults and moves that failed.
  uint64_t failures;
  /// Moves by their cause, a zesvm_cause.
  uint64_t causes[ZESVM_CAUSE_COUNT];
  /// Its VRAM.
  uint64_t vram_bytes;
  /// What of its VRAM is in use now.
  uint64_t vram_used_bytes;
  /// Its virtual time, on a simulated node.
  zesvm_virtual_time virtual_time;
} zesvm_tile_statistics;

/// Fills `tiles`, whose `size` members are set. `*count`: how many there are room for; how many
/// there are comes back, 0 where the driver does not count.
ZESVM_API zesvm_code zesvm_statistics(const zesvm_runtime* runtime, zesvm_tile_statistics* tiles,
                                      size_t* count);

/// How a report is written.
typedef enum zesvm_report_format {
  /// For people.
  ZESVM_REPORT_TEXT = 0,
  /// For programs.
  ZESVM_REPORT_JSON = 1
} zesvm_report_format;

/// Writes the migration report, as zesvm::report_text() and report_json(). `*length` as in
/// zesvm_residency_text().
ZESVM_API zesvm_code zesvm_report(const zesvm_runtime* runtime, zesvm_report_format format,
                                  char* text, size_t* length);

// ---- Placement ----

/// Works out where memory should live on this node, as zesvm::PlacementPlanner.
typedef struct zesvm_planner zesvm_planner;
/// A plan that a planner made.
typedef struct zesvm_plan zesvm_plan;

/// Makes a planner of a runtime, which must outlive it.
ZESVM_API zesvm_code zesvm_planner_create(zesvm_runtime* runtime, zesvm_planner** planner);
/// Its plans live on.
ZESVM_API void zesvm_planner_destroy(zesvm_planner* planner);

/// How a device, or the CPU, uses memory each time, and how often; members as in zesvm::MemoryUse.
typedef struct zesvm_memory_use {
  /// sizeof the structure, set by the caller.
  size_t size;
  /// A device; ZESVM_SYSTEM: the CPU.
  size_t device;
  /// Bytes read each time.
  uint64_t read_bytes;
  /// Bytes written each time.
  uint64_t written_bytes;
  /// Atomic operations each time.
  uint64_t atomics;
  /// 0 stands for once.
  uint64_t times;
  /// The part it uses, in bytes from the start; an end of 0 stands for all.
  uint64_t begin;
  /// Where the part ends.
  uint64_t end;
} zesvm_memory_use;

/// Plans the cheapest place of each 2 MiB of memory for these uses, whose `size` members are set.
ZESVM_API zesvm_code zesvm_plan_uses(const zesvm_planner* planner, const void* pointer,
                                     size_t bytes, const zesvm_memory_use* uses, size_t count,
                                     zesvm_plan** plan);
/// Distributes memory in contiguous blocks over `count` devices; over all when `count` is 0.
ZESVM_API zesvm_code zesvm_plan_block(const zesvm_planner* planner, const void* pointer,
                                      size_t bytes, const size_t* devices, size_t count,
                                      zesvm_plan** plan);
/// Distributes memory in turns of `stride` bytes over `count` devices; over all when `count` is 0.
ZESVM_API zesvm_code zesvm_plan_cyclic(const zesvm_planner* planner, const void* pointer,
                                       size_t bytes, size_t stride, const size_t* devices,
                                       size_t count, zesvm_plan** plan);
/// Gives each 2 MiB to the device that touches it first; of a touch, only device, begin and end count.
ZESVM_API zesvm_code zesvm_plan_first_touch(const zesvm_planner* planner, const void* pointer,
                                            size_t bytes, const zesvm_memory_use* touches,
                                            size_t count, zesvm_plan** plan);
/// Ends the handle; null is allowed.
ZESVM_API void zesvm_plan_destroy(zesvm_plan* plan);

/// A part of a plan: what should live where.
typedef struct zesvm_placed_piece {
  /// sizeof the structure, set by the caller.
  size_t size;
  /// Where it begins.
  const void* begin;
  /// Its size.
  size_t bytes;
  /// Where: a device, ZESVM_SYSTEM, or ZESVM_ANYWHERE: it moves to whoever uses it.
  size_t device;
  /// Virtual time of all uses there; 0 for a distribution, which weighs no uses.
  uint64_t cost_nanoseconds;
  /// Why; valid as long as the plan.
  const char* reason;
} zesvm_placed_piece;

/// Returns how many pieces a plan has, in ascending order and without holes. 0 for null.
ZESVM_API size_t zesvm_plan_piece_count(const zesvm_plan* plan);
/// Fills `piece`, whose `size` is set.
ZESVM_API zesvm_code zesvm_plan_piece(const zesvm_plan* plan, size_t index,
                                      zesvm_placed_piece* piece);
/// Returns the virtual time of all uses, in nanoseconds. 0 for null.
ZESVM_API uint64_t zesvm_plan_cost(const zesvm_plan* plan);
/// Writes a line per piece for people. `*length` as in zesvm_residency_text().
ZESVM_API zesvm_code zesvm_plan_text(const zesvm_plan* plan, char* text, size_t* length);
/// Gives the advice of a plan and moves memory there. `hint`, which may be null: what became of the
/// first piece that is not where it should be; ZESVM_APPLIED when there is none.
ZESVM_API zesvm_code zesvm_plan_apply(const zesvm_planner* planner, const zesvm_plan* plan,
                                      zesvm_hint* hint);
/// Places the system memory behind memory of the runtime on the NUMA node nearest to a device.
/// Ignored where the host has one NUMA node only. `hint` may be null.
ZESVM_API zesvm_code zesvm_place_host_memory(const zesvm_planner* planner, const void* pointer,
                                             size_t bytes, size_t device, zesvm_hint* hint);
/// Lets the calling thread run only on processors of the NUMA node nearest to a device; ignored as
/// above. `hint` may be null.
ZESVM_API zesvm_code zesvm_bind_thread_near(const zesvm_planner* planner, size_t device,
                                            zesvm_hint* hint);

// ---- Modules and kernels ----

/// Loads a SPIR-V module, named as for zesvm::Runtime::load_module().
ZESVM_API zesvm_code zesvm_module_load(zesvm_runtime* runtime, const char* name_or_file,
                                       zesvm_module** module);
/// Makes a module of SPIR-V in memory.
ZESVM_API zesvm_code zesvm_module_create(zesvm_runtime* runtime, const void* spirv, size_t bytes,
                                         zesvm_module** module);
/// Kernels of the module live on.
ZESVM_API void zesvm_module_destroy(zesvm_module* module);
/// Returns how many kernels it has. 0 for null.
ZESVM_API size_t zesvm_module_kernel_count(const zesvm_module* module);
/// Returns the name of one, valid as long as the module; null when there are not so many.
ZESVM_API const char* zesvm_module_kernel_name(const zesvm_module* module, size_t index);
/// Gives the ze_module_handle_t built for a device, building it if it was not. It belongs to the
/// module.
ZESVM_API zesvm_code zesvm_module_native(const zesvm_module* module, const zesvm_runtime* runtime,
                                         size_t device, void** native);

/// Gives the kernel of that name.
ZESVM_API zesvm_code zesvm_kernel_create(const zesvm_module* module, const char* name,
                                         zesvm_kernel** kernel);
/// Loads a module and gives one kernel of it.
ZESVM_API zesvm_code zesvm_kernel_load(zesvm_runtime* runtime, const char* module, const char* name,
                                       zesvm_kernel** kernel);
/// Ends the handle; null is allowed.
ZESVM_API void zesvm_kernel_destroy(zesvm_kernel* kernel);

/// What a kernel may do with the memory behind one argument; 1 or 0 each.
typedef struct zesvm_argument_use {
  /// sizeof the structure, set by the caller.
  size_t size;
  /// It may be read.
  uint32_t is_read;
  /// It may be written.
  uint32_t is_written;
  /// It may be updated by atomic operations.
  uint32_t is_atomic;
  /// The pointer itself may be kept in memory, or handed to code outside the module.
  uint32_t escapes;
  /// Said by zesvm_kernel_declare(), not found in the code.
  uint32_t is_declared;
  /// Must be zero.
  uint32_t reserved;
} zesvm_argument_use;

/// Returns how many arguments it takes. 0 for null.
ZESVM_API size_t zesvm_kernel_argument_count(const zesvm_kernel* kernel);
/// Fills `use`, whose `size` is set.
ZESVM_API zesvm_code zesvm_kernel_use(const zesvm_kernel* kernel, size_t argument,
                                      zesvm_argument_use* use);
/// Returns 1 when it follows pointers that are not made from its arguments, else 0.
ZESVM_API int zesvm_kernel_follows_pointers(const zesvm_kernel* kernel);
/// Declares the use of an argument for launches to come, in place of what the code says.
ZESVM_API zesvm_code zesvm_kernel_declare(zesvm_kernel* kernel, size_t argument,
                                          zesvm_access_mode mode);
/// Declares memory it reaches besides what its arguments point to: brought before each launch.
ZESVM_API zesvm_code zesvm_kernel_reach(zesvm_kernel* kernel, const zesvm_access* accesses,
                                        size_t count);
/// Declares that it may reach any memory.
ZESVM_API zesvm_code zesvm_kernel_reach_everything(zesvm_kernel* kernel);

// ---- Streams and events ----

/// Makes a stream of a device.
ZESVM_API zesvm_code zesvm_stream_create(zesvm_runtime* runtime, size_t device,
                                         zesvm_stream** stream);
/// Makes a stream that works through an immediate ze_command_list_handle_t of the program, which was
/// made in the runtime's context for that device, and outlives the stream.
ZESVM_API zesvm_code zesvm_stream_around(zesvm_runtime* runtime, size_t device, void* list,
                                         zesvm_stream** stream);
/// Waits for its work and ends it.
ZESVM_API void zesvm_stream_destroy(zesvm_stream* stream);
/// Waits for its work.
ZESVM_API zesvm_code zesvm_stream_wait(zesvm_stream* stream);
/// Returns its ze_command_list_handle_t; null for null.
ZESVM_API void* zesvm_stream_native(const zesvm_stream* stream);

/// Copies `bytes` bytes between two pieces of memory that do not overlap.
ZESVM_API zesvm_code zesvm_copy(zesvm_stream* stream, void* to, const void* from, size_t bytes);
/// Sets `bytes` bytes to `value`.
ZESVM_API zesvm_code zesvm_fill(zesvm_stream* stream, void* to, unsigned char value, size_t bytes);
/// Moves memory to the stream's device, in order with its other work.
ZESVM_API zesvm_code zesvm_stream_prefetch(zesvm_stream* stream, const void* pointer, size_t bytes);

/// What a kernel argument is.
typedef enum zesvm_argument_kind {
  /// `data` is the pointer that is passed; `bytes` is not used.
  ZESVM_POINTER = 0,
  /// `data` points to the `bytes` bytes that are passed.
  ZESVM_VALUE = 1,
  /// `bytes` bytes of local memory; `data` is not used.
  ZESVM_LOCAL = 2
} zesvm_argument_kind;

/// One argument of a launch. `reserved` must be zero.
typedef struct zesvm_argument {
  /// What it is.
  zesvm_argument_kind kind;
  /// Must be zero.
  uint32_t reserved;
  /// The pointer, or where the value is.
  const void* data;
  /// Size of a value, or of local memory.
  size_t bytes;
} zesvm_argument;

/// Runs a kernel for `items[0] * items[1] * items[2]` work-items. `group`: the size of groups, or
/// null.
ZESVM_API zesvm_code zesvm_launch(zesvm_stream* stream, const zesvm_kernel* kernel,
                                  const uint64_t items[3], const uint32_t group[3],
                                  const zesvm_argument* arguments, size_t count);

/// Marks the point the stream has reached.
ZESVM_API zesvm_code zesvm_record(zesvm_stream* stream, zesvm_event** event);
/// Makes later work of the stream wait for `event`, of any stream of the same runtime.
ZESVM_API zesvm_code zesvm_stream_wait_for(zesvm_stream* stream, const zesvm_event* event);
/// Makes later work of the stream wait for a ze_event_handle_t of the program, which must live until
/// then.
ZESVM_API zesvm_code zesvm_stream_wait_for_native(zesvm_stream* stream, void* event);
/// Signals a ze_event_handle_t of the program when the work given so far is done.
ZESVM_API zesvm_code zesvm_stream_signal_native(zesvm_stream* stream, void* event);
/// Ends the handle; null is allowed.
ZESVM_API void zesvm_event_destroy(zesvm_event* event);
/// Returns when the stream has passed the point.
ZESVM_API zesvm_code zesvm_event_wait(const zesvm_event* event);
/// Gives 1 when the stream has passed the point, else 0.
ZESVM_API zesvm_code zesvm_event_is_done(const zesvm_event* event, int* is_done);
/// Returns its ze_event_handle_t; null for null.
ZESVM_API void* zesvm_event_native(const zesvm_event* event);

#ifdef __cplusplus
}
#endif

#endif
