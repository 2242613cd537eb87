#include "svm/range.hpp"

#include "base/assert.hpp"

namespace zesvm::svm {
namespace {

constexpr std::uint32_t free_hold = 0;
constexpr std::uint32_t held = 1;
constexpr std::uint32_t held_and_awaited = 2;

// As many as leave nearly nothing of a size class of the arena idle.
constexpr std::size_t ranges_per_slab = 511;

std::uint64_t load(const std::atomic<std::uint64_t>& word) {
  return word.load(std::memory_order_acquire);
}

}  // namespace

static_assert(sizeof(Range) <= 112, "bookkeeping per range has a goal: 128 bytes with its slot");

Pages Range::pages(DeviceId device) const {
  const Pages first{load(first_pages)};
  if (first.belongs_to(device)) return first;
  PagesArray* more = more_pages.load(std::memory_order_acquire);
  if (!more) return {};
  for (std::uint32_t i = 0; i < more->capacity; ++i) {
    const Pages pages{load(more->words[i])};
    if (!pages.belongs_to(device)) continue;
    // The array may have been another range's by now, to a reader without a lock.
    return more_pages.load(std::memory_order_acquire) == more ? pages : Pages{};
  }
  return {};
}

bool Range::prepare_pages(DeviceId device) {
  const Pages empty{device, 0, pagemap::Protocol::none, 0};
  const auto claim = [&](std::atomic<std::uint64_t>& word) {
    const Pages pages{load(word)};
    if (pages.belongs_to(device)) return true;
    if (pages.has(Pages::used)) return false;
    word.store(empty.word(), std::memory_order_release);
    return true;
  };
  if (Pages{load(first_pages)}.belongs_to(device)) return true;
  PagesArray* more = more_pages.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; more && i < more->capacity; ++i)
    if (Pages{load(more->words[i])}.belongs_to(device)) return true;
  if (claim(first_pages)) return true;
  for (std::uint32_t i = 0; more && i < more->capacity; ++i)
    if (claim(more->words[i])) return true;

  const std::uint32_t capacity = more ? more->capacity * 2 : 2;
  void* memory = arena_allocate(PagesArray::bytes(capacity));
  if (!memory) return false;
  auto* grown = new (memory) PagesArray;
  grown->capacity = capacity;
  for (std::uint32_t i = 0; i < capacity; ++i)
    new (&grown->words[i])
        std::atomic<std::uint64_t>{more && i < more->capacity ? load(more->words[i]) : 0};
  grown->words[more ? more->capacity : 0].store(empty.word(), std::memory_order_relaxed);
  grown->outgrown = more;
  more_pages.store(grown, std::memory_order_release);
  return true;
}

bool Range::set_pages(Pages pages) {
  if (!prepare_pages(pages.device())) return false;
  for_each_pages([&](std::atomic<std::uint64_t>& word) {
    if (Pages{load(word)}.belongs_to(pages.device()))
      word.store(pages.word(), std::memory_order_release);
  });
  return true;
}

struct RangePool::Slab {
  Slab* next = nullptr;
  Range ranges[ranges_per_slab];
};

RangePool::~RangePool() {
  Lock guard{lock_};
  while (Slab* slab = slabs_) {
    slabs_ = slab->next;
    for (Range& range : slab->ranges) {
      PagesArray* array = range.more_pages.load(std::memory_order_relaxed);
      while (array) {
        PagesArray* outgrown = array->outgrown;
        arena_free(array, PagesArray::bytes(array->capacity));
        array = outgrown;
      }
    }
    arena_delete(slab);
  }
}

Range* RangePool::make() noexcept {
  Lock guard{lock_};
  if (!free_) {
    auto* slab = arena_new<Slab>();
    if (!slab) return nullptr;
    slab->next = std::exchange(slabs_, slab);
    // The first range of a slab is the next to go: neighbours in use are neighbours in memory.
    for (std::size_t i = ranges_per_slab; i-- > 0;) {
      slab->ranges[i].next_queued = free_;
      free_ = &slab->ranges[i];
    }
  }
  ++handed_out_;
  Range* range = free_;
  free_ = range->next_queued;
  range->next_queued = nullptr;
  range->flags.store(0, std::memory_order_relaxed);
  range->pins.store(0, std::memory_order_relaxed);
  range->device.store(0, std::memory_order_relaxed);
  range->stays_until.store(0, std::memory_order_relaxed);
  range->first_pages.store(0, std::memory_order_relaxed);
  range->notifier = nullptr;
  range->references.store(1, std::memory_order_release);
  return range;
}

void RangePool::take_back(Range* range) noexcept {
  ZESVM_ASSERT(!range->is_live() && !range->block.is_lent());
  while (DeadPart* part = range->dead) {
    range->dead = part->next;
    arena_delete(part);
  }
  // The array's words are emptied and the array is kept for the next range in this memory.
  range->for_each_pages(
      [](std::atomic<std::uint64_t>& word) { word.store(0, std::memory_order_release); });
  Lock guard{lock_};
  --handed_out_;
  range->next_queued = free_;
  free_ = range;
}

Bytes RangePool::in_use() const {
  Lock guard{lock_};
  return {handed_out_ * sizeof(Range)};
}

RangeRef RangeRef::try_take(Range* range, RangePool& pool) noexcept {
  std::uint32_t count = range->references.load(std::memory_order_relaxed);
  while (count > 0) {
    if (range->references.compare_exchange_weak(count, count + 1, std::memory_order_acquire))
      return {range, pool};
  }
  return {};
}

void RangeRef::reset() noexcept {
  if (!range_) return;
  if (range_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) pool_->take_back(range_);
  range_ = nullptr;
}

RangeHold::RangeHold(Range& range, Wait wait) noexcept {
  std::uint32_t expected = free_hold;
  if (wait == Wait::no) {
    if (!range.hold.compare_exchange_strong(expected, held, std::memory_order_acquire)) return;
    if constexpr (zesvm::detail::checks_lock_order)
      zesvm::detail::note_try_acquire(LockOrder::range);
    range_ = &range;
    return;
  }
  if constexpr (zesvm::detail::checks_lock_order) zesvm::detail::note_acquire(LockOrder::range);
  if (!range.hold.compare_exchange_strong(expected, held, std::memory_order_acquire)) {
    while (range.hold.exchange(held_and_awaited, std::memory_order_acquire) != free_hold)
      range.hold.wait(held_and_awaited, std::memory_order_relaxed);
  }
  range_ = &range;
}

void RangeHold::release() noexcept {
  if (!range_) return;
  if (range_->hold.exchange(free_hold, std::memory_order_release) == held_and_awaited)
    range_->hold.notify_one();
  if constexpr (zesvm::detail::checks_lock_order) zesvm::detail::note_release(LockOrder::range);
  range_ = nullptr;
}

}  // namespace zesvm::svm
