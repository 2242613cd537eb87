#include "ioctls.hpp"

namespace zesvm::xe_standin {

namespace {

int version(drm_version* v) {
  v->version_major = 1;
  v->version_minor = 1;
  v->version_patchlevel = 0;
  auto give = [](char* p, size_t& n, const char* s) {
    size_t l = strlen(s);
    if (p && n) memcpy(p, s, std::min(n, l));
    n = l;
  };
  size_t n;
  n = v->name_len, give(v->name, n, "xe"), v->name_len = n;
  n = v->date_len, give(v->date, n, "20260101"), v->date_len = n;
  n = v->desc_len, give(v->desc, n, "xe-standin"), v->desc_len = n;
  return 0;
}

// The driver gives binds this long; it waits for work without an end, which the kernel does not fail.
constexpr int64_t longest_bind_ns = 1'000'000'000;

/// Returns the name of a call that fails as a whole, when it is planned to; null for others.
const char* fails_whole(unsigned long request, const void* argument) {
  switch (request) {
    case DRM_IOCTL_GEM_CLOSE: return "gem_close";
    case DRM_IOCTL_PRIME_HANDLE_TO_FD: return "prime_export";
    case DRM_IOCTL_PRIME_FD_TO_HANDLE: return "prime_import";
    case DRM_IOCTL_XE_GEM_CREATE: return "gem_create";
    case DRM_IOCTL_XE_GEM_MMAP_OFFSET: return "gem_mmap_offset";
    case DRM_IOCTL_XE_VM_CREATE: return "vm_create";
    case DRM_IOCTL_XE_EXEC_QUEUE_CREATE: return "exec_queue_create";
    case DRM_IOCTL_XE_EXEC_QUEUE_DESTROY: return "exec_queue_destroy";
    case DRM_IOCTL_XE_EXEC: return "exec";
    case DRM_IOCTL_XE_WAIT_USER_FENCE: {
      const int64_t timeout = ((const drm_xe_wait_user_fence*)argument)->timeout;
      return timeout >= 0 && timeout <= longest_bind_ns ? "bind_wait" : nullptr;
    }
    default: return nullptr;
  }
}

}  // namespace

int dispatch(int fd, File& f, unsigned long req, void* arg) {
  const int ci = f.card->index;
  if (const char* const call = fails_whole(req, arg))
    if (const int error = planned_failure(call)) {
      Line(call).num("card", ci).str("why", "asked to fail").num("err", error);
      return error;
    }
  if (const int answer = dispatch_sync(f, req, arg); answer >= 0) return answer;
  switch (req) {
    case DRM_IOCTL_VERSION: return version((drm_version*)arg);
    case DRM_IOCTL_GEM_CLOSE: return close_buffer(f, ((drm_gem_close*)arg)->handle);
    case DRM_IOCTL_PRIME_HANDLE_TO_FD: return prime_export(f, (drm_prime_handle*)arg);
    case DRM_IOCTL_PRIME_FD_TO_HANDLE: return prime_import(f, (drm_prime_handle*)arg);
    case DRM_IOCTL_XE_GEM_MMAP_OFFSET: return mmap_offset(f, (drm_xe_gem_mmap_offset*)arg);
    case DRM_IOCTL_XE_VM_CREATE: return create_vm(f, (drm_xe_vm_create*)arg);
    case DRM_IOCTL_XE_EXEC_QUEUE_CREATE: return create_queue(f, (drm_xe_exec_queue_create*)arg);
    case DRM_IOCTL_XE_EXEC_QUEUE_DESTROY:
      return destroy_queue(f, ((drm_xe_exec_queue_destroy*)arg)->exec_queue_id);
    case DRM_IOCTL_GET_CAP: {
      auto* c = (drm_get_cap*)arg;
      c->value = c->capability == DRM_CAP_PRIME ? 3
                                                : c->capability == DRM_CAP_SYNCOBJ ||
                                                      c->capability == DRM_CAP_SYNCOBJ_TIMELINE;
      return 0;
    }
    case DRM_IOCTL_XE_DEVICE_QUERY: {
      auto* q = (drm_xe_device_query*)arg;
      bool fill = q->size;
      int e = query(f, q);
      Line("device_query", 2)
          .num("card", ci)
          .num("query", q->query)
          .num("fill", fill)
          .num("size", q->size)
          .num("err", e);
      return e;
    }
    case DRM_IOCTL_XE_GEM_CREATE: return do_gem_create(f, (drm_xe_gem_create*)arg);
    case DRM_IOCTL_XE_VM_DESTROY: {
      uint32_t id = ((drm_xe_vm_destroy*)arg)->vm_id;
      std::lock_guard<std::mutex> l(state().lock);
      bool had = f.vms.erase(id);
      Line("vm_destroy").num("card", ci).num("vm", id).num("err", had ? 0 : ENOENT);
      return had ? 0 : ENOENT;
    }
    case DRM_IOCTL_XE_VM_BIND: return do_bind(f, (drm_xe_vm_bind*)arg);
    case DRM_IOCTL_XE_EXEC_QUEUE_GET_PROPERTY: {
      auto* p = (drm_xe_exec_queue_get_property*)arg;
      std::lock_guard<std::mutex> l(state().lock);
      auto i = f.queues.find(p->exec_queue_id);
      if (i == f.queues.end()) return ENOENT;
      p->value = i->second->banned;
      return 0;
    }
    case DRM_IOCTL_XE_EXEC_QUEUE_SET_PROPERTY: return 0;
    case DRM_IOCTL_XE_EXEC: return do_exec(f, (drm_xe_exec*)arg);
    case DRM_IOCTL_XE_WAIT_USER_FENCE: return do_wait(f, (drm_xe_wait_user_fence*)arg);
    case DRM_IOCTL_XE_MADVISE: return do_madvise(f, (drm_xe_madvise*)arg);
    case DRM_IOCTL_XE_VM_QUERY_MEM_RANGE_ATTRS:
      return do_attrs(f, (drm_xe_vm_query_mem_range_attr*)arg);
    case DRM_IOCTL_XE_OBSERVATION: return EACCES;
    default: break;
  }
  Line("unknown_ioctl").num("card", ci).num("fd", fd).hex("request", req).num("nr", req & 0xff);
  return EINVAL;
}

}  // namespace zesvm::xe_standin
