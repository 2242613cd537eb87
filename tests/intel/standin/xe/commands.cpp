// The command streamer: fetches commands and does those that matter here.
#include "queue.hpp"

namespace zesvm::xe_standin {
namespace {

// Far more than any batch has: a loop that waits for nothing.
constexpr uint64_t stuck_after = 50'000'000;

uint32_t length_of(uint32_t first) {
  const uint32_t type = first >> 29, op = (first >> 23) & 0x3f;
  if (type == 3 && first >> 16 == 0x6904) return 1;  // pipeline select
  if (type != 0) return (first & 0xff) + 2;
  if (op < 0x10) return 1;
  if (op == 0x20) return (first & 0x3ff) + 2;
  if (op == 0x26) return (first & 0x3f) + 2;
  return (first & 0xff) + 2;
}

}  // namespace

bool Queue::compare(int op, uint64_t memory, uint64_t value) {
  switch (op) {
    case 0: return memory > value;
    case 1: return memory >= value;
    case 2: return memory < value;
    case 3: return memory <= value;
    case 4: return memory == value;
    default: return memory != value;
  }
}

void Queue::run(uint64_t pc) {
  Walk walk;
  walk.next = pc;
  bool skip = false;
  for (uint64_t steps = 0; !banned && !walk.ended; ++steps) {
    if (steps > stuck_after) {
      Line("gpu_stuck").num("card", card).num("queue", id).hex("pc", walk.next);
      return;
    }
    pc = walk.next;
    uint32_t d[64] = {};
    if (!read_gpu(pc, d, 4, "fetch")) return;
    const uint32_t type = d[0] >> 29, op = (d[0] >> 23) & 0x3f, len = length_of(d[0]);
    if (len > 1 && !read_gpu(pc + 4, d + 1, 4 * (std::min<uint32_t>(len, 64) - 1), "fetch")) return;
    if (log_level >= 3)
      Line("gpu_cmd", 3)
          .num("card", card)
          .num("queue", id)
          .hex("pc", pc)
          .hex("dw0", d[0])
          .num("len", len);
    walk.next = pc + 4ull * len;
    if (type == 0 && op == 0x01) {  // set predicate
      const uint32_t mode = d[0] & 0xf, r2 = get(0x23bc), r1 = get(0x2418);
      skip = mode == 1   ? !(r2 & 1)
             : mode == 2 ? (r2 & 1)
             : mode == 3 ? !(r1 & 1)
             : mode == 4 ? (r1 & 1)
                         : mode == 0xf;
      continue;
    }
    if (skip) continue;
    if (type == 0) {
      control(d, op, walk);
      memory(d, op, len);
    } else if (type == 2) {
      blit(d);
    } else if (type == 3) {
      pipe(d);
    } else if (type != 5) {
      Line("gpu_unknown").num("card", card).num("queue", id).hex("pc", pc).hex("dw0", d[0]);
    }
  }
}

void Queue::control(const uint32_t* d, uint32_t op, Walk& walk) {
  const auto end_batch = [&] {
    walk.ended = walk.callers.empty();
    if (walk.ended) return;
    walk.next = walk.callers.back();
    walk.callers.pop_back();
  };
  switch (op) {
    case 0x0a: return end_batch();
    case 0x31:  // batch start
      if ((d[0] >> 22) & 1) walk.callers.push_back(walk.next);
      walk.next = qword(d + 1) & address_mask & ~3ull;
      return;
    case 0x36: {  // conditional end
      uint32_t value = 0;
      read_gpu(qword(d + 2) & ~7ull, &value, 4, "cond end");
      const int how = static_cast<int>((d[0] >> 12) & 7);
      if ((d[0] >> 21) & 1 ? !compare(how, value, d[1]) : value <= d[1]) end_batch();
      return;
    }
    case 0x1c:
      if (!semaphore(d)) walk.ended = true;
      return;
    default: return;
  }
}

void Queue::memory(const uint32_t* d, uint32_t op, uint32_t len) {
  switch (op) {
    case 0x20: {  // store immediate
      write_gpu(qword(d + 1) & ~3ull, d + 3, (d[0] >> 21) & 1 ? 8 : 4, "store imm");
      break;
    }
    case 0x26: {  // flush with post-sync
      const uint32_t kind = (d[0] >> 14) & 3;
      const uint64_t value = kind == 3 ? gpu_ticks() : qword(d + 3);
      if (kind) write_gpu(qword(d + 1) & address_mask & ~7ull, &value, 8, "flush");
      break;
    }
    case 0x22:
      for (uint32_t i = 1; i + 1 < len; i += 2) set(d[i], d[i + 1]);
      break;
    case 0x29: {
      uint32_t value = 0;
      read_gpu(qword(d + 2) & ~3ull, &value, 4, "load reg mem");
      set(d[1], value);
      break;
    }
    case 0x2a: set(d[2], get(d[1])); break;
    case 0x24: {
      const uint32_t value = get(d[1]);
      write_gpu(qword(d + 2) & ~3ull, &value, 4, "store reg mem");
      break;
    }
    case 0x2e: {
      uint32_t value = 0;
      read_gpu(qword(d + 3) & ~3ull, &value, 4, "copy mem mem");
      write_gpu(qword(d + 1) & ~3ull, &value, 4, "copy mem mem");
      break;
    }
    case 0x1a: alu(d + 1, static_cast<int>(len) - 1); break;
    case 0x2f: atomic(d, len); break;
    default: break;
  }
}

void Queue::atomic(const uint32_t* d, uint32_t len) {
  const uint32_t kind = (d[0] >> 8) & 0xff;
  const size_t size = (kind & 0x60) == 0x20 ? 8 : 4;
  const uint64_t at = qword(d + 1) & ~3ull;
  const uint64_t operand = len > 3 ? d[3] | static_cast<uint64_t>(d[5]) << 32 : gpr(0);
  uint64_t value = 0;
  read_gpu(at, &value, size, "atomic");
  switch (kind & 0x1f) {
    case 1: value &= operand; break;
    case 2: value |= operand; break;
    case 3: value ^= operand; break;
    case 4: value = operand; break;
    case 5: ++value; break;
    case 6: --value; break;
    case 7: value += operand; break;
    case 8: value -= operand; break;
    default: Line("gpu_unknown_atomic").num("card", card).hex("op", kind);
  }
  write_gpu(at, &value, size, "atomic");
}

bool Queue::semaphore(const uint32_t* d) {
  const uint64_t at = qword(d + 2) & ~3ull;
  const uint64_t wanted = (d[0] >> 17) & 1 ? static_cast<uint32_t>(gpr(0)) : d[1];
  const int how = static_cast<int>((d[0] >> 12) & 7);
  for (uint64_t spin = 0;; ++spin) {
    uint32_t value = 0;
    if ((d[0] >> 16) & 1)
      value = get(static_cast<uint32_t>(at));
    else if (!read_gpu(at, &value, 4, "semaphore"))
      return false;
    if (compare(how, value, wanted)) return true;
    {
      const std::lock_guard guard{m};
      if (stop) return false;
    }
    usleep(spin < 200 ? 5 : 100);
  }
}

void Queue::pipe(const uint32_t* d) {
  if (d[0] >> 16 == 0x7a00) {  // pipe control
    const uint32_t kind = (d[1] >> 14) & 3;
    const uint64_t value = kind == 3 ? gpu_ticks() : qword(d + 4);
    const uint64_t at = (d[2] & ~3u) | static_cast<uint64_t>(d[3]) << 32;
    if (kind == 1 || kind == 3) write_gpu(at, &value, 8, "pipe control");
  } else if (d[0] >> 16 == 0x6101) {  // base addresses
    if (d[1] & 1) general = qword(d + 1) & address_mask & ~0xfffull;
    if (d[10] & 1) instructions = qword(d + 10) & address_mask & ~0xfffull;
  } else if ((d[0] & 0xfffc0000u) == 0x72080000u) {  // compute walker
    walk(d);
    const uint32_t* const post = d + 27;
    const uint64_t value = qword(post + 3);
    if (banned) return;
    if ((post[0] & 3) == 1)
      write_gpu(qword(post + 1), &value, 8, "walker");
    else if ((post[0] & 3) == 3)
      timestamps(qword(post + 1));
  }
}

// What a walker writes at its end: context start, global start, context end, global end.
void Queue::timestamps(uint64_t va) {
  const uint64_t ticks = gpu_ticks();
  const uint64_t value[4] = {ticks, ticks, ticks + 1, ticks + 1};
  write_gpu(va, value, sizeof value, "walker timestamp");
}

}  // namespace zesvm::xe_standin
