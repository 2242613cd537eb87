/// @file objects.hpp
/// What the imitated kernel driver keeps: cards, buffers, GPU address spaces, open files, sync objects.
///
/// A buffer is a memfd, so that it can be mapped, passed to other processes and told apart by inode.
/// A GPU address space is a map of pieces; a piece shows a buffer, memory of the process somewhere
/// else (userptr), memory of the process at the same address (mirror), or nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <drm/drm.h>
#include <drm/xe_drm.h>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <sys/types.h>
#include <vector>

namespace zesvm::xe_standin {

inline constexpr uint64_t address_mask = (1ull << 48) - 1;

/// An imaginary card.
struct Card {
  int index = 0;
  /// Its PCI address, and its folder below /sys.
  std::string bdf, devpath;
  std::atomic<uint64_t> used_vram{0};
  int render_minor() const { return 128 + index; }
};

/// A buffer object.
struct Buffer {
  uint64_t id = 0;
  int fd = -1;
  ino_t ino = 0;
  uint64_t size = 0;
  /// Bit 0: system memory, bit 1: the card's.
  uint32_t placement = 0;
  Card* card = nullptr;
  uint8_t* map = nullptr;

  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();
  std::string where() const { return placement == 1 ? "sys" : placement & 1 ? "vram|sys" : "vram"; }
  /// Returns its bytes; null when the process has no room to map them.
  uint8_t* bytes();
};
using BufferRef = std::shared_ptr<Buffer>;

/// What a piece of a GPU address space shows.
enum class Kind { bo, userptr, mirror, null };
/// Returns the name of a kind.
const char* kind_name(Kind kind);

/// What madvise sets, per piece of address space.
struct Attributes {
  int32_t loc_fd = DRM_XE_PREFERRED_LOC_DEFAULT_DEVICE;
  uint32_t policy = 0, region = 0, atomic = DRM_XE_ATOMIC_UNDEFINED, pat = 0;
};

/// One contiguous stretch of a GPU address space.
struct Piece {
  uint64_t end = 0;
  Kind kind = Kind::null;
  BufferRef bo;
  /// In the buffer; the CPU address of a userptr.
  uint64_t off = 0;
  uint32_t flags = 0, pat = 0;
  Attributes attr;
};

/// A GPU address space. Its pieces are disjoint; the key is where one begins.
struct Vm {
  uint32_t id = 0, flags = 0;
  std::shared_mutex lock;
  std::map<uint64_t, Piece> pieces;

  /// Makes `at` a border of pieces. Needs the lock.
  void split(uint64_t at);
  /// Removes what is in [begin, end); returns how many pieces that were. Needs the lock.
  size_t remove(uint64_t begin, uint64_t end);
  /// Finds the piece at an address, and where it begins. Takes the lock.
  bool find(uint64_t va, Piece& out, uint64_t& start);
};
using VmRef = std::shared_ptr<Vm>;

struct Queue;
using QueueRef = std::shared_ptr<Queue>;

/// A DRM sync object.
struct SyncObj {
  uint64_t point = 0;
  bool signaled = false;
  int fd = -1;
};
using SyncRef = std::shared_ptr<SyncObj>;

/// An open device file and its handles.
struct File {
  int n = 0;
  Card* card = nullptr;
  std::map<uint32_t, BufferRef> bos;
  std::map<uint32_t, VmRef> vms;
  std::map<uint32_t, QueueRef> queues;
  std::map<uint32_t, SyncRef> syncs;
};

/// Returns the lowest number from `from` that is no key.
template <class Map>
uint32_t lowest_free(const Map& map, uint32_t from = 1) {
  uint32_t id = from;
  for (const auto& entry : map) {
    if (entry.first < from) continue;
    if (entry.first != id) break;
    ++id;
  }
  return id;
}

/// Everything there is. Never destroyed: queue threads may still run while the process exits.
struct State {
  /// Protects all of it but the sync objects.
  std::mutex lock;
  std::vector<std::unique_ptr<Card>> cards;
  std::map<ino_t, std::shared_ptr<File>> files;
  std::map<ino_t, std::weak_ptr<Buffer>> buffers_by_inode;
  std::map<uint64_t, std::weak_ptr<Buffer>> buffers_by_id;
  std::map<ino_t, SyncRef> syncs_by_inode;
  uint64_t next_buffer = 1;
  int next_file = 0;
  /// The folder that stands for / where device files and /sys are asked for.
  std::string root;

  /// Protects the content of sync objects. Taken after `lock`.
  std::mutex sync_lock;
  std::condition_variable sync_changed;
};
State& state();

/// Whether there are cards yet: calls of the C library before that go through unchanged.
extern std::atomic<bool> is_ready;
/// The device number of memfds.
extern dev_t memfd_device;
/// How many queues were banned, ever.
extern std::atomic<uint64_t> banned_queues;

/// Returns the device file behind a descriptor; null when it is none of ours. Takes the lock.
std::shared_ptr<File> file_of(int fd);

}  // namespace zesvm::xe_standin
