#include "simulator/tile/device/mapping_table.hpp"

#include <cerrno>

namespace zesvm::simulator::tile::device {
namespace {

constexpr Bytes scratch_chunk = 2_MiB;
constexpr int reserve_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

bool is_page_interval(Interval interval) {
  return interval.begin < interval.end && is_aligned(interval.begin, cpu_page) &&
         is_aligned(interval.end, cpu_page);
}

// Takes addresses that nothing of this process uses; false when something does.
bool take_addresses(Interval interval) {
  void* at = ::mmap(pointer_to<void>(interval.begin), interval.size().count, PROT_NONE,
                    reserve_flags | MAP_FIXED_NOREPLACE, -1, 0);
  if (at == pointer_to<void>(interval.begin)) return true;
  // A kernel that does not know the flag takes the address as a wish.
  if (at != MAP_FAILED) ::munmap(at, interval.size().count);
  return false;
}

int protection_of(Rights rights) {
  return rights == Rights::read ? PROT_READ : PROT_READ | PROT_WRITE;
}

}  // namespace

Status MappingTable::reserve(Interval window) {
  if (!is_page_interval(window)) return Status::invalid_argument;
  const std::lock_guard guard{lock_};
  if (covers(window)) return Status::ok;
  if (!take_addresses(window)) return Status::busy;
  if (probe_offset_.count != 0) {
    const Interval shadow{window.begin - probe_offset_, window.end - probe_offset_};
    if (window.begin.value < probe_offset_.count || !take_addresses(shadow)) {
      ::munmap(pointer_to<void>(window.begin), window.size().count);
      return Status::busy;
    }
  }
  windows_.emplace(window.begin, window.end);
  return Status::ok;
}

Status MappingTable::release(Interval window) {
  const std::lock_guard guard{lock_};
  const auto found = windows_.find(window.begin);
  if (found == windows_.end() || found->second != window.end) return Status::invalid_argument;
  windows_.erase(found);
  forget(window);
  forget_scratch(window);
  ::munmap(pointer_to<void>(window.begin), window.size().count);
  if (probe_offset_.count != 0)
    ::munmap(pointer_to<void>(window.begin - probe_offset_), window.size().count);
  return Status::ok;
}

Status MappingTable::add_file(FileId id, UniqueFd descriptor, Bytes size) {
  const std::lock_guard guard{lock_};
  files_[id.value] = std::make_shared<File>(File{std::move(descriptor), size});
  return Status::ok;
}

Status MappingTable::remove_file(FileId id) {
  const std::lock_guard guard{lock_};
  return files_.erase(id.value) != 0 ? Status::ok : Status::invalid_argument;
}

Status MappingTable::bind(const Binding& binding) {
  const std::lock_guard guard{lock_};
  if (const Status status = check(binding); status != Status::ok) return status;
  const Interval interval = binding.interval;
  forget(interval);
  forget_scratch(interval);
  const Piece piece{interval.end, files_.at(binding.file.value), binding.offset, binding.rights};
  const Status status =
      show(interval.begin, piece, binding.populate == Populate::now ? MAP_POPULATE : 0);
  if (status != Status::ok) {
    show_nothing(interval);
    return status;
  }
  pieces_.emplace(interval.begin, piece);
  return Status::ok;
}

Status MappingTable::unbind(Interval interval) {
  if (interval.is_empty()) return Status::ok;
  if (!is_page_interval(interval)) return Status::invalid_argument;
  const std::lock_guard guard{lock_};
  auto window = windows_.upper_bound(interval.begin);
  if (window != windows_.begin()) --window;
  for (; window != windows_.end() && window->first < interval.end; ++window) {
    const Interval part = interval.intersection({window->first, window->second});
    if (part.is_empty()) continue;
    forget(part);
    forget_scratch(part);
    show_nothing(part);
  }
  return Status::ok;
}

bool MappingTable::is_in_window(Address where) {
  const std::lock_guard guard{lock_};
  return covers({where, where + 1_B});
}

std::optional<Address> MappingTable::probed_address(Address where) {
  if (probe_offset_.count == 0) return std::nullopt;
  const Address real = where + probe_offset_;
  if (!is_in_window(real)) return std::nullopt;
  return real;
}

std::optional<Address> MappingTable::probed_outside(Address where) const {
  constexpr Address end_of_programs{std::uint64_t{1} << 47};
  if (probe_offset_.count == 0 || where >= end_of_programs - probe_offset_) return std::nullopt;
  return where + probe_offset_;
}

Status MappingTable::lay_scratch(Address where) {
  const std::lock_guard guard{lock_};
  if (!covers({where, where + 1_B})) return Status::invalid_address;
  const auto next = scratch_.upper_bound(where);
  if (next != scratch_.begin() && std::prev(next)->second > where) return Status::ok;

  const Part part = part_around(where);
  const Interval around = part.interval;
  const int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | (part.file ? 0 : MAP_ANONYMOUS);
  // Whoever is bound here keeps its bytes: writes go to private copies of the pages.
  const void* at =
      ::mmap(pointer_to<void>(around.begin), around.size().count, PROT_READ | PROT_WRITE, flags,
             part.file ? part.file->descriptor.get() : -1, static_cast<off_t>(part.offset.count));
  forget_scratch(around);
  if (at == MAP_FAILED) return Status::out_of_host_memory;
  set_probe(around, PROT_READ);
  scratch_[around.begin] = around.end;
  return Status::ok;
}

void MappingTable::clear_scratch() {
  const std::lock_guard guard{lock_};
  for (const auto& [begin, end] : scratch_) show_again({begin, end});
  scratch_.clear();
}

bool MappingTable::covers(Interval interval) const {
  auto window = windows_.upper_bound(interval.begin);
  if (window == windows_.begin()) return false;
  --window;
  Address covered = window->second;
  if (covered <= interval.begin) return false;
  while (covered < interval.end && ++window != windows_.end() && window->first == covered)
    covered = window->second;
  return covered >= interval.end;
}

Status MappingTable::check(const Binding& binding) const {
  const Interval interval = binding.interval;
  if (!is_page_interval(interval) || !is_aligned(binding.offset, cpu_page))
    return Status::invalid_argument;
  if (!covers(interval)) return Status::invalid_address;
  const auto file = files_.find(binding.file.value);
  if (file == files_.end()) return Status::invalid_argument;
  const Bytes size = file->second->size;
  const bool fits = binding.offset <= size && interval.size() <= size - binding.offset;
  return fits ? Status::ok : Status::invalid_argument;
}

Status MappingTable::show(Address begin, const Piece& piece, int populate) const {
  const void* at = ::mmap(pointer_to<void>(begin), (piece.end - begin).count,
                          protection_of(piece.rights), MAP_SHARED | MAP_FIXED | populate,
                          piece.file->descriptor.get(), static_cast<off_t>(piece.offset.count));
  if (at == MAP_FAILED) return Status::map_failed;
  set_probe({begin, piece.end}, piece.rights == Rights::atomic ? PROT_READ : PROT_NONE);
  return Status::ok;
}

void MappingTable::show_nothing(Interval interval) const {
  ::mmap(pointer_to<void>(interval.begin), interval.size().count, PROT_NONE,
         reserve_flags | MAP_FIXED, -1, 0);
  set_probe(interval, PROT_NONE);
}

void MappingTable::show_again(Interval interval) const {
  show_nothing(interval);
  auto at = pieces_.upper_bound(interval.begin);
  if (at != pieces_.begin()) --at;
  for (; at != pieces_.end() && at->first < interval.end; ++at) {
    const Interval part = Interval{at->first, at->second.end}.intersection(interval);
    if (part.is_empty()) continue;
    Piece shown = at->second;
    shown.offset += part.begin - at->first;
    shown.end = part.end;
    static_cast<void>(show(part.begin, shown, 0));
  }
}

void MappingTable::set_probe(Interval interval, int protection) const {
  if (probe_offset_.count == 0) return;
  ::mprotect(pointer_to<void>(interval.begin - probe_offset_), interval.size().count, protection);
}

void MappingTable::forget(Interval interval) {
  auto at = pieces_.upper_bound(interval.begin);
  if (at != pieces_.begin()) --at;
  while (at != pieces_.end() && at->first < interval.end) {
    const Interval whole{at->first, at->second.end};
    if (!whole.overlaps(interval)) {
      ++at;
      continue;
    }
    const Piece piece = at->second;
    at = pieces_.erase(at);
    if (whole.begin < interval.begin)
      pieces_[whole.begin] = {interval.begin, piece.file, piece.offset, piece.rights};
    if (interval.end < whole.end)
      pieces_[interval.end] = {whole.end, piece.file, piece.offset + (interval.end - whole.begin),
                               piece.rights};
  }
}

void MappingTable::forget_scratch(Interval interval) {
  auto at = scratch_.upper_bound(interval.begin);
  if (at != scratch_.begin()) --at;
  while (at != scratch_.end() && at->first < interval.end) {
    const Interval whole{at->first, at->second};
    if (!whole.overlaps(interval)) {
      ++at;
      continue;
    }
    at = scratch_.erase(at);
    if (whole.begin < interval.begin) scratch_[whole.begin] = interval.begin;
    if (interval.end < whole.end) scratch_[interval.end] = whole.end;
  }
}

MappingTable::Part MappingTable::part_around(Address where) const {
  Interval around = Interval::chunk_at(where, scratch_chunk);
  const auto window = std::prev(windows_.upper_bound(where));
  around = around.intersection({window->first, window->second});
  const auto next = pieces_.upper_bound(where);
  if (next != pieces_.end()) around.end = std::min(around.end, next->first);
  if (next == pieces_.begin()) return {around, nullptr, {}};
  const auto& [begin, piece] = *std::prev(next);
  if (piece.end <= where) return {{std::max(around.begin, piece.end), around.end}, nullptr, {}};
  around = around.intersection({begin, piece.end});
  return {around, piece.file, piece.offset + (around.begin - begin)};
}

}  // namespace zesvm::simulator::tile::device
