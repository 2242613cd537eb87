/// @file level_zero.hpp
/// The little of Level Zero that the benchmarks need: one device, one module, one in-order list
/// whose calls return when the work is done. A program that knows nothing of zesvm.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

namespace zesvm::bench {

/// Ends the program with the name of the call unless `result` is success.
void check(ze_result_t result, const char* call);

/// The first device of the first driver. Ends the program when something fails.
class Gpu {
 public:
  Gpu();
  ~Gpu();
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  /// Returns shared memory; it reads as zeros.
  std::byte* allocate_shared(std::size_t bytes);
  /// Returns memory of the device.
  std::byte* allocate_device(std::size_t bytes);
  void free(void* pointer);

  /// Loads a module; its kernels are found by launch().
  void load(const std::string& spirv_file);
  /// Runs a kernel over `items` work-items and waits.
  template <typename... Arguments>
  void launch(const char* kernel, std::size_t items, const Arguments&... arguments) {
    start(kernel);
    unsigned index = 0;
    (set_argument(index++, sizeof arguments, &arguments), ...);
    run(items);
  }
  void copy(void* to, const void* from, std::size_t bytes);
  void prefetch(const void* pointer, std::size_t bytes);

 private:
  void start(const char* kernel);
  void set_argument(unsigned index, std::size_t bytes, const void* value);
  void run(std::size_t items);

  ze_device_handle_t device_ = nullptr;
  ze_context_handle_t context_ = nullptr;
  ze_command_list_handle_t list_ = nullptr;
  ze_module_handle_t module_ = nullptr;
  ze_kernel_handle_t kernel_ = nullptr;
  std::string kernel_name_;
};

}  // namespace zesvm::bench
