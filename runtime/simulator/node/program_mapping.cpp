#include "simulator/node/program_mapping.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <optional>
#include <pthread.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "simulator/node/guard_pages.hpp"
#include "simulator/node/thread_heaps.hpp"
#include "simulator/node/thread_stacks.hpp"
#include "simulator/node/waiting_threads.hpp"

namespace zesvm::simulator::node {
namespace {

/// What lies inaccessible below a stack is no larger; larger gaps are somebody's reservations.
constexpr Bytes largest_guard = 1_MiB;

/// No more than this is adopted at once.
constexpr Bytes largest_piece = 2_MiB;

/// Stacks from before the node that are larger are not looked for: twice the usual size.
constexpr Bytes largest_older_stack = 16_MiB;

/// What the C library keeps for a thread around the address in its descriptor that for_each_thread()
/// gives, when it is not at the end of a stack: the thread's own variables below, the rest above.
struct ThreadData {
  Bytes below = 64_KiB;
  Bytes above = 4_KiB;

  Interval around(Address in_descriptor) const {
    return {align_down(in_descriptor - below, cpu_page), align_up(in_descriptor + above, cpu_page)};
  }
};

/// Asks the C library, as debuggers and sanitizers do; without an answer it is more than most have.
ThreadData ask_for_thread_data() {
  using Ask = void (*)(std::size_t*, std::size_t*);
  const auto ask = reinterpret_cast<Ask>(::dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info"));
  const auto* const descriptor_size =
      static_cast<const std::uint32_t*>(::dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread"));
  void* in_descriptor = nullptr;
  std::size_t size = 0, alignment = 0;
  if (ask == nullptr || descriptor_size == nullptr ||
      ::syscall(SYS_get_robust_list, 0, &in_descriptor, &size) != 0 || in_descriptor == nullptr)
    return {};
  const Bytes into{address_of(in_descriptor).value - ::pthread_self()};
  ask(&size, &alignment);
  if (size < *descriptor_size || into.count > *descriptor_size) return {};
  return {Bytes{size - *descriptor_size} + into, Bytes{*descriptor_size} - into};
}

// Asked for when the library is loaded: the loader of libraries must not be waited for later.
const ThreadData thread_data = ask_for_thread_data();

std::string_view label_of(const ProcessMap& map) { return {map.label.data()}; }

/// The mapping at an address and the one before it.
struct Surroundings {
  ProcessMap before{};
  ProcessMap map{};
  bool is_behind_guard() const {
    return before.interval.end == map.interval.begin && before.is_anonymous() &&
           before.is_inaccessible() && before.interval.size() <= largest_guard;
  }
};

Result<Surroundings> look_once(Address where) {
  ProcessMaps maps;
  Surroundings found;
  while (const auto map = maps.next()) {
    if (map->interval.begin > where) break;
    if (!map->interval.contains(where)) {
      found.before = *map;
      continue;
    }
    found.map = *map;
    return found;
  }
  return Status::not_mapped;
}

Result<Surroundings> look_up(Address where) {
  auto found = look_once(where);
  if (!found) found = look_once(where);  // (PM2)
  return found;
}

/// Cuts away what threads run on: it must be writable at every moment.
void leave_out_threads(ProgramMapping& mapping, Address where, const Surroundings& around) {
  struct Cut {
    Interval whole;
    Interval left;
    Address where;
    bool may_begin_with_stack;
  };
  Interval whole = mapping.usable;
  bool may_begin_with_stack = around.is_behind_guard();
  if (around.map.is_anonymous()) {
    const auto found = between_guards(whole, where, largest_older_stack, largest_piece);
    whole = found.interval;
    may_begin_with_stack = may_begin_with_stack || found.is_behind_guard;
  }
  const Interval beside = without_stacks(whole, where);
  may_begin_with_stack = may_begin_with_stack && beside.begin == whole.begin;
  Cut cut{beside, beside, where, may_begin_with_stack};
  if (may_begin_with_stack) {
    const Bytes searched = std::min(beside.size(), largest_older_stack);
    cut.left.begin = end_of_stack_at_begin({beside.begin, beside.begin + searched});
  }
  for_each_thread(
      [](void* context, int, Address descriptor) {
        Cut& now = *static_cast<Cut*>(context);
        if (!now.whole.contains(descriptor)) return;
        const auto [data, end] = thread_data.around(descriptor);
        const Address begin =
            now.may_begin_with_stack ? now.whole.begin : std::max(data, now.whole.begin);
        if (now.where < begin) now.left.end = std::min(now.left.end, begin);
        if (now.where >= begin)
          now.left.begin = std::max(now.left.begin, std::min(end, now.left.end));
      },
      &cut);
  mapping.usable = cut.left;
}

/// Returns where the program or library that holds an address is loaded, variables included; nothing
/// when it is none's.
std::optional<Interval> object_at(Address where) {
  dl_find_object found{};
  if (::_dl_find_object(pointer_to(where), &found) != 0) return std::nullopt;
  return Interval{address_of(found.dlfo_map_start),
                  align_up(address_of(found.dlfo_map_end), cpu_page)};
}

/// Returns whether it is code that serves faults: this library, the C library, or the one that loads
/// libraries. Without their variables they would fault themselves.
bool serves_faults(Interval object) {
  const std::array<const void*, 3> code{reinterpret_cast<const void*>(&serves_faults),
                                        reinterpret_cast<const void*>(&::mmap),
                                        reinterpret_cast<const void*>(&::_dl_find_object)};
  return std::any_of(code.begin(), code.end(),
                     [&](const void* function) { return object.contains(address_of(function)); });
}

/// Cuts a mapping where variables that no file holds end: the kernel makes one of them and of what
/// else is mapped behind them.
void leave_out_objects(ProgramMapping& mapping, const std::optional<Interval>& object) {
  if (object) {
    mapping.usable = mapping.usable.intersection(*object);
  } else if (const auto before = object_at(mapping.usable.begin)) {
    mapping.usable.begin = std::min(before->end, mapping.usable.end);
  }
}

/// Returns whether a page of the interval is the program's own copy, not the file's page.
bool has_changed_page(Interval interval) {
  const UniqueFd pagemap{::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  constexpr std::uint64_t is_present = std::uint64_t{3} << 62;
  constexpr std::uint64_t is_of_file = std::uint64_t{1} << 61;
  std::array<std::uint64_t, 256> entries;
  for (Address at = interval.begin; at < interval.end;) {
    const std::size_t pages =
        std::min<std::uint64_t>((interval.end - at) / cpu_page, entries.size());
    const std::size_t bytes = pages * sizeof entries[0];
    if (::pread(pagemap.get(), entries.data(), bytes,
                static_cast<off_t>(at.value / cpu_page.count * 8)) != static_cast<ssize_t>(bytes)) {
      return true;
    }
    for (std::size_t i = 0; i < pages; ++i) {
      if ((entries[i] & is_present) != 0 && (entries[i] & is_of_file) == 0) return true;
    }
    at = at + cpu_page * pages;
  }
  return false;
}

Result<UniqueFd> opened_by_name(const char* name, const ProcessMap& map, int flags) {
  UniqueFd file{::open(name, flags)};
  struct stat found {};
  if (!file.is_open() || ::fstat(file.get(), &found) != 0) return Status::permission_denied;
  const bool is_it = found.st_ino == map.inode && found.st_dev == map.device;
  return is_it ? Result<UniqueFd>{std::move(file)} : Status::permission_denied;
}

}  // namespace

void note_threads() {
  for_each_thread(
      [](void*, int, Address descriptor) {
        const auto around = look_up(descriptor);
        if (!around) return;
        const Interval map = around->map.interval;
        const auto guarded = between_guards(map, descriptor, largest_older_stack, cpu_page);
        const auto [data, end] = thread_data.around(descriptor);
        const bool is_behind_guard = around->is_behind_guard() || guarded.is_behind_guard;
        note_stack({is_behind_guard ? guarded.interval.begin : std::max(data, map.begin), end});
      },
      nullptr);
}

Result<ProgramMapping> program_mapping_at(Address where) {
  ZESVM_TRY_ASSIGN(around, look_up(where));
  const ProcessMap& map = around.map;
  ProgramMapping mapping{Use::replaced, map.interval, map};
  const std::string_view label = label_of(map);
  const bool is_special = label.starts_with('[') && label != "[heap]";
  // What is inaccessible to the program is so to tiles. Private /dev/zero is the node's own memory.
  if (!map.is_readable || map.is_executable || is_special ||
      (map.is_private && label == "/dev/zero"))
    return Status::permission_denied;
  if (!map.is_private || (!map.is_writable && !map.is_anonymous())) {
    if (map.inode == 0 || (map.is_private && has_changed_page(map.interval)))
      return Status::permission_denied;
    mapping.use = Use::file_mapped;
    return mapping;
  }
  if (map.is_writable && (map.is_anonymous() || label == "[heap]"))
    mapping.use = Use::replaced_and_kept;
  // What only can be read is few pages, mostly, and needs no place of its own.
  const auto object = object_at(where);
  if (object && serves_faults(*object)) return Status::permission_denied;
  if (map.is_writable && map.is_anonymous() && !object && !is_in_thread_heap(where))
    mapping.use = Use::replaced_and_moved;
  // Pages of a reservation are as large as what is adopted at once, and no smaller.
  if (label.starts_with("/anon_hugepage")) mapping.use = Use::replaced_and_moved;
  leave_out_objects(mapping, object);
  leave_out_threads(mapping, where, around);
  if (!mapping.usable.contains(where)) return Status::permission_denied;
  return mapping;
}

Result<UniqueFd> open_file_of(const ProcessMap& map) {
  const int flags = (map.is_private || !map.is_writable ? O_RDONLY : O_RDWR) | O_CLOEXEC;
  std::array<char, 96> name;
  std::snprintf(name.data(), name.size(), "/proc/self/map_files/%llx-%llx",
                static_cast<unsigned long long>(map.interval.begin.value),
                static_cast<unsigned long long>(map.interval.end.value));
  // Needs a privilege; the kernel says which file it is, so there is nothing to compare.
  if (UniqueFd file{::open(name.data(), flags)}; file.is_open()) return file;
  if (auto file = opened_by_name(map.label.data(), map, flags); file.has_value()) return file;
  // A file without a name may still be open.
  struct stat found {};
  for (int descriptor = 0; descriptor < 4096; ++descriptor) {
    if (::fstat(descriptor, &found) != 0 || found.st_ino != map.inode || found.st_dev != map.device)
      continue;
    std::snprintf(name.data(), name.size(), "/proc/self/fd/%d", descriptor);
    if (auto file = opened_by_name(name.data(), map, flags); file.has_value()) return file;
  }
  return Status::permission_denied;
}

bool is_accessible(Address where) {
  const auto found = look_up(where);
  return found.has_value() && found->map.is_readable && found->map.is_writable;
}

}  // namespace zesvm::simulator::node
