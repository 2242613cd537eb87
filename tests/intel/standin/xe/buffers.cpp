#include "ioctls.hpp"

namespace zesvm::xe_standin {

BufferRef new_buffer(Card* card, uint64_t size, uint32_t placement) {
  auto b = std::make_shared<Buffer>();
  char name[64];
  snprintf(name, sizeof name, "xe-standin-bo:%d:%u", card->index, placement);
  b->fd = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC);
  if (b->fd < 0 || ftruncate(b->fd, size) != 0) return nullptr;
  struct stat st;
  raw_fstat(b->fd, &st);
  b->ino = st.st_ino;
  b->size = size;
  b->placement = placement;
  b->card = card;
  b->id = state().next_buffer++;
  state().buffers_by_inode[b->ino] = b;
  state().buffers_by_id[b->id] = b;
  if (placement & 2) card->used_vram += size;
  return b;
}

// A buffer made by another process: its memfd says where it lives.
BufferRef foreign_buffer(int fd, const struct stat& st) {
  char path[64], name[128];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t n = syscall(SYS_readlink, path, name, sizeof name - 1);
  int card = 0;
  unsigned placement = 0;
  if (n <= 0) return nullptr;
  name[n] = 0;
  if (sscanf(name, "/memfd:xe-standin-bo:%d:%u", &card, &placement) != 2 || card < 0 ||
      (size_t)card >= state().cards.size())
    return nullptr;
  auto b = std::make_shared<Buffer>();
  b->fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
  b->ino = st.st_ino;
  b->size = st.st_size;
  b->placement = placement;
  b->card = state().cards[card].get();
  b->id = state().next_buffer++;
  state().buffers_by_inode[b->ino] = b;
  state().buffers_by_id[b->id] = b;
  if (placement & 2) b->card->used_vram += b->size;
  return b;
}

int do_gem_create(File& f, drm_xe_gem_create* a) {
  int err = 0;
  if (!a->size || (a->size & 4095) || !a->placement || (a->placement & ~3u) ||
      (a->cpu_caching != 1 && a->cpu_caching != 2))
    err = EINVAL;
  if (!err) {
    std::lock_guard<std::mutex> l(state().lock);
    if ((a->placement & 3) == 2 && f.card->used_vram + a->size > vram_bytes()) err = ENOMEM;
    BufferRef b = err ? nullptr : new_buffer(f.card, a->size, a->placement);
    if (!b)
      err = err ? err : ENOMEM;
    else {
      a->handle = lowest_free(f.bos);
      f.bos[a->handle] = b;
    }
  }
  Line("gem_create")
      .num("card", f.card->index)
      .hex("size", a->size)
      .str("placement", a->placement == 1   ? "sys"
                        : a->placement == 2 ? "vram"
                                            : "vram|sys")
      .num("placement_mask", a->placement)
      .num("flags", a->flags)
      .num("vm", a->vm_id)
      .str("caching", a->cpu_caching == 1 ? "WB" : "WC")
      .num("handle", a->handle)
      .num("err", err);
  return err;
}

int prime_export(File& f, drm_prime_handle* p) {
  std::lock_guard<std::mutex> l(state().lock);
  auto i = f.bos.find(p->handle);
  int err = 0;
  if (i == f.bos.end())
    err = ENOENT;
  else
    p->fd = (int)syscall(SYS_fcntl, i->second->fd, F_DUPFD_CLOEXEC, 3);
  Line("prime_export")
      .num("card", f.card->index)
      .num("handle", p->handle)
      .num("fd", p->fd)
      .num("err", err);
  return err;
}

int prime_import(File& f, drm_prime_handle* p) {
  struct stat st;
  std::lock_guard<std::mutex> l(state().lock);
  BufferRef b;
  const char* why = "";
  int err = 0;
  if (raw_fstat(p->fd, &st) != 0)
    err = EBADF, why = "fd is not open";
  else {
    if (state().buffers_by_inode.count(st.st_ino)) b = state().buffers_by_inode[st.st_ino].lock();
    if (!b) b = foreign_buffer(p->fd, st);
    if (!b) err = EINVAL, why = "fd is no buffer";
  }
  if (b) {
    p->handle = 0;
    for (auto& e : f.bos)
      if (e.second == b) p->handle = e.first;
    if (!p->handle) {
      p->handle = lowest_free(f.bos);
      f.bos[p->handle] = b;
    }
  }
  Line("prime_import")
      .num("card", f.card->index)
      .num("fd", p->fd)
      .num("handle", p->handle)
      .num("from_card", b ? b->card->index : -1)
      .str("memory", b ? b->where() : "?")
      .str("why", why)
      .num("err", err);
  return err;
}

int close_buffer(File& f, uint32_t h) {
  BufferRef keep;
  std::lock_guard<std::mutex> l(state().lock);
  auto i = f.bos.find(h);
  Line("gem_close")
      .num("card", f.card->index)
      .num("handle", h)
      .num("err", i == f.bos.end() ? EINVAL : 0);
  if (i == f.bos.end()) return EINVAL;
  keep = i->second;
  f.bos.erase(i);
  return 0;
}

int mmap_offset(File& f, drm_xe_gem_mmap_offset* m) {
  std::lock_guard<std::mutex> l(state().lock);
  int err = 0;
  if ((m->flags & ~DRM_XE_MMAP_OFFSET_FLAG_PCI_BARRIER) != 0 || (m->flags != 0 && m->handle != 0))
    err = EINVAL;
  else if (m->flags & DRM_XE_MMAP_OFFSET_FLAG_PCI_BARRIER)
    m->offset = 1ull << 62;
  else {
    auto i = f.bos.find(m->handle);
    if (i == f.bos.end())
      err = ENOENT;
    else
      m->offset = i->second->id << 38;
  }
  Line("gem_mmap_offset", 2)
      .num("card", f.card->index)
      .num("handle", m->handle)
      .num("flags", m->flags)
      .hex("offset", m->offset)
      .num("err", err);
  return err;
}

}  // namespace zesvm::xe_standin
