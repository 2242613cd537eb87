/// @file level_zero.hpp
/// The little of Level Zero that the benchmarks need: the devices of the first driver, and for each
/// a module and an in-order list whose calls return when the work is done. A program that knows
/// nothing of zesvm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

namespace zesvm::bench {

/// Ends the program with the name of the call unless `result` is success.
void check(ze_result_t result, const char* call);

/// Where the memory under test comes from.
enum class Backing : std::uint8_t {
  /// `zeMemAllocShared`.
  shared,
  /// `mmap`: the program's own memory, given to kernels as it is.
  system,
};

/// One device. Ends the program when something fails.
class Gpu {
 public:
  Gpu(ze_context_handle_t context, ze_device_handle_t device);
  ~Gpu();
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  /// Returns memory of the device.
  std::byte* allocate_device(std::size_t bytes);
  void free_device(std::byte* pointer);

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
  friend class Machine;
  void start(const char* kernel);
  void set_argument(unsigned index, std::size_t bytes, const void* value);
  void run(std::size_t items);

  ze_context_handle_t context_;
  ze_device_handle_t device_;
  ze_command_list_handle_t list_ = nullptr;
  ze_module_handle_t module_ = nullptr;
  ze_kernel_handle_t kernel_ = nullptr;
  std::string kernel_name_;
};

/// The devices, and memory they all reach.
class Machine {
 public:
  /// Returns the machine, made at the first call.
  static Machine& get();
  /// Says which memory allocate() gives; before the first call of get().
  static Backing backing;

  std::size_t gpu_count() const { return gpus_.size(); }
  Gpu& gpu(std::size_t index = 0) { return *gpus_[index]; }

  /// Returns memory that every device reaches; it reads as zeros, and begins at a multiple of 2 MiB
  /// from that size on.
  std::byte* allocate(std::size_t bytes);
  void free(std::byte* pointer, std::size_t bytes);

  /// Returns how many bytes the simulated node moved from VRAM to system memory so far; 0 on others.
  std::uint64_t bytes_to_system() const;
  /// Returns how many bytes it moved to VRAM.
  std::uint64_t bytes_to_vram() const;

 private:
  Machine();

  ze_driver_handle_t driver_ = nullptr;
  ze_context_handle_t context_ = nullptr;
  std::vector<std::unique_ptr<Gpu>> gpus_;
};

/// Memory from Machine::allocate() for the time of a benchmark.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : bytes_(bytes), begin_(Machine::get().allocate(bytes)) {}
  ~Memory() { Machine::get().free(begin_, bytes_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  std::byte* begin() const { return begin_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  std::byte* begin_;
};

}  // namespace zesvm::bench
