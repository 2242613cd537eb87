#include "svm/range_table.hpp"

#include <bit>

#include "base/assert.hpp"

namespace zesvm::svm {

TableShape::TableShape(const std::vector<Bytes>& chunk_sizes, Bytes notifier_size)
    : levels(chunk_sizes.size()) {
  Bytes above = notifier_size;
  for (std::size_t level = 0; level < levels; ++level) {
    const Bytes chunk = chunk_sizes[level];
    slot_shift[level] = static_cast<std::uint8_t>(std::countr_zero(chunk.count));
    slot_mask[level] = above / chunk - 1;
    above = chunk;
  }
}

TablePool::~TablePool() {
  Lock guard{lock_};
  for (std::size_t level = 0; level < shape_.levels; ++level) {
    while (Table* table = free_[level]) {
      free_[level] = table->next_free;
      arena_free(table, bytes(level));
    }
  }
}

Table* TablePool::make(std::size_t level) noexcept {
  {
    Lock guard{lock_};
    in_use_ += Bytes{bytes(level)};
    if (Table* table = free_[level]) {
      free_[level] = table->next_free;
      return table;
    }
  }
  void* memory = arena_allocate(bytes(level));
  if (!memory) return nullptr;
  auto* table = new (memory) Table;
  for (std::uint64_t i = 0; i <= shape_.slot_mask[level]; ++i)
    new (&table->slots[i]) std::atomic<std::uintptr_t>{0};
  return table;
}

void TablePool::take_back(Table* table, std::size_t level) noexcept {
  if (!table) return;
  ZESVM_ASSERT(table->used == 0);
  Lock guard{lock_};
  in_use_ -= Bytes{bytes(level)};
  table->next_free = free_[level];
  free_[level] = table;
}

Bytes TablePool::in_use() const {
  Lock guard{lock_};
  return in_use_;
}

RangeTable::~RangeTable() { pool_.take_back(root_, 0); }

bool RangeTable::is_free(Interval chunk) const noexcept {
  const TableShape& shape = pool_.shape();
  const Table* table = root_;
  for (std::size_t level = 0; level < shape.levels; ++level) {
    const std::uintptr_t slot =
        table->slots[shape.index(level, chunk.begin)].load(std::memory_order_acquire);
    if (slot == 0) return true;
    // RT2: a table below holds some range.
    if ((slot & 1) == 0 || chunk.size().count >> shape.slot_shift[level] != 0) return false;
    table = reinterpret_cast<const Table*>(slot - 1);
  }
  return false;
}

Status RangeTable::insert(Range* range, Interval interval) noexcept {
  const TableShape& shape = pool_.shape();
  Table* table = root_;
  for (std::size_t level = 0; level < shape.levels; ++level) {
    std::atomic<std::uintptr_t>& slot = table->slots[shape.index(level, interval.begin)];
    if (interval.size().count >> shape.slot_shift[level] != 0) {
      ZESVM_ASSERT(slot.load(std::memory_order_relaxed) == 0);
      slot.store(reinterpret_cast<std::uintptr_t>(range), std::memory_order_release);
      ++table->used;
      return Status::ok;
    }
    std::uintptr_t below = slot.load(std::memory_order_relaxed);
    if (below == 0) {
      Table* made = pool_.make(level + 1);
      if (!made) {
        // A table made on the way for nothing would break RT2.
        if (level > 0) erase(root_, 0, interval);
        return Status::out_of_host_memory;
      }
      below = reinterpret_cast<std::uintptr_t>(made) | 1;
      slot.store(below, std::memory_order_release);
      ++table->used;
    }
    table = reinterpret_cast<Table*>(below - 1);
  }
  return Status::invalid_argument;
}

void RangeTable::erase(Interval interval) noexcept { erase(root_, 0, interval); }

bool RangeTable::erase(Table* table, std::size_t level, Interval interval) noexcept {
  std::atomic<std::uintptr_t>& slot = table->slots[pool_.shape().index(level, interval.begin)];
  const std::uintptr_t content = slot.load(std::memory_order_relaxed);
  if (content == 0) return table->used == 0;
  if ((content & 1) != 0) {
    auto* below = reinterpret_cast<Table*>(content - 1);
    if (!erase(below, level + 1, interval)) return false;
    slot.store(0, std::memory_order_release);
    pool_.take_back(below, level + 1);
  } else {
    slot.store(0, std::memory_order_release);
  }
  return --table->used == 0;
}

void RangeTable::check_invariants() const {
  const TableShape& shape = pool_.shape();
  const auto check = [&](const auto& self, const Table* table, std::size_t level) -> void {
    std::uint64_t used = 0;
    for (std::uint64_t i = 0; i <= shape.slot_mask[level]; ++i) {
      const std::uintptr_t slot = table->slots[i].load(std::memory_order_acquire);
      if (slot == 0) continue;
      ++used;
      if ((slot & 1) != 0) {
        self(self, reinterpret_cast<const Table*>(slot - 1), level + 1);
        continue;
      }
      const auto* range = reinterpret_cast<const Range*>(slot);
      ZESVM_ASSERT(range->is_live());
      ZESVM_ASSERT(range->interval().size().count >> shape.slot_shift[level] == 1);  // RT1
      ZESVM_ASSERT(shape.index(level, range->interval().begin) == i);
      (void)range;
    }
    ZESVM_ASSERT(used == table->used && (used > 0 || level == 0));  // RT2
    (void)used;
  };
  if (root_) check(check, root_, 0);
}

}  // namespace zesvm::svm
