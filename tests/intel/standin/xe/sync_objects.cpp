#include "ioctls.hpp"

namespace zesvm::xe_standin {
namespace {

int do_syncobj_wait(File& f, uint32_t* handles, uint64_t* points, uint32_t n, int64_t until,
                    uint32_t flags) {
  std::vector<SyncRef> s;
  {
    std::lock_guard<std::mutex> l(state().lock);
    for (uint32_t i = 0; i < n; ++i) {
      auto o = f.syncs.find(handles[i]);
      if (o == f.syncs.end()) return ENOENT;
      s.push_back(o->second);
    }
  }
  for (;;) {
    size_t ok = 0;
    {
      std::lock_guard<std::mutex> l(state().sync_lock);
      for (uint32_t i = 0; i < n; ++i) ok += points ? s[i]->point >= points[i] : s[i]->signaled;
    }
    if ((flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL) ? ok == n : ok > 0) return 0;
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    if (t.tv_sec * 1000000000ll + t.tv_nsec >= until) return ETIME;
    usleep(50);
  }
}

}  // namespace

int dispatch_sync(File& f, unsigned long req, void* arg) {
  switch (req) {
    case DRM_IOCTL_SYNCOBJ_CREATE: {
      auto* c = (drm_syncobj_create*)arg;
      std::lock_guard<std::mutex> l(state().lock);
      auto s = std::make_shared<SyncObj>();
      s->signaled = c->flags & DRM_SYNCOBJ_CREATE_SIGNALED;
      c->handle = lowest_free(f.syncs);
      f.syncs[c->handle] = s;
      return 0;
    }
    case DRM_IOCTL_SYNCOBJ_DESTROY: {
      std::lock_guard<std::mutex> l(state().lock);
      return f.syncs.erase(((drm_syncobj_destroy*)arg)->handle) ? 0 : EINVAL;
    }
    case DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD: {
      auto* h = (drm_syncobj_handle*)arg;
      std::lock_guard<std::mutex> l(state().lock);
      auto i = f.syncs.find(h->handle);
      if (i == f.syncs.end()) return EINVAL;
      if (i->second->fd < 0) {
        i->second->fd = (int)syscall(SYS_memfd_create, "xe-standin-sync", MFD_CLOEXEC);
        struct stat st;
        raw_fstat(i->second->fd, &st);
        state().syncs_by_inode[st.st_ino] = i->second;
      }
      h->fd = (int)syscall(SYS_fcntl, i->second->fd, F_DUPFD_CLOEXEC, 3);
      return 0;
    }
    case DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE: {
      auto* h = (drm_syncobj_handle*)arg;
      struct stat st;
      std::lock_guard<std::mutex> l(state().lock);
      if (raw_fstat(h->fd, &st) != 0 || !state().syncs_by_inode.count(st.st_ino)) return EINVAL;
      h->handle = lowest_free(f.syncs);
      f.syncs[h->handle] = state().syncs_by_inode[st.st_ino];
      return 0;
    }
    case DRM_IOCTL_SYNCOBJ_SIGNAL:
    case DRM_IOCTL_SYNCOBJ_RESET: {
      auto* a = (drm_syncobj_array*)arg;
      std::lock_guard<std::mutex> l(state().lock), l2(state().sync_lock);
      for (uint32_t i = 0; i < a->count_handles; ++i) {
        auto o = f.syncs.find(((uint32_t*)a->handles)[i]);
        if (o == f.syncs.end()) return ENOENT;
        o->second->signaled = req == DRM_IOCTL_SYNCOBJ_SIGNAL;
      }
      return 0;
    }
    case DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL: {
      auto* a = (drm_syncobj_timeline_array*)arg;
      std::lock_guard<std::mutex> l(state().lock), l2(state().sync_lock);
      for (uint32_t i = 0; i < a->count_handles; ++i) {
        auto o = f.syncs.find(((uint32_t*)a->handles)[i]);
        if (o == f.syncs.end()) return ENOENT;
        o->second->point = std::max<uint64_t>(o->second->point, ((uint64_t*)a->points)[i]);
      }
      return 0;
    }
    case DRM_IOCTL_SYNCOBJ_WAIT: {
      auto* w = (drm_syncobj_wait*)arg;
      return do_syncobj_wait(f, (uint32_t*)w->handles, nullptr, w->count_handles, w->timeout_nsec,
                             w->flags);
    }
    case DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT: {
      auto* w = (drm_syncobj_timeline_wait*)arg;
      return do_syncobj_wait(f, (uint32_t*)w->handles, (uint64_t*)w->points, w->count_handles,
                             w->timeout_nsec, w->flags);
    }
    default: return -1;
  }
}

}  // namespace zesvm::xe_standin
