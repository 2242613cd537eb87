/// @file known_kernels.hpp
/// Which kernel a launch is: the driver keeps every binary it compiled, its own copy and fill kernels
/// included, as an ELF file in its compiler cache. Instructions are compared with those.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace zesvm::xe_standin {

/// Where a part of an argument is in the kernel's cross-thread data.
struct KernelArg {
  uint32_t offset = 0, size = 0, source = 0;
  bool local = false;
};

/// A compiled kernel.
struct KnownKernel {
  std::string name, code;
  /// Offsets and sizes that are patched while loading, so not compared.
  std::vector<std::pair<uint32_t, uint32_t>> holes;
  std::map<int, std::vector<KernelArg>> args;
  uint32_t skip = 0, payload = 0;
  int local_at = -1, offset_at = -1;

  /// Returns whether instructions are those of this kernel from `from` on.
  bool same(const uint8_t* isa, size_t n, uint32_t from) const;
};

/// All kernels of the compiler cache, read when needed.
struct KnownKernels {
  /// Returns the kernel that instructions are of; null when it is not in the cache.
  const KnownKernel* identify(const uint8_t* isa, size_t n);
  /// Returns the native replacement for a kernel; null when there is none.
  void* native(const std::string& name);

 private:
  void parse_info(const std::string& info, std::map<std::string, KnownKernel*>& by_name);
  void parse_elf(const std::string& d);
  void scan(const std::string& dir, int depth);
  void scan_cache();

  std::mutex lock;
  std::set<std::string> seen_files;
  std::vector<std::unique_ptr<KnownKernel>> all;
  // By a hash of the first bytes.
  std::map<std::pair<uint64_t, size_t>, const KnownKernel*> known;
  void* plugin = nullptr;
  bool plugin_tried = false;
};
KnownKernels& known_kernels();

}  // namespace zesvm::xe_standin
