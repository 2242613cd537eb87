#include "queue.hpp"

namespace zesvm::xe_standin {

// One host pointer for n bytes of GPU memory. Stretches of several buffers are stitched together in a view of
// their own, mirrored stretches are the CPU's own addresses.
void* Queue::host(uint64_t va, uint64_t n, const char* who) {
  va &= address_mask;
  std::vector<std::pair<uint64_t, Piece>>
      run;  // offset in the wanted range, piece with off moved to it
  std::string why;
  uint64_t at = va;
  bool mirror = true, bo = true;
  while (why.empty() && at < va + n) {
    Piece p;
    uint64_t start;
    if (!vm->find(at, p, start)) {
      why = "not mapped";
      break;
    }
    uint64_t e = std::min(p.end, va + n);
    if (p.kind == Kind::bo || p.kind == Kind::userptr) p.off += at - start;
    if (p.kind == Kind::userptr && run.empty() && e == va + n) return (void*)p.off;
    mirror &= p.kind == Kind::mirror;
    bo &= p.kind == Kind::bo;
    if (p.kind == Kind::mirror) {
      char c;
      for (uint64_t o = at & ~4095ull; why.empty() && o < e; o += 4096)
        if (!read_own(std::max(o, at), &c, 1)) why = "no CPU memory there", at = std::max(o, at);
    }
    p.end = e - va;
    if (why.empty()) {
      run.push_back({at - va, p});
      at = e;
    }
  }
  if (why.empty() && mirror) return (void*)va;
  if (why.empty() && bo && run.size() == 1) return run[0].second.bo->bytes() + run[0].second.off;
  if (why.empty() && bo) {
    char* view = (char*)raw_mmap(nullptr, (n + 8191) & ~4095ull, PROT_NONE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (va & 4095) view += va & 4095;
    for (auto& r : run) {
      uint64_t lo = r.first ? r.first : -(va & 4095), len = r.second.end - lo;
      raw_mmap(view + (int64_t)lo, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
               r.second.bo->fd, r.second.off - (r.first ? 0 : va & 4095));
    }
    return view;  // kept: launches of this kind are few
  }
  if (why.empty()) why = "mixed kinds of memory";
  Line("gpu_fault")
      .num("card", card)
      .num("vm", vm->id)
      .hex("va", at)
      .hex("bytes", va + n - at)
      .str("by", who)
      .str("why", why);
  if (!(vm->flags & DRM_XE_VM_CREATE_FLAG_SCRATCH_PAGE)) ban();
  return nullptr;
}
void* Queue::host_for_plugin(XeLaunch* l, uint64_t va, uint64_t n) {
  return ((Queue*)l->self)->host(va, n, l->name);
}

void Queue::walk(const uint32_t* d) {
  uint64_t isa = (instructions + (d[19] & ~63u)) & address_mask;
  const KnownKernel* k = nullptr;
  Piece p;
  uint64_t start;
  if (vm->find(isa, p, start)) {
    std::vector<uint8_t> code(std::min<uint64_t>(64 << 10, p.end - isa));
    if (read_gpu(isa, code.data(), code.size(), "kernel"))
      k = known_kernels().identify(code.data(), code.size());
  }
  Line l("gpu_walker");
  l.num("card", card)
      .num("queue", id)
      .str("kernel", k ? k->name : "?")
      .raw("groups", "[%u,%u,%u]", d[7], d[8], d[9]);
  if (!k) {
    l.hex("isa", isa);
    return;
  }
  std::vector<uint8_t> ct(k->payload + 64);
  size_t in = (d[4] >> 25) & 1 ? std::min<size_t>(32, ct.size()) : 0;
  memcpy(ct.data(), d + 32, in);
  uint64_t heap = general + (d[3] & ~63u);
  if (k->payload > in && !read_gpu(heap, ct.data() + in, k->payload - in, "arguments")) return;
  XeLaunch L{};
  L.name = k->name.c_str();
  for (int i = 0; i < 3; ++i) {
    L.groups[i] = d[7 + i];
    L.local[i] = ((d[6] >> (10 * i)) & 0x3ff) + 1;
    if (k->local_at >= 0) memcpy(&L.local[i], &ct[k->local_at + 4 * i], 4);
    if (k->offset_at >= 0) memcpy(&L.offset[i], &ct[k->offset_at + 4 * i], 4);
  }
  if (k->local_at < 0 && !d[6]) {  // no local ids: only the number of work-items is known
    uint32_t threads = d[24] & 0x3ff, simd = 8u << (d[4] >> 30);
    L.local[0] = (std::max(threads, 1u) - 1) * simd + __builtin_popcount(d[5]);
  }
  std::map<int, std::vector<uint8_t>> hold;
  std::string shown;
  for (auto& a : k->args) {
    if (a.first >= 64) continue;
    auto& b = hold[a.first];
    for (auto& p : a.second) {
      if (b.size() < p.source + p.size) b.resize(p.source + p.size);
      memcpy(&b[p.source], &ct[p.offset], p.size);
    }
    L.arg[a.first] = b.data();
    L.arg_size[a.first] = b.size();
    L.nargs = std::max(L.nargs, a.first + 1);
    uint64_t v = 0;
    memcpy(&v, b.data(), std::min<size_t>(8, b.size()));
    char t[32];
    snprintf(t, sizeof t, "%s0x%llx", shown.empty() ? "" : ",", (unsigned long long)v);
    shown += t;
  }
  L.self = this;
  L.at = host_for_plugin;
  bool ran = false;
  if (auto* f = (void (*)(XeLaunch*))known_kernels().native(k->name))
    f(&L), ran = true;
  else
    ran = own_kernel(L);
  l.raw("local", "[%u,%u,%u]", L.local[0], L.local[1], L.local[2])
      .str("args", shown)
      .num("ran", ran);
}

}  // namespace zesvm::xe_standin
