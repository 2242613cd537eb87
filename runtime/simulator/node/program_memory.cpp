#include "simulator/node/program_memory.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/node/node_state.hpp"

namespace zesvm::simulator::node {

namespace {

/// Adopted at once: the largest chunk that moves.
constexpr Bytes chunk_size = 2_MiB;

/// Address space only, until used.
constexpr Bytes file_size = 16_GiB;

/// Heaps of the C library's threads begin at multiples of this.
constexpr Bytes thread_heap_alignment = 64_MiB;

/// What lies inaccessible below a stack is no larger; larger gaps are somebody's reservations.
constexpr Bytes largest_guard = 1_MiB;

/// The size of thread stacks: what is so near above a guard page may be one.
Bytes stack_size() {
  pthread_attr_t attributes;
  std::size_t size = std::size_t{8} << 20;
  if (::pthread_getattr_default_np(&attributes) == 0) {
    ::pthread_attr_getstacksize(&attributes, &size);
    ::pthread_attr_destroy(&attributes);
  }
  return align_up(Bytes{size}, cpu_page);
}

/// Copies one page whatever it holds: an address sanitizer would find the gaps between the program's
/// allocations if memcpy read them.
void copy_page(void* to, const void* from) {
  std::size_t size = cpu_page.count;
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

/// Copies the pages of `from` that exist; the others read as zeros on both sides.
Status copy_present_pages(Interval from, std::byte* to) {
  UniqueFd pagemap{::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  std::array<std::uint64_t, 512> entries;
  const std::uint64_t first = from.begin.value / cpu_page.count;
  const std::uint64_t pages = from.size() / cpu_page;
  for (std::uint64_t done = 0; done < pages;) {
    const std::uint64_t part = std::min<std::uint64_t>(pages - done, entries.size());
    const auto bytes = static_cast<ssize_t>(part * sizeof entries[0]);
    const bool is_known =
        pagemap.is_open() && ::pread(pagemap.get(), entries.data(), static_cast<std::size_t>(bytes),
                                     static_cast<off_t>((first + done) * 8)) == bytes;
    for (std::uint64_t i = 0; i < part; ++i, ++done) {
      // Bits 63 and 62: in memory, swapped out.
      if (is_known && (entries[i] >> 62) == 0) continue;
      const Bytes at = cpu_page * done;
      copy_page(to + at.count, pointer_to(from.begin + at));
    }
  }
  return Status::ok;
}

}  // namespace

Result<ProgramMemory::Found> ProgramMemory::look_up(Address where) {
  ProcessMaps maps;
  ProcessMap before;
  while (const auto map = maps.next()) {
    if (!map->interval.contains(where)) {
      if (map->interval.begin > where) break;
      before = *map;
      continue;
    }
    Found found{*map};
    const bool follows = before.interval.end == map->interval.begin;
    found.is_stack_below = follows && before.is_anonymous() && before.is_inaccessible() &&
                           before.interval.size() <= largest_guard;
    const auto after = maps.next();
    const bool is_thread_heap = is_aligned(map->interval.begin, thread_heap_alignment) && after &&
                                after->interval.begin == map->interval.end &&
                                after->is_inaccessible();
    // Memory right behind a file's is the zeroed data of a library or of the program.
    const bool is_behind_file = follows && before.inode != 0 && before.is_private;
    found.may_migrate = map->is_anonymous() && !is_thread_heap && !is_behind_file;
    return found;
  }
  return Status::not_mapped;
}

Status ProgramMemory::adopt(Address where) {
  const Lock guard{lock_};
  if (node_.memory.find(where)) return Status::ok;
  ZESVM_TRY_ASSIGN(found, look_up(where));
  const ProcessMap& map = found.map;
  const bool is_heap = std::strcmp(map.label.data(), "[heap]") == 0;
  if (!map.is_private || !map.is_readable || !map.is_writable || !(map.is_anonymous() || is_heap)) {
    return Status::permission_denied;
  }
  Interval usable = map.interval;
  if (found.is_stack_below) {
    usable.begin = std::min(usable.begin + stack_size(), usable.end);
  }
  // Pieces are disjoint: what is between two of them may be adopted later, in a smaller one.
  Interval piece = Interval::chunk_at(where, chunk_size).intersection(usable);
  for (const NodeMapping& other : node_.memory.all_in(piece)) {
    if (other.interval.end <= where) piece.begin = std::max(piece.begin, other.interval.end);
    if (other.interval.begin > where) piece.end = std::min(piece.end, other.interval.begin);
  }
  if (!piece.contains(where)) return Status::permission_denied;
  return take(piece, found);
}

Result<ProgramMemory::Piece> ProgramMemory::file_space(Interval piece) {
  // Aligned as the memory is, so that huge pages and neighbouring pieces fit together.
  const Bytes skew = (piece.begin - Address{}) % chunk_size;
  if (files_.empty() || file_size - used_of_last_ < chunk_size * 2) {
    SharedFile file;
    ZESVM_TRY_ASSIGN(memory, MemoryFile::create("zesvm-program", file_size));
    file.memory = std::move(memory);
    ZESVM_TRY(node_.share(file));
    files_.push_back(std::move(file));
    used_of_last_ = {};
  }
  Bytes offset = align_down(used_of_last_, chunk_size) + skew;
  if (offset < used_of_last_) offset += chunk_size;
  used_of_last_ = offset + piece.size();
  return Piece{piece, files_.size() - 1, offset};
}

Status ProgramMemory::freeze_and_replace(const Piece& piece) {
  void* const address = pointer_to(piece.interval.begin);
  const std::size_t size = piece.interval.size().count;
  const SharedFile& file = files_[piece.file];
  // From here until it is replaced, threads that write there wait in wait_until_accessible(). (G2)
  if (::mprotect(address, size, PROT_READ) != 0) return Status::out_of_host_memory;
  const Status copied = copy_present_pages(piece.interval, file.memory.at(piece.offset));
  if (copied == Status::ok &&
      ::mmap(address, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED,
             file.memory.descriptor(), static_cast<off_t>(piece.offset.count)) != MAP_FAILED) {
    return Status::ok;
  }
  ::mprotect(address, size, PROT_READ | PROT_WRITE);
  return Status::out_of_host_memory;
}

Status ProgramMemory::take(Interval interval, const Found& found) {
  ZESVM_TRY_ASSIGN(piece, file_space(interval));
  pieces_.reserve(pieces_.size() + 1);
  node_.cpu_faults->watch(interval);
  ZESVM_TRY(freeze_and_replace(piece));
  pieces_.push_back(piece);
  node_.memory.know({.interval = interval,
                     .kind = MemoryKind::shared,
                     .is_migratable = found.may_migrate,
                     .is_programs = true,
                     .file = &files_[piece.file],
                     .file_offset = piece.offset});
  return Status::ok;
}

void ProgramMemory::adopt_all(Interval interval) {
  for (Address where = interval.begin; where < interval.end;) {
    // What cannot be adopted is found out again by the fault on it, and reported there.
    if (adopt(where) != Status::ok) {
      where = align_down(where, chunk_size) + chunk_size;
      continue;
    }
    const auto mapping = node_.memory.find(where);
    where = mapping ? mapping->interval.end : where + cpu_page;
  }
}

bool ProgramMemory::wait_until_accessible(Address where) {
  const Lock guard{lock_};
  const auto found = look_up(where);
  return found.has_value() && found->map.is_readable && found->map.is_writable;
}

std::vector<Interval> ProgramMemory::what_is_left(const Piece& piece) const {
  struct stat file {};
  ::fstat(files_[piece.file].memory.descriptor(), &file);
  std::vector<Interval> left;
  ProcessMaps maps;
  while (const auto map = maps.next()) {
    const Interval part = map->interval.intersection(piece.interval);
    if (part.is_empty() || map->inode != file.st_ino || map->is_private) continue;
    const Bytes offset = map->file_offset + (part.begin - map->interval.begin);
    if (offset == piece.offset + (part.begin - piece.interval.begin)) left.push_back(part);
  }
  return left;
}

bool ProgramMemory::is_whole(const Piece& piece, const std::vector<ProcessMap>& ours) const {
  struct stat file {};
  ::fstat(files_[piece.file].memory.descriptor(), &file);
  Address reached = piece.interval.begin;
  for (const ProcessMap& map : ours) {
    if (!map.interval.contains(reached)) continue;
    const Bytes offset = map.file_offset + (reached - map.interval.begin);
    if (map.inode != file.st_ino || offset != piece.offset + (reached - piece.interval.begin)) {
      return false;
    }
    reached = map.interval.end;
    if (reached >= piece.interval.end) return true;
  }
  return false;
}

void ProgramMemory::restore(const Piece& piece, Interval part) {
  const std::size_t size = part.size().count;
  void* const address = pointer_to(part.begin);
  void* const copy =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // Without memory for a copy it stays what it is: the program's still, and the file's.
  if (copy == MAP_FAILED) return;
  const MemoryFile& memory = files_[piece.file].memory;
  const Bytes offset = piece.offset + (part.begin - piece.interval.begin);
  // Frozen from here on, as in freeze_and_replace(). (G2)
  if (::mprotect(address, size, PROT_READ) != 0) {
    ::munmap(copy, size);
    return;
  }
  for (Bytes at; at < part.size(); at += cpu_page) {
    if (!memory.has_page(offset + at, cpu_page)) continue;
    std::memcpy(static_cast<std::byte*>(copy) + at.count, memory.at(offset + at), cpu_page.count);
  }
  if (::mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, address) == MAP_FAILED) {
    ::mprotect(address, size, PROT_READ | PROT_WRITE);
    ::munmap(copy, size);
    return;
  }
  memory.punch(offset, part.size());
}

void ProgramMemory::give_back(const Piece& piece) {
  // What cannot be saved stays in VRAM, and the program's access to it ends with the node.
  if (node_.space->migrate_to_system(piece.interval, pagemap::Cause::unmap).status() !=
      Status::ok) {
    return;
  }
  node_.memory.forget(piece.interval.begin);
  { const svm::Invalidation gone{*node_.space, piece.interval, svm::Event::unmap}; }
  node_.space->collect_unmapped();
  for (const Interval part : what_is_left(piece)) restore(piece, part);
}

void ProgramMemory::notice_unmapped() {
  const Lock guard{lock_};
  if (pieces_.empty()) return;
  std::vector<ProcessMap> ours;
  ProcessMaps maps;
  while (const auto map = maps.next()) {
    if (std::strstr(map->label.data(), "zesvm-program") != nullptr) ours.push_back(*map);
  }
  for (std::size_t i = 0; i < pieces_.size();) {
    if (is_whole(pieces_[i], ours)) {
      ++i;
      continue;
    }
    give_back(pieces_[i]);
    pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void ProgramMemory::release_all() {
  const Lock guard{lock_};
  for (const Piece& piece : pieces_) give_back(piece);
  pieces_.clear();
}

}  // namespace zesvm::simulator::node
