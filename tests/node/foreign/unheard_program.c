/* Where nobody may change code, calls of munmap and the like are not heard of: devices do not say
 * that they take any pointer of the program.
 */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include <level_zero/ze_api.h>

/* Linux 6.3; not in the headers of Debian 12. */
enum { set_rule = 65, refuse_new_code = 1 };

int main(int argc, char** argv) {
  const int is_restricted = argc > 1 && strcmp(argv[1], "restricted") == 0;
  if (is_restricted && prctl(set_rule, refuse_new_code, 0L, 0L, 0L) != 0) {
    puts("skipped: this kernel has no such rule");
    return 0;
  }
  uint32_t one = 1;
  ze_driver_handle_t driver = NULL;
  ze_device_handle_t device = NULL;
  ze_device_memory_access_properties_t access = {ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES};
  if (zeInit(0) != ZE_RESULT_SUCCESS || zeDriverGet(&one, &driver) != ZE_RESULT_SUCCESS) return 1;
  if (zeDeviceGet(driver, &one, &device) != ZE_RESULT_SUCCESS) return 2;
  if (zeDeviceGetMemoryAccessProperties(device, &access) != ZE_RESULT_SUCCESS) return 3;
  puts(access.sharedSystemAllocCapabilities == 0 ? "takes none" : "takes any pointer");
  return 0;
}
