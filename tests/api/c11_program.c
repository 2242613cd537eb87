/* A whole program in C11, without any extension: memory, a module, a kernel, a stream, an event. */
#include <string.h>

#include <zesvm/zesvm.h>

#include "c11_check.h"

int run_c11_program(void);

int run_c11_program(void) {
  int line = 0;
  zesvm_runtime* runtime = NULL;
  zesvm_module* module = NULL;
  zesvm_kernel* kernel = NULL;
  zesvm_stream* stream = NULL;
  zesvm_event* event = NULL;
  void* memory = NULL;
  const zesvm_runtime_options options = {.size = sizeof options,
                                         .backend = ZESVM_BACKEND_AUTOMATIC};
  const uint32_t value = 6;
  const uint64_t items[3] = {256, 1, 1};
  const uint32_t group[3] = {64, 1, 1};

  CHECK(zesvm_runtime_create(&options, &runtime) == ZESVM_OK);
  CHECK(zesvm_device_count(runtime) >= 1);
  CHECK(zesvm_allocate(runtime, 256 * sizeof(uint32_t), 0, &memory) == ZESVM_OK);
  memset(memory, 0, 256 * sizeof(uint32_t));
  CHECK(zesvm_module_load(runtime, "fill", &module) == ZESVM_OK);
  CHECK(zesvm_module_kernel_count(module) == 3);
  CHECK(strcmp(zesvm_module_kernel_name(module, 1), "fill") == 0);
  CHECK(zesvm_kernel_create(module, "fill", &kernel) == ZESVM_OK);
  CHECK(zesvm_stream_create(runtime, 0, &stream) == ZESVM_OK);
  {
    const zesvm_argument arguments[2] = {{.kind = ZESVM_POINTER, .data = memory},
                                         {.kind = ZESVM_VALUE, .data = &value, .bytes = 4}};
    CHECK(zesvm_launch(stream, kernel, items, group, arguments, 2) == ZESVM_OK);
  }
  CHECK(zesvm_record(stream, &event) == ZESVM_OK);
  CHECK(zesvm_event_wait(event) == ZESVM_OK);
  CHECK(((uint32_t*)memory)[255] == 6);

end:
  zesvm_event_destroy(event);
  zesvm_stream_destroy(stream);
  zesvm_kernel_destroy(kernel);
  zesvm_module_destroy(module);
  if (memory != NULL && zesvm_free(runtime, memory) != ZESVM_OK) line = __LINE__;
  zesvm_runtime_destroy(runtime);
  return line;
}
