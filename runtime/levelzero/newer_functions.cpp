#include "levelzero/newer_functions.hpp"

#include <dlfcn.h>

namespace zesvm::levelzero {
namespace {

template <typename Function>
void find(ze_driver_handle_t driver, const char* name, Function& function) {
  void* address = ::dlsym(RTLD_DEFAULT, name);
  if (address == nullptr) address = find_extension(driver, name);
  function = reinterpret_cast<Function>(address);
}

}  // namespace

void* find_extension(ze_driver_handle_t driver, const char* name) {
  void* address = nullptr;
  if (zeDriverGetExtensionFunctionAddress(driver, name, &address) != ZE_RESULT_SUCCESS)
    return nullptr;
  return address;
}

NewerFunctions find_newer_functions(ze_driver_handle_t driver) {
  NewerFunctions found;
  find(driver, "zeMemSetAtomicAccessAttributeExp", found.set_atomic_access);
  find(driver, "zeMemGetAtomicAccessAttributeExp", found.get_atomic_access);
  find(driver, "zeCommandListHostSynchronize", found.host_synchronize);
  find(driver, "zeDriverGetLastErrorDescription", found.get_last_error);
  found.import_pointer = reinterpret_cast<decltype(found.import_pointer)>(
      find_extension(driver, "zexDriverImportExternalPointer"));
  found.release_pointer = reinterpret_cast<decltype(found.release_pointer)>(
      find_extension(driver, "zexDriverReleaseImportedPointer"));
  return found;
}

}  // namespace zesvm::levelzero
