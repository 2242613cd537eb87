// Start and end: the cards that the environment asks for, and what programs can ask (control.hpp).
#include <algorithm>
#include <cstdlib>
#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

#include "control.hpp"
#include "log.hpp"
#include "queue.hpp"
#include "raw_calls.hpp"
#include "settings.hpp"
#include "tree.hpp"

namespace zesvm::xe_standin {
namespace {

void find_memfd_device() {
  const int fd = static_cast<int>(syscall(SYS_memfd_create, "probe", MFD_CLOEXEC));
  struct stat status;
  if (fd >= 0 && raw_fstat(fd, &status) == 0) memfd_device = status.st_dev;
  syscall(SYS_close, fd);
}

void add_card(int index) {
  auto card = std::make_unique<Card>();
  card->index = index;
  const int bus = 3 + 4 * index;
  char text[128];
  std::snprintf(text, sizeof text, "0000:%02x:00.0", bus);
  card->bdf = text;
  std::snprintf(text, sizeof text,
                "devices/pci0000:00/0000:00:%02x.0/0000:%02x:00.0/0000:%02x:01.0/0000:%02x:00.0",
                index + 1, bus - 2, bus - 1, bus);
  card->devpath = text;
  make_tree(*card);
  state().cards.push_back(std::move(card));
}

bool start() {
  open_log();
  const char* const folder = std::getenv("TMPDIR");
  std::string root = folder != nullptr && *folder != '\0' ? folder : "/tmp";
  root += "/xe-standin-XXXXXX";
  // For this user only, and nobody can be there before.
  if (::mkdtemp(root.data()) == nullptr) return false;
  state().root = root;
  const long cards = std::clamp(setting("XE_STANDIN_CARDS", 1), 0l, 8l);
  for (int i = 0; i < cards; ++i) add_card(i);
  find_memfd_device();
  is_ready = true;
  return true;
}

[[maybe_unused]] const bool is_started = start();
const pid_t started_by = getpid();

// Removes what make_tree() made, which is no path outside: links are removed, not followed.
void wipe(const std::string& path) {
  DIR* const folder = ::opendir(path.c_str());
  if (folder == nullptr) return;
  while (const dirent* const entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (entry->d_type == DT_DIR)
      wipe(path + "/" + name);
    else
      ::unlink((path + "/" + name).c_str());
  }
  ::closedir(folder);
  ::rmdir(path.c_str());
}

__attribute__((destructor)) void end() {
  if (!state().root.empty() && getpid() == started_by && setting("XE_STANDIN_KEEP", 0) == 0)
    wipe(state().root);
}

void count(const File& file, XeStandinUse& use) {
  for (const auto& [id, vm] : file.vms) {
    const std::shared_lock guard{vm->lock};
    for (const auto& [begin, piece] : vm->pieces) use.buffer_pieces += piece.kind == Kind::bo;
  }
  use.queues += file.queues.size();
}

uint64_t bound(Vm& vm, uint64_t begin, uint64_t end) {
  const std::shared_lock guard{vm.lock};
  uint64_t bytes = 0;
  for (const auto& [at, piece] : vm.pieces)
    if (piece.kind == Kind::bo && at < end && begin < piece.end)
      bytes += std::min(end, piece.end) - std::max(begin, at);
  return bytes;
}

}  // namespace
}  // namespace zesvm::xe_standin

using namespace zesvm::xe_standin;  // NOLINT: the functions below are the program's

#pragma GCC visibility push(default)
extern "C" {

void xe_standin_fail(const char* call, int error, long skip, long count) {
  plan_failure(call, error, skip, count);
}

long xe_standin_failed(const char* call) { return failures_of(call); }

void xe_standin_mark(const char* text) { Line("mark").str("text", text); }

uint64_t xe_standin_bound(uint64_t begin, uint64_t end) {
  const std::lock_guard guard{state().lock};
  uint64_t bytes = 0;
  for (const auto& [inode, file] : state().files)
    for (const auto& [id, vm] : file->vms) bytes += bound(*vm, begin, end);
  return bytes;
}

void xe_standin_use(XeStandinUse* use) {
  *use = {};
  const std::lock_guard guard{state().lock};
  for (const auto& [id, buffer] : state().buffers_by_id) {
    const auto living = buffer.lock();
    if (!living) continue;
    ++use->buffers;
    if ((living->placement & 2) != 0) use->vram_bytes += living->size;
  }
  for (const auto& [inode, file] : state().files) count(*file, *use);
  use->banned = banned_queues;
}
}
#pragma GCC visibility pop
