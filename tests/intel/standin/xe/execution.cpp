#include "ioctls.hpp"

namespace zesvm::xe_standin {

int do_wait(File& f, drm_xe_wait_user_fence* w) {
  uint64_t t0 = now_ns();
  int err = 0;
  for (;;) {
    uint64_t v = 0;
    if (!read_own(w->addr, &v, 8)) {
      err = EFAULT;
      break;
    }
    uint64_t a = v & w->mask, b = w->value & w->mask;
    bool ok = false;
    switch (w->op) {
      case DRM_XE_UFENCE_WAIT_OP_EQ: ok = a == b; break;
      case DRM_XE_UFENCE_WAIT_OP_NEQ: ok = a != b; break;
      case DRM_XE_UFENCE_WAIT_OP_GT: ok = a > b; break;
      case DRM_XE_UFENCE_WAIT_OP_GTE: ok = a >= b; break;
      case DRM_XE_UFENCE_WAIT_OP_LT: ok = a < b; break;
      default: ok = a <= b;
    }
    if (ok) break;
    if (w->timeout >= 0 && now_ns() - t0 > (uint64_t)w->timeout) {
      err = ETIME;
      break;
    }
    usleep(50);
  }
  Line("wait_user_fence", 2)
      .num("card", f.card->index)
      .hex("addr", w->addr)
      .hex("value", w->value)
      .num("op", w->op)
      .num("timeout", w->timeout)
      .num("err", err);
  return err;
}

int do_exec(File& f, drm_xe_exec* x) {
  QueueRef q;
  {
    std::lock_guard<std::mutex> l(state().lock);
    auto i = f.queues.find(x->exec_queue_id);
    if (i != f.queues.end()) q = i->second;
  }
  Line l("exec");
  l.num("card", f.card->index)
      .num("queue", x->exec_queue_id)
      .hex("batch", x->address)
      .num("batches", x->num_batch_buffer);
  if (!q) {
    l.num("err", ENOENT);
    return ENOENT;
  }
  Job j;
  j.batch = x->address;
  j.seq = ++q->seq;
  if (q->banned) {
    l.str("why", "queue is banned").num("err", ECANCELED);
    return ECANCELED;
  }
  auto* s = (drm_xe_sync*)x->syncs;
  for (uint32_t i = 0; i < x->num_syncs; ++i) {
    Fence k{s[i].type, s[i].addr, s[i].timeline_value, nullptr};
    if (s[i].type != DRM_XE_SYNC_TYPE_USER_FENCE) {
      std::lock_guard<std::mutex> g(state().lock);
      auto o = f.syncs.find(s[i].handle);
      if (o != f.syncs.end()) k.sync = o->second;
    } else
      l.hex("fence", s[i].addr).hex("fence_value", s[i].timeline_value);
    if (s[i].flags & DRM_XE_SYNC_FLAG_SIGNAL) j.fences.push_back(k);
  }
  l.num("vm", q->vm ? q->vm->id : 0).num("engine_class", q->engine_class).num("err", 0);
  if (q->vm && x->num_batch_buffer)
    q->push(std::move(j));
  else
    for (auto& k : j.fences) q->signal(k);
  return 0;
}

int create_queue(File& f, drm_xe_exec_queue_create* c) {
  auto* in = (drm_xe_engine_class_instance*)c->instances;
  auto q = std::make_shared<Queue>();
  q->card = f.card->index;
  q->engine_class = in[0].engine_class;
  q->instance = in[0].engine_instance;
  q->vm = vm_of(f, c->vm_id);
  std::string props;
  for (uint64_t e = c->extensions; e;) {
    auto* p = (drm_xe_ext_set_property*)e;
    props +=
        (props.empty() ? "" : " ") + std::to_string(p->property) + "=" + std::to_string(p->value);
    e = p->base.next_extension;
  }
  int err = q->vm ? 0 : ENOENT;
  if (!err) {
    std::lock_guard<std::mutex> l(state().lock);
    q->id = c->exec_queue_id = lowest_free(f.queues);
    f.queues[q->id] = q;
  }
  Line("exec_queue_create")
      .num("card", f.card->index)
      .num("vm", c->vm_id)
      .num("class", q->engine_class)
      .num("instance", q->instance)
      .num("placements", c->num_placements)
      .num("flags", c->flags)
      .str("properties", props)
      .num("queue", c->exec_queue_id)
      .num("err", err);
  return err;
}

int destroy_queue(File& f, uint32_t id) {
  QueueRef q;
  {
    std::lock_guard<std::mutex> l(state().lock);
    auto i = f.queues.find(id);
    if (i != f.queues.end()) q = i->second, f.queues.erase(i);
  }
  Line("exec_queue_destroy").num("card", f.card->index).num("queue", id).num("err", q ? 0 : ENOENT);
  if (!q) return ENOENT;
  q->finish();
  return 0;
}

}  // namespace zesvm::xe_standin
