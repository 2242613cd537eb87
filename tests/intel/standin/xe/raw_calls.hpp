/// @file raw_calls.hpp
/// The kernel's calls without the C library's functions, which this library replaces; memory of the
/// process that may not be there; the clocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

namespace zesvm::xe_standin {

inline int raw_open(const char* path, int flags, mode_t mode) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
inline int raw_fstat(int fd, struct stat* status) {
  return static_cast<int>(syscall(SYS_fstat, fd, status));
}
inline void* raw_mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  return reinterpret_cast<void*>(syscall(SYS_mmap, at, size, protection, flags, fd, offset));
}

/// Copies memory of the process to `to`. Returns whether all of it was there.
inline bool read_own(uint64_t from, void* to, size_t size) {
  const iovec local{to, size}, remote{reinterpret_cast<void*>(from), size};
  return syscall(SYS_process_vm_readv, getpid(), &local, 1ul, &remote, 1ul, 0ul) ==
         static_cast<long>(size);
}
/// Copies to memory of the process. Returns whether all of it was there, and writable.
inline bool write_own(uint64_t to, const void* from, size_t size) {
  const iovec local{const_cast<void*>(from), size}, remote{reinterpret_cast<void*>(to), size};
  return syscall(SYS_process_vm_writev, getpid(), &local, 1ul, &remote, 1ul, 0ul) ==
         static_cast<long>(size);
}

inline uint64_t now_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000ull + static_cast<uint64_t>(time.tv_nsec);
}

inline constexpr uint64_t clock_hz = 19200000;

/// Returns the time as the cards count it.
inline uint64_t gpu_ticks() {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(now_ns()) * clock_hz / 1000000000ull);
}

}  // namespace zesvm::xe_standin
