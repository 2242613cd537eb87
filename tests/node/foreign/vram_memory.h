/** @file vram_memory.h
 * Memory of Level Zero that is in VRAM, for programs that know nothing of zesvm. C and C++. */
#ifndef ZESVM_TESTS_VRAM_MEMORY_H
#define ZESVM_TESTS_VRAM_MEMORY_H

#include <stdio.h>
#include <stdlib.h>

#include <level_zero/ze_api.h>

#ifndef __cplusplus
#define nullptr NULL
#endif

enum { vram_ints = 1 << 20 }; /* 4 MiB: two chunks */

#define ZE_CHECK(call)                                        \
  do {                                                        \
    const ze_result_t result = (call);                        \
    if (result != ZE_RESULT_SUCCESS) {                        \
      fprintf(stderr, "%s: 0x%x\n", #call, (unsigned)result); \
      exit(1);                                                \
    }                                                         \
  } while (0)

/** What the memory belongs to. */
typedef struct vram_memory_t {
  ze_context_handle_t context;
  ze_command_list_handle_t list;
  int* ints; /* ints[i] == i */
} vram_memory_t;

/** Moves the memory to VRAM of the first device. */
static inline void vram_memory_move(const vram_memory_t* memory) {
  ZE_CHECK(zeCommandListAppendMemoryPrefetch(memory->list, memory->ints, vram_ints * sizeof(int)));
}

/** Allocates the memory and moves it to VRAM. */
static inline vram_memory_t vram_memory_make(void) {
  ZE_CHECK(zeInit(0));
  uint32_t count = 1;
  ze_driver_handle_t driver = nullptr;
  ZE_CHECK(zeDriverGet(&count, &driver));
  count = 1;
  ze_device_handle_t device = nullptr;
  ZE_CHECK(zeDeviceGet(driver, &count, &device));
  vram_memory_t memory = {nullptr, nullptr, nullptr};
  const ze_context_desc_t context = {ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
  ZE_CHECK(zeContextCreate(driver, &context, &memory.context));
  const ze_device_mem_alloc_desc_t on_device = {ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0,
                                                0};
  const ze_host_mem_alloc_desc_t on_host = {ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
  void* ints = nullptr;
  ZE_CHECK(zeMemAllocShared(memory.context, &on_device, &on_host, vram_ints * sizeof(int), 0,
                            device, &ints));
  memory.ints = (int*)ints;
  for (int i = 0; i < vram_ints; ++i) memory.ints[i] = i;
  const ze_command_queue_desc_t queue = {
      ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, nullptr, 0, 0, 0, ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS,
      ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
  ZE_CHECK(zeCommandListCreateImmediate(memory.context, device, &queue, &memory.list));
  vram_memory_move(&memory);
  return memory;
}

/** Frees what vram_memory_make() made. */
static inline void vram_memory_free(vram_memory_t* memory) {
  ZE_CHECK(zeCommandListDestroy(memory->list));
  ZE_CHECK(zeMemFree(memory->context, memory->ints));
  ZE_CHECK(zeContextDestroy(memory->context));
}

#endif
