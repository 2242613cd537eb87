#include "pagemap/pagemap.hpp"

#include <bit>
#include <chrono>

#include "base/assert.hpp"
#include "pagemap/buddy_allocator.hpp"

namespace zesvm::pagemap {
namespace {

std::uint8_t log2_of(Bytes size) {
  return static_cast<std::uint8_t>(std::bit_width(size.count) - 1);
}

}  // namespace

Pagemap::Pagemap(std::uint32_t index, std::string name, Bytes capacity, Bytes smallest_block)
    : index_(index),
      name_(std::move(name)),
      capacity_(capacity),
      smallest_block_(smallest_block),
      space_(std::make_unique<BuddyAllocator>(capacity, smallest_block)) {
  usage_.capacity = capacity;
}

Pagemap::~Pagemap() = default;

Status Pagemap::reserve(Block& block, Bytes size, BlockUser& user, Eviction eviction) noexcept {
  ZESVM_ASSERT(!block.is_lent() && is_power_of_two(size));
  if (size > capacity_) return Status::out_of_device_memory;
  Lock guard{lock_};
  // Each block is asked once at most: one found busy goes to the end of the order of use.
  std::uint64_t victims_left = usage_.blocks + 1;
  Status refused = Status::out_of_device_memory;
  while (true) {
    if (is_closed()) return Status::no_device;
    if (try_lend(block, log2_of(size), user)) return Status::ok;
    if (eviction == Eviction::forbidden || victims_left-- == 0) return refused;
    const Status made = make_room();
    if (made == Status::out_of_device_memory) return refused;
    if (made == Status::busy) refused = Status::busy;
  }
}

Status Pagemap::make_room() noexcept {
  Block* victim = pick_victim();
  if (!victim) {
    // What is on its way arrives and can go then; what is pinned otherwise may stay for long.
    const bool will_change = evictions_running_ > 0 || blocks_in_transit_ > 0;
    return will_change ? Status::busy : Status::out_of_device_memory;
  }
  BlockUser& user = *victim->user_;
  victim->is_victim_ = 1;
  ++evictions_running_;
  Status evicted = Status::ok;
  {
    // The victim's user may give it back, and somebody may even borrow it again, meanwhile.
    Unlocked gap{lock_};
    evicted = user.evict(*victim, Cause::eviction);
  }
  victim->is_victim_ = 0;
  if (--evictions_running_ == 0) room_.notify_all();
  if (evicted == Status::ok) {
    ++usage_.evictions;
  } else if (victim->pagemap() == this) {
    unlink(*victim);
    append(*victim);
  }
  return evicted;
}

Block* Pagemap::pick_victim() noexcept {
  for (Block* block = oldest_; block; block = block->newer_)
    if (block->pins_ == 0 && block->is_victim_ == 0) return block;
  return nullptr;
}

bool Pagemap::try_lend(Block& block, std::uint8_t order, BlockUser& user) noexcept {
  const auto offset = space_->take(space_->order_for({std::uint64_t{1} << order}));
  if (!offset) return false;
  block.user_ = &user;
  block.first_page_ = static_cast<std::uint32_t>(*offset / cpu_page);
  block.order_ = order;
  block.is_victim_ = 0;
  block.pins_ = 1;
  set_in_transit(block);
  block.pagemap_.store(this, std::memory_order_release);
  append(block);
  ++usage_.blocks;
  ++usage_.pinned_blocks;
  usage_.used = capacity_ - space_->free();
  usage_.peak = std::max(usage_.peak, usage_.used);
  return true;
}

void Pagemap::take_place(Block& to, Block& from) noexcept {
  settle(from);
  unlink(from);
  if (from.pins_ > 0) --usage_.pinned_blocks;
  to.user_ = from.user_;
  to.first_page_ = from.first_page_;
  to.order_ = from.order_;
  to.pins_ = 0;
  to.is_victim_ = 0;
  append(to);
  to.pagemap_.store(this, std::memory_order_release);
  from.pins_ = 0;
  from.pagemap_.store(nullptr, std::memory_order_release);
}

Status Pagemap::hand_over(Block& from, Block& to) noexcept {
  Lock guard{lock_};
  ZESVM_ASSERT(from.pagemap() == this && !to.is_lent() && from.pins_ == 1);
  if (is_closed()) return Status::no_device;
  take_place(to, from);
  ++changes_;
  room_.notify_all();
  return Status::ok;
}

Status Pagemap::exchange(Block& lent, Block& outgoing, Block& incoming) noexcept {
  ZESVM_ASSERT(lent.pagemap() == this && !outgoing.is_lent() && incoming.pagemap() != this);
  {
    Lock guard{lock_};
    take_place(outgoing, lent);
    outgoing.pins_ = 1;
    ++usage_.pinned_blocks;
    set_in_transit(outgoing);
  }
  const Status handed = incoming.pagemap()->hand_over(incoming, lent);
  if (handed == Status::ok) return handed;
  // Closed: back to what it was. This pagemap takes its own back even when it is closed itself.
  Lock guard{lock_};
  take_place(lent, outgoing);
  return handed;
}

void Pagemap::release(Block& block) noexcept {
  Lock guard{lock_};
  if (block.pagemap() != this) return;
  settle(block);
  unlink(block);
  const unsigned order = space_->order_for({std::uint64_t{1} << block.order_});
  space_->give({std::uint64_t{block.first_page_} * cpu_page.count}, order);
  --usage_.blocks;
  if (block.pins_ > 0) --usage_.pinned_blocks;
  block.pins_ = 0;
  block.pagemap_.store(nullptr, std::memory_order_release);
  usage_.used = capacity_ - space_->free();
  ++changes_;
  room_.notify_all();
}

void Pagemap::touch(Block& block) noexcept {
  Lock guard{lock_};
  if (block.pagemap() != this || newest_ == &block) return;
  unlink(block);
  append(block);
}

void Pagemap::pin(Block& block) noexcept {
  Lock guard{lock_};
  ZESVM_ASSERT(block.pagemap() == this);
  if (block.pins_++ == 0) ++usage_.pinned_blocks;
}

void Pagemap::unpin(Block& block) noexcept {
  Lock guard{lock_};
  if (block.pagemap() != this || block.pins_ == 0) return;
  settle(block);
  if (--block.pins_ > 0) return;
  --usage_.pinned_blocks;
  ++changes_;
  room_.notify_all();
}

bool Pagemap::is_pinned(const Block& block) const noexcept {
  Lock guard{lock_};
  return block.pagemap() == this && block.pins_ > 0;
}

void Pagemap::wait_for_room() noexcept {
  // Long enough for a copy of the largest chunk; the caller looks again in any case.
  constexpr auto patience = std::chrono::milliseconds{2};
  lock_.lock();
  const std::uint64_t seen = changes_;
  const auto until = std::chrono::steady_clock::now() + patience;
  while (changes_ == seen && room_.wait_until(lock_, until) != std::cv_status::timeout) {
  }
  lock_.unlock();
}

void Pagemap::note_let_go() noexcept {
  Lock guard{lock_};
  ++changes_;
  room_.notify_all();
}

void Pagemap::wait_for_evictions() noexcept {
  lock_.lock();
  while (evictions_running_ > 0) room_.wait(lock_);
  lock_.unlock();
}

void Pagemap::close() noexcept {
  Lock guard{lock_};
  closed_.store(true, std::memory_order_release);
}

PagemapUsage Pagemap::usage() const {
  Lock guard{lock_};
  return usage_;
}

void Pagemap::set_in_transit(Block& block) noexcept {
  block.is_in_transit_ = 1;
  ++blocks_in_transit_;
}

void Pagemap::settle(Block& block) noexcept {
  if (block.is_in_transit_ == 0) return;
  block.is_in_transit_ = 0;
  --blocks_in_transit_;
}

void Pagemap::append(Block& block) noexcept {
  block.older_ = newest_;
  block.newer_ = nullptr;
  (newest_ ? newest_->newer_ : oldest_) = &block;
  newest_ = &block;
}

void Pagemap::unlink(Block& block) noexcept {
  (block.older_ ? block.older_->newer_ : oldest_) = block.newer_;
  (block.newer_ ? block.newer_->older_ : newest_) = block.older_;
  block.older_ = block.newer_ = nullptr;
}

void Pagemap::check_invariants() const {
  Lock guard{lock_};
  Bytes lent;
  std::uint64_t blocks = 0;
  const Block* before = nullptr;
  for (const Block* block = oldest_; block; before = block, block = block->newer_) {
    ZESVM_ASSERT(block->pagemap() == this && block->older_ == before);  // PM2
    lent += std::max(block->extent().size, smallest_block_);
    ++blocks;
  }
  ZESVM_ASSERT(newest_ == before && blocks == usage_.blocks);  // PM2
  ZESVM_ASSERT(lent + space_->free() == capacity_);            // PM1
  ZESVM_ASSERT(lent == usage_.used);
  space_->check_invariants();
}

}  // namespace zesvm::pagemap
