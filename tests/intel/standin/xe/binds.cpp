#include "ioctls.hpp"

namespace zesvm::xe_standin {

const char* op_name(uint32_t op) {
  static const char* n[] = {"MAP", "UNMAP", "MAP_USERPTR", "UNMAP_ALL", "PREFETCH"};
  return op < 5 ? n[op] : "?";
}
std::string bind_flags(uint32_t f) {
  static const char* n[] = {"READONLY",          "IMMEDIATE", "NULL",
                            "DUMPABLE",          "CHECK_PXP", "CPU_ADDR_MIRROR",
                            "MADVISE_AUTORESET", "DECOMPRESS"};
  std::string s;
  for (int i = 0; i < 8; ++i)
    if (f >> i & 1) s += (s.empty() ? "" : "|") + std::string(n[i]);
  return s;
}

int bind_check(File& f, Vm& vm, const drm_xe_vm_bind_op& o, const char*& why) {
  const bool mirror = o.flags & DRM_XE_VM_BIND_FLAG_CPU_ADDR_MIRROR,
             null = o.flags & DRM_XE_VM_BIND_FLAG_NULL;
  auto no = [&](const char* w) {
    why = w;
    return EINVAL;
  };
  if (o.op > DRM_XE_VM_BIND_OP_PREFETCH) return no("operation");
  if ((o.addr | o.range) & 4095) return no("alignment");
  if (!o.range != (o.op == DRM_XE_VM_BIND_OP_UNMAP_ALL)) return no("range");
  if (mirror && !(vm.flags & DRM_XE_VM_CREATE_FLAG_FAULT_MODE))
    return no("mirror without fault mode");
  if (o.obj && (mirror || null)) return no("object with mirror or null");
  if (o.obj_offset && (mirror || null)) return no("offset with mirror or null");
  if ((mirror || null) && o.op != DRM_XE_VM_BIND_OP_MAP) return no("mirror or null without map");
  if (!o.obj && o.op == DRM_XE_VM_BIND_OP_MAP && !mirror && !null) return no("map without object");
  if (o.obj && (o.op == DRM_XE_VM_BIND_OP_UNMAP || o.op == DRM_XE_VM_BIND_OP_PREFETCH ||
                o.op == DRM_XE_VM_BIND_OP_MAP_USERPTR))
    return no("object");
  if (o.prefetch_mem_region_instance && o.op != DRM_XE_VM_BIND_OP_PREFETCH)
    return no("region without prefetch");
  if (o.op == DRM_XE_VM_BIND_OP_PREFETCH &&
      o.prefetch_mem_region_instance != (uint32_t)DRM_XE_CONSULT_MEM_ADVISE_PREF_LOC &&
      o.prefetch_mem_region_instance > 1)
    return no("region");
  if (o.op != DRM_XE_VM_BIND_OP_UNMAP_ALL && (o.addr >> 48 || o.addr + o.range > 1ull << 48))
    return no("address beyond 48 bits");
  if (o.obj) {
    std::lock_guard<std::mutex> l(state().lock);
    auto b = f.bos.find(o.obj);
    if (b == f.bos.end()) {
      why = "no such object";
      return ENOENT;
    }
    if (o.op == DRM_XE_VM_BIND_OP_MAP && o.obj_offset + o.range > b->second->size)
      return no("past end of object");
  }
  return 0;
}

int bind_one(File& f, Vm& vm, const drm_xe_vm_bind_op& o, int i, int n, uint32_t nsync, int err,
             const char* why) {
  BufferRef bo;
  uint64_t a = o.addr & address_mask, e = a + o.range;
  size_t hit = 0;
  if (o.obj) {
    std::lock_guard<std::mutex> l(state().lock);
    auto b = f.bos.find(o.obj);
    if (b != f.bos.end()) bo = b->second;
  }
  if (!err) {
    std::unique_lock<std::shared_mutex> l(vm.lock);
    Piece p;
    p.end = e;
    p.flags = o.flags;
    p.pat = p.attr.pat = o.pat_index;
    switch (o.op) {
      case DRM_XE_VM_BIND_OP_MAP:
        if (o.flags & DRM_XE_VM_BIND_FLAG_CPU_ADDR_MIRROR)
          p.kind = Kind::mirror;
        else if (o.flags & DRM_XE_VM_BIND_FLAG_NULL)
          p.kind = Kind::null;
        else {
          p.kind = Kind::bo;
          p.bo = bo;
          p.off = o.obj_offset;
        }
        hit = vm.remove(a, e);
        vm.pieces[a] = p;
        break;
      case DRM_XE_VM_BIND_OP_MAP_USERPTR:
        p.kind = Kind::userptr;
        p.off = o.userptr;
        hit = vm.remove(a, e);
        vm.pieces[a] = p;
        break;
      case DRM_XE_VM_BIND_OP_UNMAP: hit = vm.remove(a, e); break;
      case DRM_XE_VM_BIND_OP_UNMAP_ALL:
        for (auto it = vm.pieces.begin(); it != vm.pieces.end();)
          if (it->second.bo == bo)
            it = vm.pieces.erase(it), ++hit;
          else
            ++it;
        break;
      case DRM_XE_VM_BIND_OP_PREFETCH:
        for (auto& q : vm.pieces)
          if (q.first < e && q.second.end > a) {
            ++hit;
            if (q.second.kind != Kind::mirror &&
                o.prefetch_mem_region_instance == (uint32_t)DRM_XE_CONSULT_MEM_ADVISE_PREF_LOC)
              err = EINVAL, why = "consults advice outside a mirror";
          }
        if (!hit) err = ENODATA, why = "nothing bound there";
        break;
    }
  }
  Line l("vm_bind");
  l.num("card", f.card->index).num("file", f.n).num("vm", vm.id).str("op", op_name(o.op));
  if (n > 1) l.raw("of", "\"%d/%d\"", i + 1, n);
  l.hex("addr", o.addr).hex("range", o.range).num("obj", o.obj);
  if (bo)
    l.str("obj_is",
          (bo->card != f.card ? "card" + std::to_string(bo->card->index) + " " : "") + bo->where())
        .hex("obj_size", bo->size);
  if (o.op == DRM_XE_VM_BIND_OP_MAP_USERPTR)
    l.hex("userptr", o.userptr);
  else
    l.hex("obj_offset", o.obj_offset);
  if (o.op == DRM_XE_VM_BIND_OP_PREFETCH)
    l.raw("prefetch_region",
          o.prefetch_mem_region_instance == (uint32_t)DRM_XE_CONSULT_MEM_ADVISE_PREF_LOC
              ? "\"CONSULT_MEM_ADVISE\""
              : "%u",
          o.prefetch_mem_region_instance);
  l.str("flags", bind_flags(o.flags))
      .num("pat", o.pat_index)
      .num("syncs", nsync)
      .num("pieces_hit", hit)
      .str("why", err ? why : "")
      .num("err", err);
  return err;
}

void signal_now(File& f, uint32_t n, uint64_t syncs) {
  auto* s = (drm_xe_sync*)syncs;
  for (uint32_t i = 0; i < n; ++i) {
    if (!(s[i].flags & DRM_XE_SYNC_FLAG_SIGNAL)) continue;
    if (s[i].type == DRM_XE_SYNC_TYPE_USER_FENCE) {
      uint64_t v = s[i].timeline_value;
      if (!write_own(s[i].addr, &v, 8))
        Line("fence_lost").num("card", f.card->index).hex("addr", s[i].addr);
    } else {
      std::lock_guard<std::mutex> l(state().lock);
      auto o = f.syncs.find(s[i].handle);
      if (o == f.syncs.end()) continue;
      std::lock_guard<std::mutex> l2(state().sync_lock);
      o->second->signaled = true;
      o->second->point = std::max<uint64_t>(o->second->point, s[i].timeline_value);
      state().sync_changed.notify_all();
    }
  }
}

VmRef vm_of(File& f, uint32_t id) {
  std::lock_guard<std::mutex> l(state().lock);
  auto i = f.vms.find(id);
  return i == f.vms.end() ? nullptr : i->second;
}

int do_bind(File& f, drm_xe_vm_bind* b) {
  VmRef vm = vm_of(f, b->vm_id);
  if (!vm) {
    Line("vm_bind")
        .num("card", f.card->index)
        .num("vm", b->vm_id)
        .str("why", "no such vm")
        .num("err", EINVAL);
    return EINVAL;
  }
  const drm_xe_vm_bind_op* ops =
      b->num_binds == 1 ? &b->bind : (const drm_xe_vm_bind_op*)b->vector_of_binds;
  // The kernel looks at every operation before it starts with the first.
  int err = 0;
  const char* why = "";
  for (uint32_t i = 0; i < b->num_binds && !err; ++i) {
    err = bind_check(f, *vm, ops[i], why);
    if (!err && (err = planned_failure(ops[i].op == DRM_XE_VM_BIND_OP_PREFETCH ? "prefetch"
                                       : ops[i].op == DRM_XE_VM_BIND_OP_UNMAP  ? "unmap"
                                                                               : "vm_bind")))
      why = "asked to fail";
  }
  for (uint32_t i = 0; i < b->num_binds; ++i) {
    int e = bind_one(f, *vm, ops[i], i, b->num_binds, b->num_syncs, err, why);
    if (e && !err) return e;
  }
  if (err) return err;
  signal_now(f, b->num_syncs, b->syncs);
  return 0;
}

int create_vm(File& f, drm_xe_vm_create* v) {
  int err = 0;
  const uint32_t fault = DRM_XE_VM_CREATE_FLAG_FAULT_MODE, lr = DRM_XE_VM_CREATE_FLAG_LR_MODE,
                 noc = DRM_XE_VM_CREATE_FLAG_NO_VM_OVERCOMMIT;
  if (v->flags & ~15u || ((v->flags & fault) && !(v->flags & lr)) ||
      ((v->flags & noc) && !(v->flags & fault)))
    err = EINVAL;
  if ((v->flags & fault) && setting("XE_STANDIN_NO_FAULT", 0)) err = EINVAL;
  if (!err) {
    std::lock_guard<std::mutex> l(state().lock);
    v->vm_id = lowest_free(f.vms, 1 + (uint32_t)setting("XE_STANDIN_VM_STEP", 0) * f.card->index);
    auto vm = std::make_shared<Vm>();
    vm->id = v->vm_id;
    vm->flags = v->flags;
    f.vms[v->vm_id] = vm;
  }
  Line("vm_create")
      .num("card", f.card->index)
      .num("file", f.n)
      .raw("flags", "\"%s%s%s%s\"", v->flags & 1 ? "SCRATCH " : "", v->flags & 2 ? "LR " : "",
           v->flags & 4 ? "FAULT " : "", v->flags & 8 ? "NO_OVERCOMMIT" : "")
      .num("vm", v->vm_id)
      .num("err", err);
  return err;
}

}  // namespace zesvm::xe_standin
