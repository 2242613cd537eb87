#include "simulator/node/program_memory.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sys/stat.h>
#include <thread>

#include "base/cpu_faults.hpp"
#include "simulator/node/node_state.hpp"
#include "simulator/node/page_moves.hpp"
#include "simulator/node/raw_calls.hpp"
#include "simulator/node/waiting_threads.hpp"
#include "svm/invalidation.hpp"

namespace zesvm::simulator::node {

namespace {

/// Adopted at once: the largest chunk that moves.
constexpr Bytes chunk_size = 2_MiB;

/// Adopted at once where it does not move: system calls that write to a frozen page fail.
constexpr Bytes small_chunk = 64_KiB;

/// Address space only, until used.
constexpr Bytes file_size = 16_GiB;

/// Watched at once: the fault handler looks through all that is.
constexpr Bytes watched_size = 1_GiB;

/// A piece that the program changes again and again between our look and the fault on it.
constexpr int most_adoptions = 100;

/// A block that stays in VRAM for longer, by its time slice or a copy under way, is lost with the
/// change; that is longer than any of these.
constexpr auto patience = std::chrono::seconds{10};

constexpr int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

}  // namespace

namespace {

bool takes_any_pointer(const topology::NodeDescription& node) {
  return std::any_of(node.devices.begin(), node.devices.end(),
                     [](const auto& device) { return device.shared_system; });
}

}  // namespace

topology::NodeDescription with_what_can_be_heard(topology::NodeDescription node) {
  if (!takes_any_pointer(node) || hear_memory_calls()) return node;
  std::fprintf(stderr,
               "zesvm: devices take no pointers of the program: its calls of munmap and the like "
               "cannot be heard of, since its C library or a rule against changing code is in the "
               "way\n");
  for (auto& device : node.devices) device.shared_system = false;
  return node;
}

ProgramMemory::ProgramMemory(NodeState& node) : node_(node) {
  if (takes_any_pointer(node.description)) listen_to_memory_calls(*this);
}

ProgramMemory::~ProgramMemory() { stop_listening(*this); }

Status ProgramMemory::fault(Tile& tile, Address where, svm::Access access) {
  const Unheard own;
  for (int attempt = 0; attempt < most_adoptions; ++attempt) {
    {
      const SharedLock held{lock_};
      if (node_.memory.find(where)) return node_.space->fault(tile.device_id, where, access);
    }
    ZESVM_TRY(adopt(where));
  }
  return Status::busy;
}

Status ProgramMemory::adopt(Address where) {
  const Unheard own;
  const Lock guard{lock_};
  if (node_.memory.find(where)) return Status::ok;
  ZESVM_TRY_ASSIGN(mapping, program_mapping_at(where));
  return mapping.use == Use::file_mapped ? map_file(mapping) : take(where, mapping);
}

void ProgramMemory::adopt_all(Interval interval) {
  for (Address where = interval.begin; where < interval.end;) {
    // What cannot be adopted is found out again by the fault on it, and reported there.
    if (adopt(where) != Status::ok) {
      where = align_down(where, small_chunk) + small_chunk;
      continue;
    }
    const auto mapping = node_.memory.find(where);
    where = mapping ? mapping->interval.end : where + cpu_page;
  }
}

Result<ProgramMemory::Space> ProgramMemory::file_space(Address chunk) {
  if (const auto known = spaces_.find(chunk); known != spaces_.end()) return known->second;
  if (files_.empty() || file_size - used_of_last_ < chunk_size) {
    SharedFile file;
    ZESVM_TRY_ASSIGN(memory, MemoryFile::create("zesvm-program", file_size));
    file.memory = std::move(memory);
    ZESVM_TRY(node_.share(file));
    files_.push_back(std::move(file));
    used_of_last_ = {};
  }
  const Space space{&files_.back(), used_of_last_};
  used_of_last_ += chunk_size;
  spaces_.emplace(chunk, space);
  return space;
}

Status ProgramMemory::take(Address where, const ProgramMapping& mapping) {
  const Bytes size = mapping.use == Use::replaced_and_moved ? chunk_size : small_chunk;
  Interval interval = Interval::chunk_at(where, size).intersection(mapping.usable);
  // Pieces are disjoint: what is between two of them may be adopted later, in a smaller one. (G1)
  const auto next = pieces_.upper_bound(where);
  if (next != pieces_.end()) interval.end = std::min(interval.end, next->first);
  if (next != pieces_.begin()) {
    interval.begin = std::max(interval.begin, std::prev(next)->second.interval.end);
  }
  const Address chunk = align_down(where, chunk_size);
  ZESVM_TRY_ASSIGN(space, file_space(chunk));
  const Piece piece{interval, space.file, space.offset + (interval.begin - chunk), mapping.use,
                    PROT_READ | (mapping.map.is_writable ? PROT_WRITE : 0)};
  watch(interval);
  ZESVM_TRY(replace(piece, mapping.map));
  add(piece);
  return Status::ok;
}

Status ProgramMemory::replace(const Piece& piece, const ProcessMap& map) {
  const MemoryFile& memory = piece.file->memory;
  bool is_replaced = false;
  {
    const CpuFaults::Freeze frozen{piece.interval};  // (G2)
    if (!protect_raw(piece.interval, PROT_READ)) return Status::out_of_host_memory;
    copy_pages(piece.interval, memory.at(piece.offset),
               map.inode == 0 ? Pages::present : Pages::all);
    is_replaced = map_raw(piece.interval, piece.protection, MAP_SHARED | MAP_NORESERVE,
                          memory.descriptor(), piece.offset);
    if (!is_replaced) protect_raw(piece.interval, piece.protection);
  }
  if (!is_replaced) {
    memory.punch(piece.offset, piece.interval.size());
    return Status::out_of_host_memory;
  }
  begin_waits_anew(piece.interval);
  return Status::ok;
}

Status ProgramMemory::map_file(const ProgramMapping& mapping) {
  ZESVM_TRY_ASSIGN(descriptor, open_file_of(mapping.map));
  struct stat file {};
  ::fstat(descriptor.get(), &file);
  Interval interval = mapping.usable;
  const Bytes begin = mapping.map.file_offset;
  // Beyond its end an access ends the process of the tile.
  const Bytes size = align_up(Bytes{static_cast<std::uint64_t>(file.st_size)}, cpu_page);
  if (size <= begin) return Status::permission_denied;
  interval.end = std::min(interval.end, interval.begin + (size - begin));
  ZESVM_TRY_ASSIGN(memory, MemoryFile::adopt(std::move(descriptor), begin, interval.size()));
  SharedFile* const shared = arena_new<SharedFile>();
  if (shared == nullptr) return Status::out_of_host_memory;
  shared->memory = std::move(memory);
  if (const Status status = node_.share(*shared); status != Status::ok) {
    arena_delete(shared);
    return status;
  }
  watch(interval);
  add({interval, shared, begin, Use::file_mapped,
       PROT_READ | (mapping.map.is_writable ? PROT_WRITE : 0)});
  return Status::ok;
}

void ProgramMemory::add(const Piece& piece) {
  pieces_.emplace(piece.interval.begin, piece);
  {
    const std::lock_guard guard{index_lock_};
    index_.emplace(piece.interval.begin, piece.interval.end);
  }
  const PageAccess access =
      (piece.protection & PROT_WRITE) != 0 ? PageAccess::read_write : PageAccess::read_only;
  node_.memory.know({.interval = piece.interval,
                     .kind = MemoryKind::shared,
                     .cpu = access,
                     .tiles = access,
                     .is_migratable = piece.use == Use::replaced_and_moved,
                     .has_atomics_in_place = piece.use == Use::replaced_and_kept,
                     .is_programs = true,
                     .file = piece.file,
                     .file_offset = piece.offset});
}

void ProgramMemory::remove(Address begin) {
  pieces_.erase(begin);
  const std::lock_guard guard{index_lock_};
  index_.erase(begin);
}

void ProgramMemory::watch(Interval interval) {
  for (Address at = align_down(interval.begin, watched_size); at < interval.end;
       at = at + watched_size) {
    if (!watched_.emplace(at, at).second) continue;
    node_.cpu_faults->watch({at, at + watched_size});
  }
}

bool ProgramMemory::wait_until_accessible(Address where) {
  const SharedLock held{lock_};
  return is_accessible(where);
}

ProgramMemory::List<Interval> ProgramMemory::what_is_left(const Piece& piece,
                                                          const List<ProcessMap>& maps) const {
  struct stat file {};
  ::fstat(piece.file->memory.descriptor(), &file);
  List<Interval> left;
  auto map = std::partition_point(maps.begin(), maps.end(), [&](const ProcessMap& each) {
    return each.interval.end <= piece.interval.begin;
  });
  for (; map != maps.end() && map->interval.begin < piece.interval.end; ++map) {
    const Interval part = map->interval.intersection(piece.interval);
    const Bytes offset = map->file_offset + (part.begin - map->interval.begin);
    if (map->inode != file.st_ino || offset != piece.offset + (part.begin - piece.interval.begin))
      continue;
    if (!left.empty() && left.back().end == part.begin) {
      left.back().end = part.end;
    } else {
      left.push_back(part);
    }
  }
  return left;
}

void ProgramMemory::restore(const Piece& piece, Interval part) {
  const MemoryFile& memory = piece.file->memory;
  const Bytes offset = piece.offset + (part.begin - piece.interval.begin);
  const PagesOnTheirWay pages{memory, offset, part};
  {
    const CpuFaults::Freeze frozen{part};  // (G2)
    // A new mapping at the addresses' own place: the kernel makes one of it and its neighbours.
    // Without memory for it the part stays what it is: the program's still, and the file's.
    if (!map_raw(part, PROT_NONE, anonymous, -1, {})) return;
    const bool is_written = pages.write();
    if (!is_written) {
      protect_raw(part, PROT_READ | PROT_WRITE);
      pages.copy();
    }
    protect_raw(part, piece.protection);
  }
  begin_waits_anew(part);
  memory.punch(offset, part.size());
}

bool ProgramMemory::give_back(const Piece& piece, Fate fate) {
  if (piece.use == Use::replaced_and_moved && fate == Fate::kept) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (node_.space->migrate_to_system(piece.interval, pagemap::Cause::unmap).status() !=
           Status::ok) {
      if (std::chrono::steady_clock::now() > limit) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }
  node_.memory.forget(piece.interval.begin);
  { const svm::Invalidation gone{*node_.space, piece.interval, svm::Event::unmap}; }
  node_.space->collect_unmapped();
  if (piece.use == Use::file_mapped) {
    node_.unshare(*piece.file);
    arena_delete(piece.file);
    return true;
  }
  if (fate == Fate::dropped) {
    piece.file->memory.punch(piece.offset, piece.interval.size());
    return true;
  }
  List<ProcessMap> maps;
  for (ProcessMaps all; const auto map = all.next();) {
    if (map->interval.overlaps(piece.interval)) maps.push_back(*map);
  }
  const auto left = what_is_left(piece, maps);
  for (const Interval part : left) restore(piece, part);
  // What went elsewhere with its pages keeps them.
  if (left.size() != 1 || left.front() != piece.interval)
    spaces_.erase(align_down(piece.interval.begin, chunk_size));
  return true;
}

void ProgramMemory::give_back_all(Interval interval, Change change) {
  auto at = pieces_.upper_bound(interval.begin);
  if (at != pieces_.begin()) --at;
  while (at != pieces_.end() && at->first < interval.end) {
    const Piece piece = (at++)->second;
    if (!piece.interval.overlaps(interval)) continue;
    const bool is_whole = interval.contains(piece.interval);
    const Fate fate = change == Change::drops && is_whole ? Fate::dropped : Fate::kept;
    if (give_back(piece, fate)) remove(piece.interval.begin);
  }
}

bool ProgramMemory::concerns(Interval interval) noexcept {
  const std::lock_guard guard{index_lock_};
  auto at = index_.upper_bound(interval.begin);
  if (at != index_.begin() && std::prev(at)->second > interval.begin) return true;
  return at != index_.end() && at->first < interval.end;
}

void ProgramMemory::before_change(std::span<const Interval> intervals,
                                  Change change) noexcept ZESVM_NO_THREAD_SAFETY_ANALYSIS {
  lock_.lock();
  for (const Interval interval : intervals) give_back_all(interval, change);
}

void ProgramMemory::after_change() noexcept ZESVM_NO_THREAD_SAFETY_ANALYSIS { lock_.unlock(); }

void ProgramMemory::before_fork() noexcept ZESVM_NO_THREAD_SAFETY_ANALYSIS {
  lock_.lock();
  give_back_all({Address{}, Address{~std::uint64_t{0}}}, Change::keeps);
  // The child must be able to look.
  index_lock_.lock();
}

void ProgramMemory::after_fork() noexcept ZESVM_NO_THREAD_SAFETY_ANALYSIS {
  index_lock_.unlock();
  lock_.unlock();
}

void ProgramMemory::notice_unmapped() {
  const Unheard own;
  const Lock guard{lock_};
  if (pieces_.empty()) return;
  List<ProcessMap> maps;
  for (ProcessMaps all; const auto map = all.next();) {
    const auto next = pieces_.lower_bound(map->interval.end);
    if (next == pieces_.begin()) continue;
    if (std::prev(next)->second.interval.overlaps(map->interval)) maps.push_back(*map);
  }
  for (auto at = pieces_.begin(); at != pieces_.end();) {
    const Piece piece = (at++)->second;
    const auto left = what_is_left(piece, maps);
    if (left.size() == 1 && left.front() == piece.interval) continue;
    if (give_back(piece, Fate::kept)) remove(piece.interval.begin);
  }
}

void ProgramMemory::release_all() {
  const Unheard own;
  const Lock guard{lock_};
  give_back_all({Address{}, Address{~std::uint64_t{0}}}, Change::keeps);
}

}  // namespace zesvm::simulator::node
