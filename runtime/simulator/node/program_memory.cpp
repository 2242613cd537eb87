#include "simulator/node/program_memory.hpp"

#include <algorithm>
#include <cstdio>
#include <sys/stat.h>

#include "base/cpu_faults.hpp"
#include "simulator/node/node_state.hpp"
#include "simulator/node/page_moves.hpp"
#include "simulator/node/raw_calls.hpp"
#include "simulator/node/waiting_threads.hpp"

namespace zesvm::simulator::node {

namespace {

/// Adopted at once where it does not move: system calls that write to a frozen page fail.
constexpr Bytes small_chunk = 64_KiB;

/// Address space only, until used.
constexpr Bytes file_size = 16_GiB;

/// Watched at once: the fault handler looks through all that is.
constexpr Bytes watched_size = 1_GiB;

/// A piece that the program changes again and again between our look and the fault on it.
constexpr int most_adoptions = 100;

}  // namespace

topology::NodeDescription with_what_can_be_heard(topology::NodeDescription node) {
  if (!node.any_takes_program_pointers() || hear_memory_calls()) return node;
  std::fprintf(stderr,
               "zesvm: devices take no pointers of the program: its calls of munmap and the like "
               "cannot be heard of, since its C library or a rule against changing code is in the "
               "way\n");
  for (auto& device : node.devices) device.shared_system = false;
  return node;
}

ProgramMemory::ProgramMemory(NodeState& node) : node_(node) {
  if (!node.description.any_takes_program_pointers()) return;
  listen_to_memory_calls(*this);
  is_listening_ = true;
}

ProgramMemory::~ProgramMemory() { stop_listening(*this); }

Status ProgramMemory::fault(Tile& tile, Address where, svm::Access access) {
  const Unheard own;
  if (has_missed_.exchange(false)) notice_unmapped();
  for (int attempt = 0; attempt < most_adoptions; ++attempt) {
    {
      const SharedLock held{lock_};
      if (node_.memory.find(where)) return node_.space->fault(tile.device_id, where, access);
    }
    ZESVM_TRY(adopt(where));
  }
  return Status::busy;
}

Status ProgramMemory::fault_on_import(Tile& tile, Address where, svm::Access access) {
  return import_at(where) ? fault(tile, where, access) : Status::not_mapped;
}

Status ProgramMemory::adopt(Address where) {
  const Unheard own;
  for (;;) {
    for (int forks = forks_.load(); forks != 0; forks = forks_.load()) forks_.wait(forks);
    const Lock guard{lock_};
    if (forks_.load() != 0) continue;
    if (node_.memory.find(where)) return Status::ok;
    return take(where);
  }
}

Status ProgramMemory::adopt_all(Interval interval) {
  Status result = Status::ok;
  for (Address where = interval.begin; where < interval.end;) {
    if (const Status status = adopt(where); status != Status::ok) {
      if (result == Status::ok) result = status;
      where = align_down(where, small_chunk) + small_chunk;
      continue;
    }
    const auto mapping = node_.memory.find(where);
    where = mapping ? mapping->interval.end : where + cpu_page;
  }
  return result;
}

Status ProgramMemory::import(Interval interval) {
  if (!hear_memory_calls()) return Status::unsupported;
  {
    const Unheard own;
    const Lock guard{lock_};
    if (!is_listening_) listen_to_memory_calls(*this);
    is_listening_ = true;
    ZESVM_TRY(arena_push_back(imports_, interval));
  }
  const Status status = adopt_all(interval);
  if (status != Status::ok) end_import(interval);
  return status;
}

void ProgramMemory::end_import(Interval interval) {
  const Unheard own;
  const Lock guard{lock_};
  const auto ended = std::find(imports_.begin(), imports_.end(), interval);
  if (ended != imports_.end()) imports_.erase(ended);
  // Neighbours that share pages with it are adopted again by their next launch.
  give_back_all(interval, Change::keeps);
}

std::optional<Interval> ProgramMemory::import_at(Address where) {
  const SharedLock held{lock_};
  const auto found = std::find_if(imports_.begin(), imports_.end(),
                                  [&](const Interval& one) { return one.contains(where); });
  return found != imports_.end() ? std::optional{*found} : std::nullopt;
}

bool ProgramMemory::is_ready_for(Interval chunk) const {
  const bool has_room = !files_.empty() && file_size - used_of_last_ >= chunk_size;
  return (has_room || spaces_.contains(chunk.begin)) &&
         watched_.contains(align_down(chunk.begin, watched_size));
}

Status ProgramMemory::get_ready_for(Interval chunk) {
  watch(chunk);
  if (is_ready_for(chunk)) return Status::ok;
  SharedFile file;
  ZESVM_TRY_ASSIGN(memory, MemoryFile::create("zesvm-program", file_size));
  file.memory = std::move(memory);
  ZESVM_TRY(node_.share(file));
  files_.push_back(std::move(file));
  used_of_last_ = {};
  return Status::ok;
}

ProgramMemory::Space ProgramMemory::file_space(Address chunk) {
  if (const auto known = spaces_.find(chunk); known != spaces_.end()) return known->second;
  const Space space{&files_.back(), used_of_last_};
  used_of_last_ += chunk_size;
  spaces_.emplace(chunk, space);
  return space;
}

Interval ProgramMemory::piece_around(Address where, Use use, Interval usable) const {
  const Bytes size = use == Use::replaced_and_moved ? chunk_size : small_chunk;
  Interval interval = Interval::chunk_at(where, size).intersection(usable);
  // Pieces are disjoint: what is between two of them may be adopted later, in a smaller one. (G1)
  const auto next = pieces_.upper_bound(where);
  if (next != pieces_.end()) interval.end = std::min(interval.end, next->first);
  if (next != pieces_.begin()) {
    interval.begin = std::max(interval.begin, std::prev(next)->second.interval.end);
  }
  return interval;
}

Status ProgramMemory::take(Address where) {
  const Interval chunk = Interval::chunk_at(where, chunk_size);
  if (!is_ready_for(chunk)) {
    // Nothing is made for what cannot be taken, and nothing can be made during the look below.
    ZESVM_TRY_ASSIGN(mapping, program_mapping_at(where));
    if (mapping.use == Use::file_mapped) return map_file(where, mapping);
    ZESVM_TRY(get_ready_for(chunk));
  }
  Piece piece;
  std::optional<ProgramMapping> of_file;
  {
    const MappingsStay looked_at;  // (G5)
    ZESVM_TRY_ASSIGN(mapping, program_mapping_at(where));
    if (mapping.use == Use::file_mapped) {
      of_file = mapping;
    } else {
      ZESVM_TRY_ASSIGN(taken, take_private(where, mapping));
      piece = taken;
    }
  }
  if (of_file) return map_file(where, *of_file);
  begin_waits_anew(piece.interval);
  add(piece);
  return Status::ok;
}

Result<ProgramMemory::Piece> ProgramMemory::take_private(Address where,
                                                         const ProgramMapping& mapping) {
  // What is imported stays where it is, and has the atomics of a host allocation.
  const bool may_move = node_.description.any_takes_program_pointers();
  const Use use = may_move ? mapping.use : Use::replaced;
  const Interval interval = piece_around(where, use, mapping.usable);
  const Address chunk = align_down(interval.begin, chunk_size);
  const Space space = file_space(chunk);
  const Piece piece{interval, space.file, space.offset + (interval.begin - chunk), use,
                    PROT_READ | (mapping.map.is_writable ? PROT_WRITE : 0)};
  ZESVM_TRY(replace(piece, mapping.map));
  note_in_index(interval);
  return piece;
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
  return Status::ok;
}

Status ProgramMemory::map_file(Address where, const ProgramMapping& mapping) {
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
  Status status = node_.share(*shared);
  bool is_same = false;
  if (status == Status::ok) {
    const MappingsStay looked_at;  // (G5)
    const auto now = program_mapping_at(where);
    is_same = now && now->map.is_same_as(mapping.map);
    if (is_same) note_in_index(interval);
  }
  if (!is_same) {
    if (status == Status::ok) node_.unshare(*shared);
    arena_delete(shared);
    return status;
  }
  watch(interval);
  add({interval, shared, begin, Use::file_mapped,
       PROT_READ | (mapping.map.is_writable ? PROT_WRITE : 0)});
  return Status::ok;
}

void ProgramMemory::note_in_index(Interval interval) {
  const std::lock_guard guard{index_lock_};
  index_.emplace(interval.begin, interval.end);
}

void ProgramMemory::add(const Piece& piece) {
  pieces_.emplace(piece.interval.begin, piece);
  note_in_node(piece);
}

void ProgramMemory::note_in_node(const Piece& piece) {
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
  // Whoever gives memory back may be waiting for the one who faults. (G8)
  if (is_accessible(where)) return true;
  const SharedLock held{lock_};
  return is_accessible(where);
}

}  // namespace zesvm::simulator::node
