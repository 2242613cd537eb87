#include "ioctls.hpp"

namespace zesvm::xe_standin {

int do_madvise(File& f, drm_xe_madvise* a) {
  static const char* types[] = {"PREFERRED_LOC", "ATOMIC", "PAT", "PURGEABLE"};
  static const char* atom[] = {"UNDEFINED", "DEVICE", "GLOBAL", "CPU"};
  int err = 0;
  size_t hit = 0;
  VmRef vm = vm_of(f, a->vm_id);
  if (!vm || (a->start & 4095) || (a->range & 4095) || !a->range || a->type > 3) err = EINVAL;
  if (!err) err = planned_failure("madvise");
  Line l("madvise");
  l.num("card", f.card->index)
      .num("file", f.n)
      .num("vm", a->vm_id)
      .hex("start", a->start)
      .hex("range", a->range)
      .str("type", a->type < 4 ? types[a->type] : "?");
  if (!vm) l.str("why", "no such vm on this file");
  if (a->type == DRM_XE_MEM_RANGE_ATTR_PREFERRED_LOC) {
    int32_t fd = (int32_t)a->preferred_mem_loc.devmem_fd;
    l.num("devmem_fd", fd);
    if (fd > 0) {
      auto t = file_of(fd);
      if (t) {
        l.num("devmem_card", t->card->index).num("devmem_file", t->n);
        if (t->card != f.card && setting("XE_STANDIN_NO_P2P", 0)) err = err ? err : ENOLINK;
      } else {
        l.str("devmem", "not a drm file");
        err = err ? err : EINVAL;
      }
      if (a->preferred_mem_loc.region_instance != 1) err = err ? err : EINVAL;
    } else if (fd < DRM_XE_PREFERRED_LOC_DEFAULT_SYSTEM)
      err = err ? err : EINVAL;
    else {
      l.str("devmem", fd ? "DEFAULT_SYSTEM" : "DEFAULT_DEVICE");
      if (a->preferred_mem_loc.region_instance) err = err ? err : EINVAL;
    }
    l.num("region_instance", a->preferred_mem_loc.region_instance)
        .str("policy", a->preferred_mem_loc.migration_policy == 0   ? "ALL_PAGES"
                       : a->preferred_mem_loc.migration_policy == 1 ? "ONLY_SYSTEM_PAGES"
                                                                    : "?");
    if (a->preferred_mem_loc.migration_policy > 1 || a->preferred_mem_loc.reserved)
      err = err ? err : EINVAL;
  } else if (a->type == DRM_XE_MEM_RANGE_ATTR_ATOMIC) {
    l.str("atomic", a->atomic.val < 4 ? atom[a->atomic.val] : "?");
    if (a->atomic.val > 3) err = err ? err : EINVAL;
  } else
    l.num("val", a->pat_index.val);
  if (vm) {
    std::unique_lock<std::shared_mutex> g(vm->lock);
    uint64_t s = a->start & address_mask, e = s + a->range;
    if (!err) vm->split(s), vm->split(e);
    std::string over;
    for (auto& p : vm->pieces) {
      if (p.first >= e || p.second.end <= s) continue;
      ++hit;
      if (over.find(kind_name(p.second.kind)) == std::string::npos)
        over += (over.empty() ? "" : "|") + std::string(kind_name(p.second.kind));
      if (err) continue;
      Attributes& t = p.second.attr;
      if (a->type == DRM_XE_MEM_RANGE_ATTR_PREFERRED_LOC) {
        t.loc_fd = (int32_t)a->preferred_mem_loc.devmem_fd;
        t.policy = a->preferred_mem_loc.migration_policy;
        t.region = a->preferred_mem_loc.region_instance;
      } else if (a->type == DRM_XE_MEM_RANGE_ATTR_ATOMIC)
        t.atomic = a->atomic.val;
      else if (a->type == DRM_XE_MEM_RANGE_ATTR_PAT)
        t.pat = a->pat_index.val;
    }
    l.str("over", over);
  }
  l.num("pieces_hit", hit).num("err", err);
  return err;
}

int do_attrs(File& f, drm_xe_vm_query_mem_range_attr* q) {
  VmRef vm = vm_of(f, q->vm_id);
  int err = vm ? 0 : EINVAL;
  uint32_t n = 0;
  if (vm) {
    std::shared_lock<std::shared_mutex> g(vm->lock);
    auto* out = (drm_xe_mem_range_attr*)q->vector_of_mem_attr;
    for (auto& p : vm->pieces) {
      if (p.first >= q->start + q->range || p.second.end <= q->start) continue;
      if (out && n < q->num_mem_ranges) {
        drm_xe_mem_range_attr r{};
        r.start = p.first;
        r.end = p.second.end;
        r.preferred_mem_loc.devmem_fd = p.second.attr.loc_fd;
        r.preferred_mem_loc.migration_policy = p.second.attr.policy;
        r.atomic.val = p.second.attr.atomic;
        r.pat_index.val = p.second.attr.pat;
        out[n] = r;
      }
      ++n;
    }
  }
  Line("query_mem_range_attrs")
      .num("card", f.card->index)
      .num("vm", q->vm_id)
      .hex("start", q->start)
      .hex("range", q->range)
      .num("ranges", n)
      .num("fill", q->vector_of_mem_attr != 0)
      .num("err", err);
  if (!err) {
    q->num_mem_ranges = n;
    q->sizeof_mem_range_attr = sizeof(drm_xe_mem_range_attr);
  }
  return err;
}

}  // namespace zesvm::xe_standin
