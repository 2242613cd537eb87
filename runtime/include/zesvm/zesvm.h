/// @file zesvm.h
/// zesvm for C and, through zesvm.f90, for Fortran: the objects of zesvm.hpp behind opaque handles.
///
/// Errors: every function that can fail returns a zesvm_code; zesvm_last_error() has the words. What
/// a function gives comes through its last parameters, which are left alone on failure. Null handles
/// and null places for results are refused with ZESVM_INVALID_ARGUMENT, unless said otherwise.
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
#define ZESVM_VERSION_MINOR 1
#define ZESVM_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/// A driver with its devices and memory; a queue of one device; a point in one; a SPIR-V module; one
/// of its kernels.
typedef struct zesvm_runtime zesvm_runtime;
typedef struct zesvm_stream zesvm_stream;
typedef struct zesvm_event zesvm_event;
typedef struct zesvm_module zesvm_module;
typedef struct zesvm_kernel zesvm_kernel;

/// What came of a call; the values are those of zesvm::ErrorCode, plus one.
typedef enum zesvm_code {
  ZESVM_OK = 0,
  ZESVM_BACKEND_UNAVAILABLE = 1,
  ZESVM_UNKNOWN_NODE = 2,
  ZESVM_INVALID_ARGUMENT = 3,
  ZESVM_UNKNOWN_MEMORY = 4,
  ZESVM_OUT_OF_HOST_MEMORY = 5,
  ZESVM_OUT_OF_DEVICE_MEMORY = 6,
  ZESVM_UNREADABLE_FILE = 7,
  ZESVM_MODULE_REJECTED = 8,
  ZESVM_UNKNOWN_KERNEL = 9,
  ZESVM_LAUNCH_FAILED = 10,
  ZESVM_DEVICE_LOST = 11,
  ZESVM_UNSUPPORTED = 12,
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
ZESVM_API int32_t zesvm_last_result(void);

// ---- Runtime and devices ----

/// Which driver to use.
typedef enum zesvm_backend {
  /// As the environment says: ZESVM_BACKEND, ZESVM_NODE.
  ZESVM_BACKEND_AUTOMATIC = 0,
  ZESVM_BACKEND_LEVEL_ZERO = 1,
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

/// What a runtime is made with.
typedef struct zesvm_runtime_options {
  size_t size;
  zesvm_backend backend;
  /// What carries allocations that do not say.
  zesvm_backing backing;
  /// A preset or a file, for the simulated node; null: as the environment says.
  const char* node;
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
ZESVM_API void* zesvm_native_context(const zesvm_runtime* runtime);

/// Facts about a device: one tile of one card.
typedef struct zesvm_device_info {
  size_t size;
  /// Its ze_device_handle_t.
  void* native_handle;
  /// For people; ends with a zero.
  char name[256];
  uint64_t memory_bytes;
  /// Which card it is on, which tile of it, and of how many; from 0.
  uint32_t card;
  uint32_t tile;
  uint32_t tiles_on_card;
  uint32_t execution_units;
  uint32_t max_group_size;
  uint32_t local_memory_bytes;
  /// 1 or 0: kernels may touch memory that is not there; may use any pointer of the program.
  uint32_t has_page_faults;
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
  ZESVM_CAN_ACCESS = 1,
  ZESVM_CAN_ATOMICS = 2,
  /// While the CPU or another device uses it.
  ZESVM_CAN_CONCURRENT = 4,
  ZESVM_CAN_CONCURRENT_ATOMICS = 8
} zesvm_ability;

/// What a device can do with memory, as its driver tells; members as in zesvm::Capabilities.
typedef struct zesvm_capabilities {
  size_t size;
  /// Bits of zesvm_ability.
  uint32_t device_memory;
  uint32_t host_memory;
  uint32_t shared_memory;
  uint32_t shared_memory_of_others;
  uint32_t system_memory;
  uint32_t has_host_physical_memory;
  uint64_t max_allocation_bytes;
  uint64_t small_page_bytes;
  uint64_t large_page_bytes;
  /// Bit i: the driver says it can use memory of device i in place. Devices from 64 on are left out.
  uint64_t peers;
  /// What ZESVM_BACKING_AUTOMATIC comes to in this runtime.
  zesvm_backing backing;
  uint32_t reserved;
  /// Why; valid as long as the runtime.
  const char* backing_reason;
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
/// zesvm_free() of its begin, which leaves the memory to the program.
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
  ZESVM_APPLIED = 0,
  /// It held before.
  ZESVM_ALREADY_SO = 1,
  /// The driver or the device cannot follow it; the reason says why.
  ZESVM_IGNORED = 2
} zesvm_hint_outcome;

/// What became of a hint, and why. Functions take a null pointer to it from those who do not ask.
typedef struct zesvm_hint {
  size_t size;
  zesvm_hint_outcome outcome;
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
  ZESVM_ATOMIC_UNDEFINED = 0,
  ZESVM_ATOMIC_DEVICE = 1,
  ZESVM_ATOMIC_GLOBAL = 2,
  ZESVM_ATOMIC_CPU = 3
} zesvm_atomic_access;

/// Which memory a preferred location moves.
typedef enum zesvm_migrate {
  ZESVM_MIGRATE_ALL_PAGES = 0,
  ZESVM_MIGRATE_ONLY_SYSTEM_PAGES = 1
} zesvm_migrate;

/// One piece of advice. Members that do not belong to its kind must be zero.
typedef struct zesvm_advice {
  size_t size;
  zesvm_advice_kind kind;
  zesvm_migrate migrate;
  size_t device;
  zesvm_atomic_access atomic_access;
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
  ZESVM_READ = 0,
  ZESVM_WRITE = 1,
  ZESVM_READ_WRITE = 2,
  ZESVM_ATOMIC = 3
} zesvm_access_mode;

/// An interval and what a kernel will do with it. `reserved` must be zero.
typedef struct zesvm_access {
  const void* begin;
  size_t bytes;
  zesvm_access_mode mode;
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
  ZESVM_PLACE_SYSTEM = 0,
  ZESVM_PLACE_DEVICE = 1,
  /// Known to no device yet: system memory.
  ZESVM_PLACE_UNTOUCHED = 2,
  ZESVM_PLACE_UNKNOWN = 3
} zesvm_place;

/// A piece of an interval, all of it in one place.
typedef struct zesvm_resident_piece {
  const void* begin;
  size_t bytes;
  zesvm_place place;
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
  uint64_t count;
  uint64_t bytes;
  uint64_t nanoseconds;
  uint64_t smallest;
  uint64_t largest;
} zesvm_transfer;

/// Why memory moved: an index of zesvm_tile_statistics.causes.
typedef enum zesvm_cause {
  ZESVM_CAUSE_GPU_FAULT = 0,
  ZESVM_CAUSE_CPU_FAULT = 1,
  ZESVM_CAUSE_GPU_ATOMIC = 2,
  ZESVM_CAUSE_PREFETCH = 3,
  ZESVM_CAUSE_EVICTION = 4,
  ZESVM_CAUSE_ADVICE = 5,
  ZESVM_CAUSE_UNMAP = 6,
  ZESVM_CAUSE_DEVICE_REMOVAL = 7,
  ZESVM_CAUSE_EXPLICIT_REQUEST = 8,
  ZESVM_CAUSE_COUNT = 9
} zesvm_cause;

/// Virtual time of one device, in nanoseconds; members as in zesvm::VirtualTime.
typedef struct zesvm_virtual_time {
  uint64_t now;
  uint64_t faults;
  uint64_t copies;
  uint64_t accesses;
  uint64_t launches;
  uint64_t contention;
  uint64_t remote_read_bytes;
  uint64_t remote_written_bytes;
} zesvm_virtual_time;

/// What happened on one device; members as in zesvm::TileStatistics.
typedef struct zesvm_tile_statistics {
  size_t size;
  size_t device;
  uint64_t gpu_faults;
  uint64_t gpu_faults_valid;
  uint64_t gpu_faults_atomic;
  uint64_t gpu_fault_nanoseconds;
  uint64_t cpu_faults;
  zesvm_transfer to_device;
  zesvm_transfer to_system;
  zesvm_transfer from_peer;
  uint64_t evictions;
  uint64_t invalidations;
  uint64_t retries;
  uint64_t failures;
  uint64_t causes[ZESVM_CAUSE_COUNT];
  uint64_t vram_bytes;
  uint64_t vram_used_bytes;
  zesvm_virtual_time virtual_time;
} zesvm_tile_statistics;

/// Fills `tiles`, whose `size` members are set. `*count`: how many there are room for; how many
/// there are comes back, 0 where the driver does not count.
ZESVM_API zesvm_code zesvm_statistics(const zesvm_runtime* runtime, zesvm_tile_statistics* tiles,
                                      size_t* count);

/// How a report is written.
typedef enum zesvm_report_format {
  ZESVM_REPORT_TEXT = 0,
  ZESVM_REPORT_JSON = 1
} zesvm_report_format;

/// Writes the migration report, as zesvm::report_text() and report_json(). `*length` as in
/// zesvm_residency_text().
ZESVM_API zesvm_code zesvm_report(const zesvm_runtime* runtime, zesvm_report_format format,
                                  char* text, size_t* length);

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
ZESVM_API void zesvm_kernel_destroy(zesvm_kernel* kernel);

/// What a kernel may do with the memory behind one argument; 1 or 0 each.
typedef struct zesvm_argument_use {
  size_t size;
  uint32_t is_read;
  uint32_t is_written;
  uint32_t is_atomic;
  uint32_t escapes;
  uint32_t is_declared;
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
  zesvm_argument_kind kind;
  uint32_t reserved;
  const void* data;
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
