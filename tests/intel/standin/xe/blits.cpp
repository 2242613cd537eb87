#include "queue.hpp"

namespace zesvm::xe_standin {

void Queue::copy(uint64_t dst, uint64_t src, uint64_t n, const char* who) {
  std::vector<uint8_t> t(std::min<uint64_t>(n, 1 << 20));
  while (n) {
    size_t m = std::min<uint64_t>(n, t.size());
    if (!read_gpu(src, t.data(), m, who) || !write_gpu(dst, t.data(), m, who)) return;
    src += m;
    dst += m;
    n -= m;
  }
}

void Queue::blit(const uint32_t* d) {
  uint32_t op = (d[0] >> 22) & 0x7f;
  static const int bytes[8] = {1, 2, 4, 8, 12, 16, 1, 1};
  if (op == 0x5a) {  // linear or matrix copy
    bool matrix = ((d[0] >> 17) & 3) == 1, pages = (d[0] >> 19) & 1;
    uint64_t w = (uint64_t)(d[1] & 0xffffff) + 1, h = matrix ? (uint64_t)(d[2] & 0x3ffff) + 1 : 1;
    uint64_t sp = (uint64_t)(d[3] & 0x3ffff) + 1, dp = (uint64_t)(d[4] & 0x3ffff) + 1,
             s = qword(d + 5), t = qword(d + 7);
    if (pages) w *= 256;
    Line("gpu_mem_copy")
        .num("card", card)
        .num("queue", id)
        .hex("dst", t)
        .hex("src", s)
        .num("width", w)
        .num("height", h);
    for (uint64_t y = 0; y < h; ++y) copy(t + y * dp, s + y * sp, w, "MEM_COPY");
  } else if (op == 0x5b) {  // byte fill
    bool matrix = ((d[0] >> 17) & 3) == 1;
    uint64_t w = (uint64_t)(d[1] & 0xffffff) + 1, h = matrix ? (uint64_t)(d[2] & 0x3ffff) + 1 : 1,
             p = (uint64_t)(d[3] & 0x3ffff) + 1;
    uint64_t t = qword(d + 4);
    Line("gpu_mem_set")
        .num("card", card)
        .num("queue", id)
        .hex("dst", t)
        .num("width", w)
        .num("height", h)
        .hex("byte", d[6] >> 24);
    if (((d[0] >> 19) & 3) == 0) {
      std::vector<uint8_t> v(w, (uint8_t)(d[6] >> 24));
      for (uint64_t y = 0; y < h; ++y) write_gpu(t + y * p, v.data(), w, "MEM_SET");
    }
  } else if (op == 0x44) {  // colour fill
    int bpp = bytes[(d[0] >> 19) & 7];
    uint64_t p = (uint64_t)(d[1] & 0x3ffff) + 1, t = qword(d + 4);
    uint32_t x1 = d[2] & 0xffff, y1 = d[2] >> 16, x2 = d[3] & 0xffff, y2 = d[3] >> 16;
    Line("gpu_fill")
        .num("card", card)
        .num("queue", id)
        .hex("dst", t)
        .num("bpp", bpp)
        .num("w", x2 - x1)
        .num("h", y2 - y1);
    if ((d[1] >> 30) == 0 && x2 > x1) {
      std::vector<uint8_t> v((size_t)(x2 - x1) * bpp);
      for (size_t i = 0; i < v.size(); ++i) v[i] = ((const uint8_t*)(d + 7))[i % bpp];
      for (uint32_t y = y1; y < y2; ++y)
        write_gpu(t + y * p + (uint64_t)x1 * bpp, v.data(), v.size(), "FAST_COLOR");
    }
  } else if (op == 0x41) {  // block copy
    int bpp = bytes[(d[0] >> 19) & 7];
    uint64_t dp = (uint64_t)(d[1] & 0x3ffff) + 1, t = qword(d + 4),
             sp = (uint64_t)(d[8] & 0x3ffff) + 1, s = qword(d + 9);
    uint32_t x1 = d[2] & 0xffff, y1 = d[2] >> 16, x2 = d[3] & 0xffff, y2 = d[3] >> 16,
             sx = d[7] & 0xffff, sy = d[7] >> 16;
    Line("gpu_block_copy")
        .num("card", card)
        .num("queue", id)
        .hex("dst", t)
        .hex("src", s)
        .num("bpp", bpp)
        .num("w", x2 - x1)
        .num("h", y2 - y1);
    if ((d[1] >> 30) == 0 && (d[8] >> 30) == 0 && x2 > x1)
      for (uint32_t y = y1; y < y2; ++y)
        copy(t + y * dp + (uint64_t)x1 * bpp, s + (uint64_t)(sy + y - y1) * sp + (uint64_t)sx * bpp,
             (uint64_t)(x2 - x1) * bpp, "BLOCK_COPY");
  } else
    Line("gpu_unknown_blit").num("card", card).hex("dw0", d[0]);
}

}  // namespace zesvm::xe_standin
