#include "ioctls.hpp"

namespace zesvm::xe_standin {

uint64_t vram_bytes() { return (uint64_t)setting("XE_STANDIN_VRAM_MB", 12288) << 20; }
uint64_t sys_bytes() { return (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE); }

template <class T>
void put(std::vector<uint8_t>& v, const T& t) {
  const uint8_t* p = (const uint8_t*)&t;
  v.insert(v.end(), p, p + sizeof t);
}

bool answer(Card* c, uint32_t what, std::vector<uint8_t>& v) {
  switch (what) {
    case DRM_XE_DEVICE_QUERY_CONFIG: {
      uint64_t flags = DRM_XE_QUERY_CONFIG_FLAG_HAS_VRAM | DRM_XE_QUERY_CONFIG_FLAG_HAS_LOW_LATENCY;
      if (!setting("XE_STANDIN_NO_MIRROR", 0) && !setting("XE_STANDIN_NO_FAULT", 0))
        flags |= DRM_XE_QUERY_CONFIG_FLAG_HAS_CPU_ADDR_MIRROR;
      uint64_t info[5] = {(uint64_t)(setting("XE_STANDIN_REVISION", 0) << 16 |
                                     setting("XE_STANDIN_DEVICE", 0xe20b)),
                          flags, 0x1000, 48, 2};
      drm_xe_query_config h{};
      h.num_params = 5;
      put(v, h);
      for (auto x : info) put(v, x);
      return true;
    }
    case DRM_XE_DEVICE_QUERY_MEM_REGIONS: {
      drm_xe_query_mem_regions h{};
      h.num_mem_regions = 2;
      put(v, h);
      drm_xe_mem_region r{};
      r.mem_class = DRM_XE_MEM_REGION_CLASS_SYSMEM;
      r.instance = 0;
      r.min_page_size = 4096;
      r.total_size = sys_bytes();
      put(v, r);
      r = {};
      r.mem_class = DRM_XE_MEM_REGION_CLASS_VRAM;
      r.instance = 1;
      r.min_page_size = 4096;
      r.total_size = r.cpu_visible_size = vram_bytes();
      r.used = r.cpu_visible_used = c->used_vram;
      put(v, r);
      return true;
    }
    case DRM_XE_DEVICE_QUERY_ENGINES: {
      struct {
        uint16_t engine_class, instance, gt;
      } e[] = {{DRM_XE_ENGINE_CLASS_RENDER, 0, 0},       {DRM_XE_ENGINE_CLASS_COPY, 0, 0},
               {DRM_XE_ENGINE_CLASS_COMPUTE, 0, 0},      {DRM_XE_ENGINE_CLASS_VIDEO_DECODE, 0, 1},
               {DRM_XE_ENGINE_CLASS_VIDEO_DECODE, 2, 1}, {DRM_XE_ENGINE_CLASS_VIDEO_ENHANCE, 0, 1},
               {DRM_XE_ENGINE_CLASS_VIDEO_ENHANCE, 1, 1}};
      drm_xe_query_engines h{};
      h.num_engines = sizeof e / sizeof *e;
      put(v, h);
      for (auto& x : e) {
        drm_xe_engine g{};
        g.instance.engine_class = x.engine_class;
        g.instance.engine_instance = x.instance;
        g.instance.gt_id = x.gt;
        put(v, g);
      }
      return true;
    }
    case DRM_XE_DEVICE_QUERY_GT_LIST: {
      drm_xe_query_gt_list h{};
      h.num_gt = 2;
      put(v, h);
      for (int i = 0; i < 2; ++i) {
        drm_xe_gt g{};
        g.type = i ? DRM_XE_QUERY_GT_TYPE_MEDIA : DRM_XE_QUERY_GT_TYPE_MAIN;
        g.gt_id = i;
        g.reference_clock = clock_hz;
        g.near_mem_regions = 2;
        g.far_mem_regions = 1;
        g.ip_ver_major = i ? 13 : 20;
        g.ip_ver_minor = 1;
        g.ip_ver_rev = i ? 0 : 4;
        put(v, g);
      }
      return true;
    }
    case DRM_XE_DEVICE_QUERY_HWCONFIG: {  // key, length in dwords, value
      uint32_t kv[][2] = {{1, 5},  {2, 20}, {3, 8},     {10, 6},   {11, 4},  {15, 8}, {23, 1},
                          {24, 1}, {62, 0}, {64, 1024}, {65, 128}, {70, 20}, {71, 8}, {73, 128}};
      for (auto& x : kv) {
        uint32_t e[3] = {x[0], 1, x[1]};
        put(v, e);
      }
      return true;
    }
    case DRM_XE_DEVICE_QUERY_GT_TOPOLOGY: {
      auto mask = [&](uint16_t gt, uint16_t type, uint32_t n, uint64_t bits) {
        drm_xe_query_topology_mask h{};
        h.gt_id = gt;
        h.type = type;
        h.num_bytes = n;
        put(v, h);
        for (uint32_t i = 0; i < n; ++i) v.push_back(i < 8 ? (uint8_t)(bits >> (8 * i)) : 0);
      };
      mask(0, DRM_XE_TOPO_DSS_GEOMETRY, 16, 0xfffff);  // 5 slices of 4 Xe cores
      mask(0, DRM_XE_TOPO_DSS_COMPUTE, 16, 0xfffff);
      mask(0, DRM_XE_TOPO_L3_BANK, 8, 0x3ffff);
      mask(0, DRM_XE_TOPO_SIMD16_EU_PER_DSS, 4, 0xff);
      return true;
    }
    case DRM_XE_DEVICE_QUERY_OA_UNITS: {
      drm_xe_query_oa_units h{};
      put(v, h);
      return true;
    }
    default: return false;
  }
}

int query(File& f, drm_xe_device_query* q) {
  if (q->query == DRM_XE_DEVICE_QUERY_ENGINE_CYCLES) {
    if (!q->size) {
      q->size = sizeof(drm_xe_query_engine_cycles);
      return 0;
    }
    auto* e = (drm_xe_query_engine_cycles*)q->data;
    timespec t;
    clock_gettime(e->clockid, &t);
    e->width = 64;
    e->engine_cycles = gpu_ticks();
    e->cpu_timestamp = (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
    e->cpu_delta = 100;
    return 0;
  }
  if (q->query == DRM_XE_DEVICE_QUERY_UC_FW_VERSION) {
    if (!q->size) {
      q->size = sizeof(drm_xe_query_uc_fw_version);
      return 0;
    }
    auto* u = (drm_xe_query_uc_fw_version*)q->data;
    u->major_ver = 1;
    u->minor_ver = 20;
    u->patch_ver = 0;
    return 0;
  }
  std::vector<uint8_t> v;
  if (!answer(f.card, q->query, v)) {
    Line("query_refused").num("card", f.card->index).num("query", q->query);
    return q->query == DRM_XE_DEVICE_QUERY_PXP_STATUS || q->query == DRM_XE_DEVICE_QUERY_EU_STALL
               ? ENODEV
               : EINVAL;
  }
  if (!q->size) {
    q->size = v.size();
    return 0;
  }
  if (q->size != v.size()) return EINVAL;
  memcpy((void*)q->data, v.data(), v.size());
  return 0;
}

}  // namespace zesvm::xe_standin
