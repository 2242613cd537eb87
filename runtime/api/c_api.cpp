// The C API: handles around the C++ objects, exceptions into codes.
#include <array>
#include <new>
#include <utility>

#include <zesvm/zesvm.h>
#include <zesvm/zesvm.hpp>

struct zesvm_runtime {
  zesvm::Runtime runtime;
};
struct zesvm_stream {
  zesvm::Stream stream;
};
struct zesvm_kernel {
  zesvm::Kernel kernel;
};

namespace {

using zesvm::Error;
using zesvm::ErrorCode;

static_assert(static_cast<int>(ErrorCode::level_zero) + 1 == ZESVM_LEVEL_ZERO);

thread_local std::string last_error;

zesvm_code fail(zesvm_code code, std::string message) {
  last_error = std::move(message);
  return code;
}

/// Runs the body of a function; what it throws becomes a code.
template <typename Body>
zesvm_code guarded(Body&& body) noexcept {
  try {
    body();
    return ZESVM_OK;
  } catch (const Error& error) {
    return fail(static_cast<zesvm_code>(static_cast<int>(error.code()) + 1), error.what());
  } catch (const std::bad_alloc&) {
    return fail(ZESVM_OUT_OF_HOST_MEMORY, "out of host memory");
  } catch (const std::exception& error) {
    return fail(ZESVM_INTERNAL, error.what());
  } catch (...) {
    return fail(ZESVM_INTERNAL, "unknown exception");
  }
}

template <typename... Pointers>
void require(const char* what, const Pointers*... pointers) {
  if ((... && (pointers != nullptr))) return;
  throw Error(ErrorCode::invalid_argument, std::string(what) + ": a null pointer");
}

zesvm::Advice preference(const zesvm::Runtime& runtime, std::size_t device) {
  if (device == ZESVM_SYSTEM) return zesvm::prefer_system_memory();
  if (device == ZESVM_ANYWHERE) return zesvm::no_preferred_location();
  return zesvm::preferred_location(runtime.device(device));
}

zesvm::Argument argument_of(const zesvm_argument& argument) {
  switch (argument.kind) {
    case ZESVM_POINTER: return argument.data;
    case ZESVM_LOCAL: return zesvm::LocalMemory{argument.bytes};
    case ZESVM_VALUE:
      require("zesvm_launch", argument.data);
      return zesvm::Argument::value(argument.data, argument.bytes);
  }
  throw Error(ErrorCode::invalid_argument, "zesvm_launch: an argument of unknown kind");
}

}  // namespace

extern "C" {

const char* zesvm_last_error(void) { return last_error.c_str(); }

zesvm_code zesvm_runtime_create(const char* node, zesvm_runtime** runtime) {
  return guarded([&] {
    require("zesvm_runtime_create", runtime);
    zesvm::RuntimeOptions options;
    if (node != nullptr) options.node = node;
    *runtime = new zesvm_runtime{zesvm::Runtime(options)};
  });
}

void zesvm_runtime_destroy(zesvm_runtime* runtime) { delete runtime; }

size_t zesvm_device_count(const zesvm_runtime* runtime) {
  return runtime != nullptr ? runtime->runtime.devices().size() : 0;
}

const char* zesvm_device_name(const zesvm_runtime* runtime, size_t device) {
  if (device >= zesvm_device_count(runtime)) return nullptr;
  return runtime->runtime.devices()[device].name().c_str();
}

uint64_t zesvm_device_memory(const zesvm_runtime* runtime, size_t device) {
  if (device >= zesvm_device_count(runtime)) return 0;
  return runtime->runtime.devices()[device].memory_bytes();
}

zesvm_code zesvm_allocate(zesvm_runtime* runtime, size_t bytes, size_t alignment, void** pointer) {
  return guarded([&] {
    require("zesvm_allocate", runtime, pointer);
    *pointer = runtime->runtime.address_space().allocate_bytes(bytes, alignment);
  });
}

zesvm_code zesvm_free(zesvm_runtime* runtime, void* pointer) {
  return guarded([&] {
    require("zesvm_free", runtime);
    runtime->runtime.address_space().free(pointer);
  });
}

zesvm_code zesvm_prefetch(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                          size_t device) {
  return guarded([&] {
    require("zesvm_prefetch", runtime);
    auto& space = runtime->runtime.address_space();
    if (device == ZESVM_SYSTEM) {
      space.prefetch_to_system(pointer, bytes);
    } else {
      space.prefetch(pointer, bytes, runtime->runtime.device(device));
    }
  });
}

zesvm_code zesvm_prefer(zesvm_runtime* runtime, const void* pointer, size_t bytes, size_t device) {
  return guarded([&] {
    require("zesvm_prefer", runtime);
    runtime->runtime.address_space().advise(pointer, bytes, preference(runtime->runtime, device));
  });
}

zesvm_code zesvm_resident_bytes(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                size_t device, uint64_t* resident) {
  return guarded([&] {
    require("zesvm_resident_bytes", runtime, resident);
    const auto residency = runtime->runtime.address_space().residency(pointer, bytes);
    *resident = device == ZESVM_SYSTEM ? residency.bytes_in(zesvm::Place::system) +
                                             residency.bytes_in(zesvm::Place::untouched)
                                       : residency.bytes_on(runtime->runtime.device(device));
  });
}

zesvm_code zesvm_stream_create(zesvm_runtime* runtime, size_t device, zesvm_stream** stream) {
  return guarded([&] {
    require("zesvm_stream_create", runtime, stream);
    *stream = new zesvm_stream{zesvm::Stream(runtime->runtime.device(device))};
  });
}

void zesvm_stream_destroy(zesvm_stream* stream) { delete stream; }

zesvm_code zesvm_stream_wait(zesvm_stream* stream) {
  return guarded([&] {
    require("zesvm_stream_wait", stream);
    stream->stream.wait();
  });
}

zesvm_code zesvm_kernel_load(zesvm_runtime* runtime, const char* module, const char* name,
                             zesvm_kernel** kernel) {
  return guarded([&] {
    require("zesvm_kernel_load", runtime, module, name, kernel);
    *kernel = new zesvm_kernel{runtime->runtime.load_module(module).kernel(name)};
  });
}

void zesvm_kernel_destroy(zesvm_kernel* kernel) { delete kernel; }

zesvm_code zesvm_launch(zesvm_stream* stream, const zesvm_kernel* kernel, const uint64_t items[3],
                        const uint32_t group[3], const zesvm_argument* arguments, size_t count) {
  return guarded([&] {
    require("zesvm_launch", stream, kernel, items);
    if (count > 0) require("zesvm_launch", arguments);
    zesvm::Grid grid = zesvm::grid(items[0], items[1], items[2]);
    if (group != nullptr) grid.group = {group[0], group[1], group[2]};
    std::vector<zesvm::Argument> list;
    for (std::size_t i = 0; i < count; ++i) list.push_back(argument_of(arguments[i]));
    stream->stream.launch_with(kernel->kernel, grid, list);
  });
}

}  // extern "C"
