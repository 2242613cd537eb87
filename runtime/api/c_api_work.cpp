// zesvm.h: modules, kernels, streams, events.
#include "api/c_api.hpp"

namespace zesvm::c_api {
namespace {

Argument argument_of(const zesvm_argument& argument) {
  if (argument.reserved != 0) refuse("zesvm_launch", "a reserved member is not zero");
  switch (argument.kind) {
    case ZESVM_POINTER: return argument.data;
    case ZESVM_LOCAL: return LocalMemory{argument.bytes};
    case ZESVM_VALUE:
      require("zesvm_launch", argument.data);
      return Argument::value(argument.data, argument.bytes);
  }
  refuse("zesvm_launch", "an argument of unknown kind");
}

zesvm_module* handle_of(Module module) {
  auto names = module.kernel_names();
  return new zesvm_module{std::move(module), std::move(names)};
}

}  // namespace
}  // namespace zesvm::c_api

using namespace zesvm::c_api;

extern "C" {

zesvm_code zesvm_module_load(zesvm_runtime* runtime, const char* name_or_file,
                             zesvm_module** module) {
  return guarded([&] {
    require("zesvm_module_load", runtime, name_or_file, module);
    *module = handle_of(runtime->runtime.load_module(name_or_file));
  });
}

zesvm_code zesvm_module_create(zesvm_runtime* runtime, const void* spirv, size_t bytes,
                               zesvm_module** module) {
  return guarded([&] {
    require("zesvm_module_create", runtime, spirv, module);
    *module = handle_of(runtime->runtime.make_module(spirv, bytes));
  });
}

void zesvm_module_destroy(zesvm_module* module) { delete module; }

size_t zesvm_module_kernel_count(const zesvm_module* module) {
  return module != nullptr ? module->names.size() : 0;
}

const char* zesvm_module_kernel_name(const zesvm_module* module, size_t index) {
  if (index >= zesvm_module_kernel_count(module)) return nullptr;
  return module->names[index].c_str();
}

zesvm_code zesvm_module_native(const zesvm_module* module, const zesvm_runtime* runtime,
                               size_t device, void** native) {
  return guarded([&] {
    require("zesvm_module_native", module, runtime, native);
    *native = module->module.native_handle(runtime->runtime.device(device));
  });
}

zesvm_code zesvm_kernel_create(const zesvm_module* module, const char* name,
                               zesvm_kernel** kernel) {
  return guarded([&] {
    require("zesvm_kernel_create", module, name, kernel);
    *kernel = new zesvm_kernel{module->module.kernel(name)};
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

size_t zesvm_kernel_argument_count(const zesvm_kernel* kernel) {
  return kernel != nullptr ? kernel->kernel.use().arguments.size() : 0;
}

zesvm_code zesvm_kernel_use(const zesvm_kernel* kernel, size_t argument, zesvm_argument_use* use) {
  return guarded([&] {
    require("zesvm_kernel_use", kernel);
    check_structure("zesvm_kernel_use", use);
    const auto all = kernel->kernel.use().arguments;
    if (argument >= all.size()) refuse("zesvm_kernel_use", "the kernel has no such argument");
    use->is_read = all[argument].is_read ? 1 : 0;
    use->is_written = all[argument].is_written ? 1 : 0;
    use->is_atomic = all[argument].is_atomic ? 1 : 0;
    use->escapes = all[argument].escapes ? 1 : 0;
    use->is_declared = all[argument].is_declared ? 1 : 0;
  });
}

int zesvm_kernel_follows_pointers(const zesvm_kernel* kernel) {
  return kernel != nullptr && kernel->kernel.use().follows_pointers ? 1 : 0;
}

zesvm_code zesvm_kernel_declare(zesvm_kernel* kernel, size_t argument, zesvm_access_mode mode) {
  return guarded([&] {
    require("zesvm_kernel_declare", kernel);
    kernel->kernel = kernel->kernel.with_access(argument, mode_of("zesvm_kernel_declare", mode));
  });
}

zesvm_code zesvm_kernel_reach(zesvm_kernel* kernel, const zesvm_access* accesses, size_t count) {
  return guarded([&] {
    require("zesvm_kernel_reach", kernel);
    kernel->kernel = kernel->kernel.reaching(accesses_of("zesvm_kernel_reach", accesses, count));
  });
}

zesvm_code zesvm_kernel_reach_everything(zesvm_kernel* kernel) {
  return guarded([&] {
    require("zesvm_kernel_reach_everything", kernel);
    kernel->kernel = kernel->kernel.reaching_everything();
  });
}

zesvm_code zesvm_stream_create(zesvm_runtime* runtime, size_t device, zesvm_stream** stream) {
  return guarded([&] {
    require("zesvm_stream_create", runtime, stream);
    *stream = new zesvm_stream{zesvm::Stream(runtime->runtime.device(device))};
  });
}

zesvm_code zesvm_stream_around(zesvm_runtime* runtime, size_t device, void* list,
                               zesvm_stream** stream) {
  return guarded([&] {
    require("zesvm_stream_around", runtime, list, stream);
    *stream = new zesvm_stream{zesvm::Stream::around(runtime->runtime.device(device), list)};
  });
}

void zesvm_stream_destroy(zesvm_stream* stream) { delete stream; }

zesvm_code zesvm_stream_wait(zesvm_stream* stream) {
  return guarded([&] {
    require("zesvm_stream_wait", stream);
    stream->stream.wait();
  });
}

void* zesvm_stream_native(const zesvm_stream* stream) {
  return stream != nullptr ? stream->stream.native_handle() : nullptr;
}

zesvm_code zesvm_copy(zesvm_stream* stream, void* to, const void* from, size_t bytes) {
  return guarded([&] {
    require("zesvm_copy", stream, to, from);
    stream->stream.copy(to, from, bytes);
  });
}

zesvm_code zesvm_fill(zesvm_stream* stream, void* to, unsigned char value, size_t bytes) {
  return guarded([&] {
    require("zesvm_fill", stream, to);
    stream->stream.fill(to, value, bytes);
  });
}

zesvm_code zesvm_stream_prefetch(zesvm_stream* stream, const void* pointer, size_t bytes) {
  return guarded([&] {
    require("zesvm_stream_prefetch", stream, pointer);
    stream->stream.prefetch(pointer, bytes);
  });
}

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

zesvm_code zesvm_record(zesvm_stream* stream, zesvm_event** event) {
  return guarded([&] {
    require("zesvm_record", stream, event);
    *event = new zesvm_event{stream->stream.record()};
  });
}

zesvm_code zesvm_stream_wait_for(zesvm_stream* stream, const zesvm_event* event) {
  return guarded([&] {
    require("zesvm_stream_wait_for", stream, event);
    stream->stream.wait_for(event->event);
  });
}

zesvm_code zesvm_stream_wait_for_native(zesvm_stream* stream, void* event) {
  return guarded([&] {
    require("zesvm_stream_wait_for_native", stream, event);
    stream->stream.wait_for_native(event);
  });
}

zesvm_code zesvm_stream_signal_native(zesvm_stream* stream, void* event) {
  return guarded([&] {
    require("zesvm_stream_signal_native", stream, event);
    stream->stream.signal_native(event);
  });
}

void zesvm_event_destroy(zesvm_event* event) { delete event; }

zesvm_code zesvm_event_wait(const zesvm_event* event) {
  return guarded([&] {
    require("zesvm_event_wait", event);
    event->event.wait();
  });
}

zesvm_code zesvm_event_is_done(const zesvm_event* event, int* is_done) {
  return guarded([&] {
    require("zesvm_event_is_done", event, is_done);
    *is_done = event->event.is_done() ? 1 : 0;
  });
}

void* zesvm_event_native(const zesvm_event* event) {
  return event != nullptr ? event->event.native_handle() : nullptr;
}

}  // extern "C"
