/* Proves that an installed zesvm can be compiled against as C11. */
#include <stdio.h>

#include <zesvm/zesvm.h>

int main(void) {
  const zesvm_runtime_options options = {.size = sizeof options,
                                         .backend = ZESVM_BACKEND_SIMULATOR};
  zesvm_runtime* runtime = NULL;
  zesvm_stream* stream = NULL;
  zesvm_kernel* kernel = NULL;
  void* memory = NULL;
  if (zesvm_runtime_create(&options, &runtime) != ZESVM_OK ||
      zesvm_stream_create(runtime, 0, &stream) != ZESVM_OK ||
      zesvm_kernel_load(runtime, "fill", "fill", &kernel) != ZESVM_OK ||
      zesvm_allocate(runtime, 1024 * sizeof(uint32_t), 0, &memory) != ZESVM_OK) {
    fprintf(stderr, "consumer in C: %s\n", zesvm_last_error());
    return 1;
  }
  const uint32_t value = 7;
  const uint64_t items[3] = {1024, 1, 1};
  const zesvm_argument arguments[2] = {{.kind = ZESVM_POINTER, .data = memory},
                                       {.kind = ZESVM_VALUE, .data = &value, .bytes = 4}};
  if (zesvm_launch(stream, kernel, items, NULL, arguments, 2) != ZESVM_OK ||
      zesvm_stream_wait(stream) != ZESVM_OK) {
    fprintf(stderr, "consumer in C: %s\n", zesvm_last_error());
    return 1;
  }
  const int is_right = ((uint32_t*)memory)[1023] == 7;
  zesvm_kernel_destroy(kernel);
  zesvm_stream_destroy(stream);
  printf("consumer in C: %s on %s\n", is_right ? "right" : "wrong", zesvm_device_name(runtime, 0));
  zesvm_runtime_destroy(runtime);
  return is_right ? 0 : 1;
}
