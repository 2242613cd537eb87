// The C library's functions that see files, in front of the C library's own.
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ioctls.hpp"
#include "tree.hpp"

namespace zesvm::xe_standin {
namespace {

template <class F>
F next_of(const char* name) {
  return (F)dlsym(RTLD_NEXT, name);
}

}  // namespace
}  // namespace zesvm::xe_standin

using namespace zesvm::xe_standin;  // NOLINT: the functions below are the C library's

#pragma GCC visibility push(default)
extern "C" {

int ioctl(int fd, unsigned long req, ...) {
  va_list ap;
  va_start(ap, req);
  void* arg = va_arg(ap, void*);
  va_end(ap);
  if (is_ready && ((req >> 8) & 0xff) == 'd') {
    if (auto f = file_of(fd)) {
      int e = dispatch(fd, *f, (uint32_t)req, arg);
      if (!e) return 0;
      errno = e;
      return -1;
    }
  }
  return (int)syscall(SYS_ioctl, fd, req, arg);
}

static int open_any(int dir, const char* p, int flags, mode_t m) {
  int fd = open_card(p);
  if (fd != -2) return fd;
  return (int)syscall(SYS_openat, dir, elsewhere(p), flags, m);
}
#define WITH_MODE                        \
  mode_t m = 0;                          \
  if (flags & (O_CREAT | __O_TMPFILE)) { \
    va_list ap;                          \
    va_start(ap, flags);                 \
    m = va_arg(ap, mode_t);              \
    va_end(ap);                          \
  }
int open(const char* p, int flags, ...) { WITH_MODE return open_any(AT_FDCWD, p, flags, m); }
int open64(const char* p, int flags, ...) {
  WITH_MODE return open_any(AT_FDCWD, p, flags | O_LARGEFILE, m);
}
int openat(int d, const char* p, int flags, ...) { WITH_MODE return open_any(d, p, flags, m); }
int openat64(int d, const char* p, int flags, ...) {
  WITH_MODE return open_any(d, p, flags | O_LARGEFILE, m);
}
int __open_2(const char* p, int flags) { return open_any(AT_FDCWD, p, flags, 0); }
int __open64_2(const char* p, int flags) { return open_any(AT_FDCWD, p, flags | O_LARGEFILE, 0); }

FILE* fopen(const char* p, const char* mode) {
  static auto next = next_of<FILE* (*)(const char*, const char*)>("fopen");
  return next(elsewhere(p), mode);
}
FILE* fopen64(const char* p, const char* mode) {
  static auto next = next_of<FILE* (*)(const char*, const char*)>("fopen64");
  return next(elsewhere(p), mode);
}
DIR* opendir(const char* p) {
  static auto next = next_of<DIR* (*)(const char*)>("opendir");
  return next(elsewhere(p));
}
int access(const char* p, int mode) { return (int)syscall(SYS_access, elsewhere(p), mode); }
ssize_t readlink(const char* __restrict p, char* __restrict b, size_t n) {
  return syscall(SYS_readlink, elsewhere(p), b, n);
}
int stat(const char* __restrict p, struct stat* __restrict st) {
  return answer_stat((int)syscall(SYS_stat, elsewhere(p), st), st, p);
}
int stat64(const char* __restrict p, struct stat64* __restrict st) {
  return stat(p, (struct stat*)st);
}
int lstat(const char* __restrict p, struct stat* __restrict st) {
  return answer_stat((int)syscall(SYS_lstat, elsewhere(p), st), st, p);
}
int lstat64(const char* __restrict p, struct stat64* __restrict st) {
  return lstat(p, (struct stat*)st);
}
int fstat(int fd, struct stat* st) {
  int r = raw_fstat(fd, st);
  if (r == 0)
    if (auto f = file_of(fd)) {
      st->st_mode = S_IFCHR | 0666;
      st->st_rdev = makedev(226, f->card->render_minor());
    }
  return r;
}
int fstat64(int fd, struct stat64* st) { return fstat(fd, (struct stat*)st); }
char* realpath(const char* __restrict p, char* __restrict out) {
  static auto next = next_of<char* (*)(const char*, char*)>("realpath");
  const char* q = elsewhere(p);
  char* r = next(q, out);
  if (r && q != p && strncmp(r, state().root.c_str(), state().root.size()) == 0)
    memmove(r, r + state().root.size(), strlen(r) - state().root.size() + 1);
  return r;
}

char* __realpath_chk(const char* __restrict p, char* __restrict out, size_t) {
  return realpath(p, out);
}

void* mmap(void* a, size_t n, int prot, int flags, int fd, off_t off) {
  if (fd >= 0 && (uint64_t)off >= 1ull << 38)
    if (auto f = file_of(fd)) {
      BufferRef b;
      if ((uint64_t)off >> 62)
        return raw_mmap(a, n, prot, (flags & MAP_FIXED) | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      {
        std::lock_guard<std::mutex> l(state().lock);
        b = state().buffers_by_id[(uint64_t)off >> 38].lock();
      }
      uint64_t in = (uint64_t)off & ((1ull << 38) - 1);
      void* r = MAP_FAILED;
      if (b && in + n <= ((b->size + 4095) & ~4095ull))
        r = raw_mmap(a, n, prot, (flags & MAP_FIXED) | MAP_SHARED, b->fd, in);
      else
        errno = EINVAL;
      Line("mmap", 2)
          .num("card", f->card->index)
          .hex("at", (uint64_t)r)
          .hex("size", n)
          .num("fixed", !!(flags & MAP_FIXED))
          .num("prot", prot)
          .hex("bo_offset", in);
      return r;
    }
  return raw_mmap(a, n, prot, flags, fd, off);
}
void* mmap64(void* a, size_t n, int prot, int flags, int fd, off64_t off) {
  return mmap(a, n, prot, flags, fd, off);
}
}

#pragma GCC visibility pop
