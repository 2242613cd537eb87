#include "objects.hpp"

#include <algorithm>

#include "raw_calls.hpp"

namespace zesvm::xe_standin {

std::atomic<bool> is_ready{false};
dev_t memfd_device = 0;
std::atomic<uint64_t> banned_queues{0};

State& state() {
  static State* const one = new State;
  return *one;
}

Buffer::~Buffer() {
  if (map != nullptr) munmap(map, size);
  if (fd >= 0) syscall(SYS_close, fd);
  if (card != nullptr && (placement & 2) != 0) card->used_vram -= size;
}

uint8_t* Buffer::bytes() {
  static std::mutex mapping;
  const std::lock_guard guard{mapping};
  if (map != nullptr) return map;
  void* const at =
      raw_mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (at != MAP_FAILED) map = static_cast<uint8_t*>(at);
  return map;
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::bo: return "bo";
    case Kind::userptr: return "userptr";
    case Kind::mirror: return "mirror";
    case Kind::null: break;
  }
  return "null";
}

void Vm::split(uint64_t at) {
  auto i = pieces.upper_bound(at);
  if (i == pieces.begin()) return;
  --i;
  if (i->first >= at || i->second.end <= at) return;
  Piece high = i->second;
  if (high.kind == Kind::bo || high.kind == Kind::userptr) high.off += at - i->first;
  i->second.end = at;
  pieces[at] = high;
}

size_t Vm::remove(uint64_t begin, uint64_t end) {
  split(begin);
  split(end);
  const auto first = pieces.lower_bound(begin), last = pieces.lower_bound(end);
  const auto count = static_cast<size_t>(std::distance(first, last));
  pieces.erase(first, last);
  return count;
}

bool Vm::find(uint64_t va, Piece& out, uint64_t& start) {
  const std::shared_lock guard{lock};
  auto i = pieces.upper_bound(va);
  if (i == pieces.begin()) return false;
  --i;
  if (i->second.end <= va) return false;
  out = i->second;
  start = i->first;
  return true;
}

std::shared_ptr<File> file_of(int fd) {
  struct stat status;
  if (!is_ready || fd < 0 || raw_fstat(fd, &status) != 0 || status.st_dev != memfd_device)
    return nullptr;
  const std::lock_guard guard{state().lock};
  const auto found = state().files.find(status.st_ino);
  return found == state().files.end() ? nullptr : found->second;
}

}  // namespace zesvm::xe_standin
