#include "pagemap/buddy_allocator.hpp"

#include <bit>
#include <utility>

#include "base/arena.hpp"
#include "base/assert.hpp"

namespace zesvm::pagemap {
namespace {

constexpr std::uint64_t word_bits = 64;

std::uint64_t bit_of(std::uint64_t index) { return std::uint64_t{1} << (index % word_bits); }

}  // namespace

FreeMap::FreeMap(std::uint64_t size) : size_(size) {
  std::uint64_t bits = size;
  do {
    const std::uint64_t words = (bits + word_bits - 1) / word_bits;
    const std::size_t bytes = words * sizeof(std::uint64_t);
    // Large maps come zeroed and unpopulated from the kernel; small ones may be reused memory.
    auto* memory = static_cast<std::uint64_t*>(arena_allocate(bytes));
    if (!memory) throw std::bad_alloc{};
    if (bytes <= (std::size_t{1} << 20)) std::fill_n(memory, words, std::uint64_t{0});
    levels_.push_back({memory, words});
    bits = words;
  } while (bits > 1);
}

FreeMap::~FreeMap() {
  for (const Level& level : levels_)
    arena_free(level.words, level.word_count * sizeof(std::uint64_t));
}

FreeMap::FreeMap(FreeMap&& other) noexcept
    : levels_(std::move(other.levels_)), size_(other.size_), count_(other.count_) {
  other.levels_.clear();
}

void FreeMap::insert(std::uint64_t member) {
  ZESVM_ASSERT(member < size_ && !contains(member));
  ++count_;
  for (Level& level : levels_) {
    std::uint64_t& word = level.words[member / word_bits];
    const bool had_members = word != 0;
    word |= bit_of(member);
    if (had_members) return;
    member /= word_bits;
  }
}

void FreeMap::erase(std::uint64_t member) {
  ZESVM_ASSERT(contains(member));
  --count_;
  for (Level& level : levels_) {
    std::uint64_t& word = level.words[member / word_bits];
    word &= ~bit_of(member);
    if (word != 0) return;
    member /= word_bits;
  }
}

bool FreeMap::contains(std::uint64_t member) const {
  return member < size_ && (levels_[0].words[member / word_bits] & bit_of(member)) != 0;
}

std::optional<std::uint64_t> FreeMap::least() const {
  if (count_ == 0) return std::nullopt;
  std::uint64_t index = 0;
  for (std::size_t level = levels_.size(); level-- > 0;) {
    const std::uint64_t word = levels_[level].words[index];
    index = index * word_bits + static_cast<std::uint64_t>(std::countr_zero(word));
  }
  return index;
}

BuddyAllocator::BuddyAllocator(Bytes capacity, Bytes unit) : capacity_(capacity), unit_(unit) {
  std::uint64_t units = capacity / unit;
  for (std::uint64_t pieces = units; pieces > 0; pieces /= 2) free_.emplace_back(pieces);
  // A capacity that is no power of two starts as one piece for each of its bits, largest first.
  std::uint64_t at = 0;
  for (unsigned order = static_cast<unsigned>(free_.size()); order-- > 0;) {
    if ((units >> order & 1) == 0) continue;
    free_[order].insert(at >> order);
    at += std::uint64_t{1} << order;
  }
}

std::optional<Bytes> BuddyAllocator::take(unsigned order) {
  for (unsigned from = order; from < free_.size(); ++from) {
    const std::optional<std::uint64_t> found = free_[from].least();
    if (!found) continue;
    std::uint64_t piece = *found;
    free_[from].erase(piece);
    for (unsigned split = from; split > order; --split) {
      piece *= 2;
      free_[split - 1].insert(piece + 1);
    }
    return unit_ * (piece << order);
  }
  return std::nullopt;
}

void BuddyAllocator::give(Bytes offset, unsigned order) {
  std::uint64_t piece = (offset / unit_) >> order;
  while (order + 1 < free_.size() && free_[order].contains(piece ^ 1) &&
         (piece >> 1) < (capacity_ / unit_) >> (order + 1)) {
    free_[order].erase(piece ^ 1);
    piece >>= 1;
    ++order;
  }
  free_[order].insert(piece);
}

unsigned BuddyAllocator::order_for(Bytes size) const {
  const std::uint64_t units = (size.count + unit_.count - 1) / unit_.count;
  return static_cast<unsigned>(std::bit_width(units - 1));
}

Bytes BuddyAllocator::free() const {
  Bytes sum;
  for (unsigned order = 0; order < free_.size(); ++order)
    sum += unit_ * (free_[order].count() << order);
  return sum;
}

void BuddyAllocator::check_invariants() const {
  for (unsigned order = 0; order + 1 < free_.size(); ++order) {
    const std::uint64_t pieces = (capacity_ / unit_) >> order;
    for (std::uint64_t piece = 0; piece < pieces; ++piece) {
      if (!free_[order].contains(piece)) continue;
      const bool merged = !free_[order].contains(piece ^ 1) || (piece | 1) >= pieces;
      ZESVM_ASSERT(merged);  // BA2
      (void)merged;
      for (unsigned above = order + 1; above < free_.size(); ++above)
        ZESVM_ASSERT(!free_[above].contains(piece >> (above - order)));  // BA1
    }
  }
}

}  // namespace zesvm::pagemap
