/// @file zesvm.h
/// zesvm for C: the objects of zesvm.hpp behind opaque handles. C99.
///
/// Every function that can fail returns a zesvm_code; zesvm_last_error() has the words. Results come
/// through the last parameter, which is left alone on failure. Null handles are refused with
/// ZESVM_INVALID_ARGUMENT. Functions on one stream are for one thread at a time, all others for any.
#ifndef ZESVM_H
#define ZESVM_H

#include <stddef.h>
#include <stdint.h>

/// Visible outside libzesvm.so, as in <zesvm/export.hpp>.
#define ZESVM_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/// A driver with its devices and its memory; a queue of one device; a kernel.
typedef struct zesvm_runtime zesvm_runtime;
typedef struct zesvm_stream zesvm_stream;
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
  ZESVM_INTERNAL = 14
} zesvm_code;

/// Returns why the last call of this thread that failed did. Valid until the thread's next failure.
ZESVM_API const char* zesvm_last_error(void);

/// Makes a runtime. `node`: a simulated node, or null to choose as the environment says.
ZESVM_API zesvm_code zesvm_runtime_create(const char* node, zesvm_runtime** runtime);
/// Frees all its memory. Its streams and kernels must be gone. Null is allowed.
ZESVM_API void zesvm_runtime_destroy(zesvm_runtime* runtime);
/// Returns how many devices there are: one per tile. 0 for null.
ZESVM_API size_t zesvm_device_count(const zesvm_runtime* runtime);
/// Returns a device's name, valid as long as the runtime; null when there is no such device.
ZESVM_API const char* zesvm_device_name(const zesvm_runtime* runtime, size_t device);
/// Returns the bytes of a device's memory; 0 when there is no such device.
ZESVM_API uint64_t zesvm_device_memory(const zesvm_runtime* runtime, size_t device);

/// Stands for system memory where a device is asked for.
#define ZESVM_SYSTEM ((size_t)-1)
/// Stands for no preference.
#define ZESVM_ANYWHERE ((size_t)-2)

/// Allocates memory for the CPU and every device. `alignment`: a power of two, or 0.
ZESVM_API zesvm_code zesvm_allocate(zesvm_runtime* runtime, size_t bytes, size_t alignment,
                                    void** pointer);
/// Frees memory that no device uses any more. Null is allowed.
ZESVM_API zesvm_code zesvm_free(zesvm_runtime* runtime, void* pointer);
/// Moves memory to a device, or to ZESVM_SYSTEM, and waits.
ZESVM_API zesvm_code zesvm_prefetch(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                    size_t device);
/// Says where memory should live: a device, ZESVM_SYSTEM or ZESVM_ANYWHERE.
ZESVM_API zesvm_code zesvm_prefer(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                  size_t device);
/// Says how many bytes of `[pointer, pointer + bytes)` are in a device's memory, or in ZESVM_SYSTEM.
ZESVM_API zesvm_code zesvm_resident_bytes(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                          size_t device, uint64_t* resident);

/// Makes a stream.
ZESVM_API zesvm_code zesvm_stream_create(zesvm_runtime* runtime, size_t device,
                                         zesvm_stream** stream);
/// Waits for its work and ends it. Null is allowed.
ZESVM_API void zesvm_stream_destroy(zesvm_stream* stream);
/// Waits for its work.
ZESVM_API zesvm_code zesvm_stream_wait(zesvm_stream* stream);

/// Loads a kernel of a module, which is named as for Runtime::load_module().
ZESVM_API zesvm_code zesvm_kernel_load(zesvm_runtime* runtime, const char* module, const char* name,
                                       zesvm_kernel** kernel);
/// Null is allowed.
ZESVM_API void zesvm_kernel_destroy(zesvm_kernel* kernel);

/// What a kernel argument is.
typedef enum zesvm_argument_kind {
  /// `data` is the pointer that is passed; `bytes` is not used.
  ZESVM_POINTER = 0,
  /// `data` points to the `bytes` bytes that are passed.
  ZESVM_VALUE = 1,
  /// `bytes` bytes of local memory; `data` is not used.
  ZESVM_LOCAL = 2
} zesvm_argument_kind;

/// One argument of a launch.
typedef struct zesvm_argument {
  zesvm_argument_kind kind;
  const void* data;
  size_t bytes;
} zesvm_argument;

/// Runs a kernel for `items[0] * items[1] * items[2]` work-items. `group`: the size of groups, or null.
ZESVM_API zesvm_code zesvm_launch(zesvm_stream* stream, const zesvm_kernel* kernel,
                                  const uint64_t items[3], const uint32_t group[3],
                                  const zesvm_argument* arguments, size_t count);

#ifdef __cplusplus
}
#endif

#endif
