#include "queue.hpp"

namespace zesvm::xe_standin {

void Queue::alu(const uint32_t* ins, int n) {
  uint64_t a = 0, b = 0, acc = 0;
  bool zf = false, cf = false;
  for (int i = 0; i < n; ++i) {
    uint32_t op = ins[i] >> 20, o1 = (ins[i] >> 10) & 0x3ff, o2 = ins[i] & 0x3ff;
    auto source = [&](uint32_t o) -> uint64_t {
      if (o < 16) return gpr(o);
      if (o == 0x31) return acc;
      if (o == 0x32) return zf ? ~0ull : 0;
      if (o == 0x33) return cf ? ~0ull : 0;
      return o == 0x20 ? a : b;
    };
    auto load = [&](uint64_t v) { (o1 == 0x20 ? a : b) = v; };
    switch (op) {
      case 0x080: load(source(o2)); break;
      case 0x480: load(~source(o2)); break;
      case 0x081: load(0); break;
      case 0x481: load(1); break;
      case 0x082: {
        uint64_t v = 0;
        read_gpu(source(o2), &v, 8, "alu loadind");
        load(v);
        break;
      }
      case 0x100:
        acc = a + b;
        cf = acc < a;
        zf = !acc;
        break;
      case 0x101:
        acc = a - b;
        cf = a < b;
        zf = !acc;
        break;
      case 0x102:
        acc = a & b;
        zf = !acc;
        cf = false;
        break;
      case 0x103:
        acc = a | b;
        zf = !acc;
        cf = false;
        break;
      case 0x104:
        acc = a ^ b;
        zf = !acc;
        cf = false;
        break;
      case 0x105:
        acc = b < 64 ? a << b : 0;
        zf = !acc;
        break;
      case 0x106:
        acc = b < 64 ? a >> b : 0;
        zf = !acc;
        break;
      case 0x180:
        if (o1 < 16) gpr(o1, source(o2));
        break;
      case 0x580:
        if (o1 < 16) gpr(o1, ~source(o2));
        break;
      case 0x181: {
        uint64_t v = source(o2);
        write_gpu(source(o1), &v, 8, "alu storeind");
        break;
      }
      default: break;
    }
  }
}
}  // namespace zesvm::xe_standin
