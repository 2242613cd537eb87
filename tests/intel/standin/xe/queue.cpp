#include "queue.hpp"

namespace zesvm::xe_standin {
namespace {

// Words as the card writes them, in one go, since others poll them.
void store(uint8_t* to, const uint8_t* from, size_t size) {
  const auto at = reinterpret_cast<uintptr_t>(to);
  if (size == 8 && at % 8 == 0) {
    uint64_t value;
    std::memcpy(&value, from, 8);
    __atomic_store_n(reinterpret_cast<uint64_t*>(to), value, __ATOMIC_SEQ_CST);
  } else if (size == 4 && at % 4 == 0) {
    uint32_t value;
    std::memcpy(&value, from, 4);
    __atomic_store_n(reinterpret_cast<uint32_t*>(to), value, __ATOMIC_SEQ_CST);
  } else {
    std::memcpy(to, from, size);
  }
}

// Returns why a stretch inside one piece cannot be had; null when it was.
const char* piece_access(Piece& piece, uint64_t start, uint64_t va, uint8_t* buffer, size_t size,
                         Direction direction) {
  if (piece.kind == Kind::bo) {
    uint8_t* const bytes = piece.bo->bytes();
    const uint64_t offset = piece.off + (va - start);
    if (bytes == nullptr || offset + size > piece.bo->size) return "past end of bo";
    if (direction == Direction::write)
      store(bytes + offset, buffer, size);
    else
      std::memcpy(buffer, bytes + offset, size);
    return nullptr;
  }
  if (piece.kind == Kind::null) {
    if (direction == Direction::read) std::memset(buffer, 0, size);
    return nullptr;
  }
  const uint64_t cpu = piece.kind == Kind::mirror ? va : piece.off + (va - start);
  const bool is_there =
      direction == Direction::write ? write_own(cpu, buffer, size) : read_own(cpu, buffer, size);
  return is_there ? nullptr : "no CPU memory there";
}

}  // namespace

bool gpu_access(Vm& vm, uint64_t va, void* buffer, size_t size, Direction direction, int card,
                const char* who) {
  auto* at = static_cast<uint8_t*>(buffer);
  for (va &= address_mask; size > 0;) {
    Piece piece;
    uint64_t start = 0;
    // 1 MiB: what one call for memory of the process should move at most.
    size_t part = std::min<size_t>(size, 1 << 20);
    const char* why = "not mapped";
    if (vm.find(va, piece, start)) {
      part = std::min<uint64_t>(part, piece.end - va);
      why = piece_access(piece, start, va, at, part, direction);
    }
    if (why != nullptr) {
      Line("gpu_fault")
          .num("card", card)
          .num("vm", vm.id)
          .hex("va", va)
          .str("by", who)
          .num("write", direction == Direction::write)
          .str("kind", kind_name(piece.kind))
          .str("why", why);
      if (direction == Direction::read) std::memset(at, 0, size);
      return false;
    }
    va += part;
    at += part;
    size -= part;
  }
  return true;
}

void Queue::push(Job job) {
  const std::lock_guard guard{m};
  jobs.push_back(std::move(job));
  if (!started) {
    started = true;
    th = std::thread([this] { loop(); });
  }
  cv.notify_all();
}

void Queue::finish() {
  {
    const std::lock_guard guard{m};
    stop = true;
    cv.notify_all();
  }
  if (th.joinable()) th.join();
}

void Queue::loop() {
  for (;;) {
    Job job;
    {
      std::unique_lock guard{m};
      cv.wait(guard, [&] { return stop || !jobs.empty(); });
      if (stop) return;
      job = std::move(jobs.front());
      jobs.pop_front();
    }
    run(job.batch);
    if (!banned)
      for (Fence& fence : job.fences) signal(fence);
    Line("gpu_done", 2).num("card", card).num("queue", id).num("seq", static_cast<int>(job.seq));
  }
}

void Queue::signal(Fence& fence) {
  if (fence.type == DRM_XE_SYNC_TYPE_USER_FENCE) {
    uint64_t value = fence.value;
    if (!write_own(fence.addr, &value, 8))
      gpu_access(*vm, fence.addr, &value, 8, Direction::write, card, "exec fence");
  } else if (fence.sync) {
    const std::lock_guard guard{state().sync_lock};
    fence.sync->signaled = true;
    fence.sync->point = std::max(fence.sync->point, fence.value);
    state().sync_changed.notify_all();
  }
}

void Queue::ban() {
  if (banned.exchange(true)) return;
  ++banned_queues;
  Line("queue_banned").num("card", card).num("queue", id);
}

bool Queue::access(uint64_t va, void* buffer, size_t size, Direction direction, const char* who) {
  if (gpu_access(*vm, va, buffer, size, direction, card, who)) return true;
  if ((vm->flags & DRM_XE_VM_CREATE_FLAG_SCRATCH_PAGE) != 0) return true;
  ban();
  return false;
}

uint32_t Queue::key(uint32_t reg) {
  reg &= 0x7ffffc;
  switch (reg & ~0xfffu) {
    case 0:
    case 0x2000:
    case 0x22000:
    case 0x1a000:
    case 0x1c000:
    case 0x1e000:
    case 0x26000: return reg & 0xfff;
    default: return reg;
  }
}

uint32_t Queue::get(uint32_t reg) {
  const uint32_t number = key(reg);
  const uint64_t ticks = gpu_ticks();
  if (number == 0x358 || number == 0x3a8 || number == 0x4c0) return static_cast<uint32_t>(ticks);
  if (number == 0x35c || number == 0x3ac || number == 0x4c4)
    return static_cast<uint32_t>(ticks >> 32);
  const auto found = regs.find(number);
  return found == regs.end() ? 0 : found->second;
}

}  // namespace zesvm::xe_standin
