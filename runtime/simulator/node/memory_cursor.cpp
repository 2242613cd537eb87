#include "simulator/node/memory_cursor.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "simulator/node/node_state.hpp"

namespace zesvm::simulator::node {

namespace {

/// No chunk is larger.
constexpr Bytes step = 2_MiB;

/// A chunk that others keep moving between our look and our hold is tried so many times.
constexpr int attempts = 1000;

}  // namespace

Result<std::span<std::byte>> MemoryCursor::at(Address where, Bytes most) {
  if (!held_.contains(where)) {
    let_go();
    ZESVM_TRY(take(where, most));
  }
  const Bytes size = std::min(most, held_.end - where);
  return std::span{alias_ + (where - held_.begin).count, size.count};
}

void MemoryCursor::let_go() {
  const Interval held = std::exchange(held_, {});
  switch (std::exchange(hold_, Hold::nothing)) {
    case Hold::nothing: break;
    case Hold::vram: node_.space->unpin(held); break;
    case Hold::system: node_.space->release_on_host(held); break;
  }
  if (!kept_.is_empty()) node_.program_memory->let_go(std::exchange(kept_, {}));
}

Result<std::optional<NodeMapping>> MemoryCursor::kept_mapping(Address where) {
  for (;;) {
    const auto before = node_.memory.find(where);
    if (!before || !before->is_programs) return before;
    ZESVM_TRY(node_.program_memory->keep_adopted(before->interval));
    kept_ = before->interval;
    const auto now = node_.memory.find(where);
    if (now && now->interval == kept_) return now;
    // Given back meanwhile: then it is plain memory, or adopted anew.
    node_.program_memory->let_go(std::exchange(kept_, {}));
  }
}

Status MemoryCursor::take(Address where, Bytes most) {
  ZESVM_TRY_ASSIGN(mapping, kept_mapping(where));
  if (!mapping) {
    if (node_.windows->window_at(where) != nullptr) return Status::not_mapped;
    // The program's own memory: it is where it is.
    held_ = {where, where + most};
    alias_ = pointer_to(where);
    return Status::ok;
  }
  const Status status = take_mapped(where, *mapping);
  if (status != Status::ok) let_go();
  return status;
}

Status MemoryCursor::take_mapped(Address where, const NodeMapping& mapping) {
  if (mapping.kind != MemoryKind::shared && mapping.tile && node_.tile(*mapping.tile).is_lost) {
    return Status::device_lost;
  }
  if (mapping.vram) {
    const Bytes at = mapping.vram_offset + (where - mapping.interval.begin);
    const Bytes inside = at % mapping.vram->piece_size;
    const pagemap::Extent& piece = mapping.vram->pieces[at / mapping.vram->piece_size];
    held_ = {where, std::min(where + (mapping.vram->piece_size - inside), mapping.interval.end)};
    alias_ = node_.memory.alias_of(piece) + inside.count;
    return Status::ok;
  }
  if (!mapping.is_migratable) {
    held_ = mapping.interval;
    alias_ = mapping.alias_of(held_.begin);
    return Status::ok;
  }
  return take_movable(where, mapping);
}

std::byte* MemoryCursor::pinned_alias(Interval range) const {
  const svm::Residency now = node_.space->residency(range);
  if (now.chunks.size() != 1 || now.chunks.front().interval != range) return nullptr;
  const svm::ChunkResidency& chunk = now.chunks.front();
  return chunk.pagemap != nullptr ? node_.memory.alias_of(chunk.extent) : nullptr;
}

Status MemoryCursor::hold_in_vram(Interval range) {
  ZESVM_TRY(node_.space->pin(range));
  // Pinned, but perhaps only after it had been moved or split.
  std::byte* const alias = pinned_alias(range);
  if (alias == nullptr) {
    node_.space->unpin(range);
    return Status::busy;
  }
  hold_ = Hold::vram;
  held_ = range;
  alias_ = alias;
  return Status::ok;
}

Status MemoryCursor::take_movable(Address where, const NodeMapping& mapping) {
  svm::AddressSpace& space = *node_.space;
  Status status = Status::busy;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (attempt > 0) std::this_thread::yield();
    const auto range = space.range_at(where);
    if (range && (mapping.kind == MemoryKind::device || pinned_alias(*range) != nullptr)) {
      status = hold_in_vram(*range);
    } else {
      const Interval chunk =
          range ? *range : Interval::chunk_at(where, step).intersection(mapping.interval);
      status = space.hold_on_host(chunk);
      if (status == Status::ok) {
        hold_ = Hold::system;
        held_ = chunk;
        alias_ = mapping.alias_of(chunk.begin);
      }
    }
    if (status != Status::busy) return status;
  }
  return status;
}

}  // namespace zesvm::simulator::node
