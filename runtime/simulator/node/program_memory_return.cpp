// ProgramMemory: adopted memory becomes plain memory of the program again.
#include <algorithm>
#include <chrono>
#include <new>
#include <sys/stat.h>
#include <thread>

#include "base/cpu_faults.hpp"
#include "simulator/node/node_state.hpp"
#include "simulator/node/page_moves.hpp"
#include "simulator/node/program_memory.hpp"
#include "simulator/node/raw_calls.hpp"
#include "simulator/node/waiting_threads.hpp"
#include "svm/invalidation.hpp"

namespace zesvm::simulator::node {

namespace {

/// A block that stays in VRAM for longer, by its time slice or a copy under way, is lost with the
/// change; that is longer than any of these.
constexpr auto longest_stay = std::chrono::seconds{10};

/// The kernel leaves out what changes at that moment, once in ten thousand looks where it changes all the
/// time. (PM2)
constexpr int most_looks = 4;

}  // namespace

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

ProgramMemory::List<Interval> ProgramMemory::look_for_what_is_left(const Piece& piece) const {
  List<Interval> left;
  for (int look = 0; look < most_looks && !is_whole(piece, left); ++look) {
    List<ProcessMap> maps;
    for (ProcessMaps all; const auto map = all.next();) {
      if (map->interval.overlaps(piece.interval)) maps.push_back(*map);
    }
    left = what_is_left(piece, maps);
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
    if (!map_raw(part, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, {})) return;
    if (!pages.write() && !pages.put(piece.protection)) {
      // Threads may come upon what is not there yet, but nothing is lost.
      protect_raw(part, PROT_READ | PROT_WRITE);
      pages.copy();
    }
    protect_raw(part, piece.protection);
  }
  memory.punch(offset, part.size());
}

bool ProgramMemory::brought_home(Interval interval) {
  const auto moved = node_.space->migrate_to_system(interval, pagemap::Cause::unmap);
  // What is pinned was left where it is, which is no error.
  return moved && moved->reason == svm::Reason::none;
}

bool ProgramMemory::give_back(const Piece& piece, Fate fate) {
  const auto limit = std::chrono::steady_clock::now() + longest_stay;
  const auto wait = [&] {
    std::this_thread::sleep_for(std::chrono::microseconds{100});
    return std::chrono::steady_clock::now() < limit;
  };
  if (piece.use == Use::replaced_and_moved && fate == Fate::kept) {
    while (!brought_home(piece.interval))
      if (!wait()) return false;
  }
  node_.memory.forget(piece.interval.begin);
  // Who begins to keep it from here on finds it forgotten. (G8)
  while (is_kept_adopted(piece.interval)) {
    if (wait()) continue;
    note_in_node(piece);
    return false;
  }
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
  restore_all(piece);
  return true;
}

void ProgramMemory::restore_all(const Piece& piece) {
  List<Interval> left;
  {
    const MappingsStay looked_at;  // (G5)
    left = look_for_what_is_left(piece);
    for (const Interval part : left) restore(piece, part);
  }
  for (const Interval part : left) begin_waits_anew(part);
  // What went elsewhere with its pages keeps them.
  if (!is_whole(piece, left)) spaces_.erase(align_down(piece.interval.begin, chunk_size));
}

Status ProgramMemory::keep_adopted(Interval interval) {
  const std::lock_guard guard{index_lock_};
  return arena_push_back(kept_adopted_, interval);
}

void ProgramMemory::let_go(Interval interval) {
  const std::lock_guard guard{index_lock_};
  const auto one = std::find(kept_adopted_.begin(), kept_adopted_.end(), interval);
  if (one != kept_adopted_.end()) kept_adopted_.erase(one);
}

bool ProgramMemory::is_kept_adopted(Interval interval) {
  const std::lock_guard guard{index_lock_};
  return std::any_of(kept_adopted_.begin(), kept_adopted_.end(),
                     [&](const Interval& one) { return one.overlaps(interval); });
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

void ProgramMemory::missed_change() noexcept { has_missed_.store(true); }

void ProgramMemory::before_fork() noexcept {
  const Lock guard{lock_};
  forks_.fetch_add(1);
  give_back_all({Address{}, Address{~std::uint64_t{0}}}, Change::keeps);
}

void ProgramMemory::after_fork(ForkSide side) noexcept {
  if (side == ForkSide::parent) {
    forks_.fetch_sub(1);
    forks_.notify_all();
    return;
  }
  // Another thread may have been looking. Nothing was written: there are no pieces.
  new (&index_lock_) std::mutex;
}

ProgramMemory::List<Address> ProgramMemory::changed_pieces() const {
  const MappingsStay looked_at;
  List<ProcessMap> maps;
  for (ProcessMaps all; const auto map = all.next();) {
    const auto next = pieces_.lower_bound(map->interval.end);
    if (next == pieces_.begin()) continue;
    if (std::prev(next)->second.interval.overlaps(map->interval)) maps.push_back(*map);
  }
  List<Address> changed;
  for (const auto& [begin, piece] : pieces_) {
    if (!is_whole(piece, what_is_left(piece, maps))) changed.push_back(begin);
  }
  return changed;
}

void ProgramMemory::notice_unmapped() {
  const Unheard own;
  const Lock guard{lock_};
  if (pieces_.empty()) return;
  for (const Address begin : changed_pieces()) {
    if (give_back(pieces_.at(begin), Fate::kept)) remove(begin);
  }
}

void ProgramMemory::release_all() {
  const Unheard own;
  const Lock guard{lock_};
  give_back_all({Address{}, Address{~std::uint64_t{0}}}, Change::keeps);
}

}  // namespace zesvm::simulator::node
