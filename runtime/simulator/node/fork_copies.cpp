#include "simulator/node/fork_copies.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <pthread.h>
#include <sys/mman.h>

#include "simulator/node/memory_cursor.hpp"
#include "simulator/node/node_state.hpp"
#include "simulator/node/page_moves.hpp"
#include "simulator/node/raw_calls.hpp"

namespace zesvm::simulator::node {

namespace {

constexpr Interval everything{{0}, {~std::uint64_t{0}}};
constexpr int anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

/// The nodes of this process. Held from before a fork until after it.
std::mutex nodes_lock;
std::vector<ForkCopies*>& nodes() {
  static std::vector<ForkCopies*> all;
  return all;
}

bool is_seen_by_program(const NodeMapping& mapping) {
  return mapping.cpu != PageAccess::none && mapping.file != nullptr && !mapping.is_programs;
}

}  // namespace

/// What is called around a fork.
struct ForkHooks {
  static void before() {
    nodes_lock.lock();
    for (ForkCopies* const node : nodes()) node->make();
  }
  static void in_parent() {
    for (ForkCopies* const node : nodes()) node->drop();
    nodes_lock.unlock();
  }
  static void in_child() {
    for (ForkCopies* const node : nodes()) node->put_in_place();
    nodes_lock.unlock();
  }
};

ForkCopies::ForkCopies(NodeState& node) : node_(node) {
  static std::once_flag once;
  std::call_once(once, [] {
    ::pthread_atfork(&ForkHooks::before, &ForkHooks::in_parent, &ForkHooks::in_child);
  });
  const std::lock_guard guard{nodes_lock};
  nodes().push_back(this);
}

ForkCopies::~ForkCopies() {
  const std::lock_guard guard{nodes_lock};
  nodes().erase(std::find(nodes().begin(), nodes().end(), this));
}

void ForkCopies::make() noexcept {
  // A child's children have what it has.
  if (CpuFaults::is_forked_child()) return;
  try {
    for (const NodeMapping& mapping : node_.memory.all_in(everything)) {
      if (!is_seen_by_program(mapping)) continue;
      Copy copy{mapping.interval, mapping.cpu};
      const Bytes size = mapping.interval.size();
      void* const memory = ::mmap(nullptr, size.count, PROT_READ | PROT_WRITE, anonymous, -1, 0);
      if (memory != MAP_FAILED) copy.memory = static_cast<std::byte*>(memory);
      if (copy.memory != nullptr && !fill(copy, mapping)) {
        ::munmap(memory, size.count);
        copy.memory = nullptr;
      }
      copies_.push_back(copy);
    }
  } catch (const std::bad_alloc&) {
    // What is not in the list is the parent's, as without us.
  }
}

bool ForkCopies::fill(const Copy& copy, const NodeMapping& mapping) {
  MemoryCursor cursor{node_};
  const Interval all = mapping.interval;
  for (Address at = all.begin; at < all.end;) {
    const auto from = cursor.at(at, all.end - at);
    if (!from.has_value()) return false;
    const Bytes size{from->size()};
    std::byte* const to = copy.memory + (at - all.begin).count;
    if (from->data() == mapping.alias_of(at)) {
      // System memory: to read pages that do not exist would make them.
      PagesOnTheirWay{mapping.file->memory, mapping.offset_of(at),
                      Interval{address_of(to), address_of(to) + size}}
          .copy();
    } else {
      std::memcpy(to, from->data(), size.count);
    }
    at = at + size;
  }
  return true;
}

void ForkCopies::put_in_place() noexcept {
  for (const Copy& copy : copies_) {
    const std::size_t size = copy.interval.size().count;
    if (copy.memory == nullptr) {
      map_raw(copy.interval, PROT_NONE, anonymous, -1, {});
      continue;
    }
    ::syscall(SYS_mremap, copy.memory, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
              copy.interval.begin.value);
    if (copy.access == PageAccess::read_only) protect_raw(copy.interval, PROT_READ);
  }
  copies_.clear();
}

void ForkCopies::drop() noexcept {
  for (const Copy& copy : copies_) {
    if (copy.memory != nullptr) ::munmap(copy.memory, copy.interval.size().count);
  }
  copies_.clear();
}

}  // namespace zesvm::simulator::node
