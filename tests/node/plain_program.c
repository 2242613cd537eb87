/* A Level Zero program like any other: it knows nothing of zesvm, and uses whatever GPU there is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <level_zero/ze_api.h>

#define CHECK(call)                                           \
  do {                                                        \
    const ze_result_t result = (call);                        \
    if (result != ZE_RESULT_SUCCESS) {                        \
      fprintf(stderr, "%s: 0x%x\n", #call, (unsigned)result); \
      exit(1);                                                \
    }                                                         \
  } while (0)

enum { size = 5 << 20 };

/* Host to device, device to shared, and back on the CPU. */
static void round_trip(ze_context_handle_t context, ze_device_handle_t device, int value) {
  const ze_device_mem_alloc_desc_t on_device = {ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, NULL, 0,
                                                0};
  const ze_host_mem_alloc_desc_t on_host = {ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, NULL, 0};
  void *host = NULL, *vram = NULL, *shared = NULL;
  CHECK(zeMemAllocHost(context, &on_host, size, 64, &host));
  CHECK(zeMemAllocDevice(context, &on_device, size, 64, device, &vram));
  CHECK(zeMemAllocShared(context, &on_device, &on_host, size, 64, device, &shared));
  memset(host, value, size);
  memset(shared, 0, size);

  const ze_command_queue_desc_t queue_desc = {
      ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, NULL, 0, 0, 0, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS,
      ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
  const ze_command_list_desc_t list_desc = {ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC, NULL, 0, 0};
  ze_command_queue_handle_t queue = NULL;
  ze_command_list_handle_t list = NULL;
  CHECK(zeCommandQueueCreate(context, device, &queue_desc, &queue));
  CHECK(zeCommandListCreate(context, device, &list_desc, &list));
  CHECK(zeCommandListAppendMemoryCopy(list, vram, host, size, NULL, 0, NULL));
  CHECK(zeCommandListAppendBarrier(list, NULL, 0, NULL));
  CHECK(zeCommandListAppendMemoryCopy(list, shared, vram, size, NULL, 0, NULL));
  CHECK(zeCommandListClose(list));
  CHECK(zeCommandQueueExecuteCommandLists(queue, 1, &list, NULL));
  CHECK(zeCommandQueueSynchronize(queue, UINT64_MAX));
  for (size_t i = 0; i < size; ++i) {
    if (((unsigned char*)shared)[i] == value) continue;
    fprintf(stderr, "byte %zu is %d, not %d\n", i, ((unsigned char*)shared)[i], value);
    exit(1);
  }
  CHECK(zeCommandListDestroy(list));
  CHECK(zeCommandQueueDestroy(queue));
  CHECK(zeMemFree(context, shared));
  CHECK(zeMemFree(context, vram));
  CHECK(zeMemFree(context, host));
}

int main(void) {
  CHECK(zeInit(0));
  uint32_t count = 1;
  ze_driver_handle_t driver = NULL;
  CHECK(zeDriverGet(&count, &driver));
  const ze_context_desc_t desc = {ZE_STRUCTURE_TYPE_CONTEXT_DESC, NULL, 0};
  ze_context_handle_t context = NULL;
  CHECK(zeContextCreate(driver, &desc, &context));
  count = 0;
  CHECK(zeDeviceGet(driver, &count, NULL));
  ze_device_handle_t* devices = calloc(count, sizeof(*devices));
  CHECK(zeDeviceGet(driver, &count, devices));
  for (uint32_t i = 0; i < count; ++i) {
    ze_device_properties_t properties = {.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES};
    CHECK(zeDeviceGetProperties(devices[i], &properties));
    round_trip(context, devices[i], (int)i + 1);
    printf("%s: fine\n", properties.name);
  }
  free(devices);
  CHECK(zeContextDestroy(context));
  return 0;
}
