#include <algorithm>
#include <malloc.h>
#include <memory>
#include <random>

#include "scenarios/failure.hpp"
#include "scenarios/session.hpp"
#include "scenarios/singles.hpp"

namespace zesvm::scenarios {
namespace {

constexpr std::size_t block_bytes = std::size_t{8} << 20;

/// Returns a byte of every page of a block.
Work work_of(std::uint64_t seed) { return {seed % 4096, 4096, block_bytes / 4096, seed}; }

/// A block of plain memory, and what it holds.
struct Block {
  Block(Space& space, Queue& queue, std::uint64_t seed,
        std::unique_ptr<Memory> (*make)(Space&, std::size_t))
      : memory(make(space, block_bytes)), expected(block_bytes) {
    expected.fill(seed);
    memory->write(queue, expected);
  }
  void work(Queue& queue, std::uint64_t seed) {
    const Work work = work_of(seed);
    queue.add_marks(memory->data(), work);
    queue.wait();
    expected.add(work);
  }
  std::unique_ptr<Memory> memory;
  Expected expected;
};

/// One and a half times the VRAM, used twice, in another order the second time.
void overcommit(Space& space, std::uint64_t seed,
                std::unique_ptr<Memory> (*make)(Space&, std::size_t)) {
  Queue queue{space, 0};
  const Session& session = space.session();
  const std::size_t count = session.vram_bytes() / block_bytes * 3 / 2;
  const std::uint64_t before = session.evictions();
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < count; ++i) blocks.emplace_back(space, queue, seed + i, make);
  for (auto& block : blocks) block.work(queue, ++seed);
  std::shuffle(blocks.begin(), blocks.end(), std::mt19937_64{seed});
  for (auto& block : blocks) block.work(queue, ++seed);
  must(session.evictions() > before, count, " blocks of 8 MiB evicted nothing");
  for (auto& block : blocks) block.memory->check(queue, block.expected);
}

void eviction_plain(Space& space, std::uint64_t seed) { overcommit(space, seed, make_plain); }
void eviction_malloc(Space& space, std::uint64_t seed) {
  // The C library raises its limit with what is freed, and takes from its heap what is below: that
  // does not move.
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  overcommit(space, seed, make_malloc);
}

/// Plain memory and device allocations push each other out.
void eviction_mixed(Space& space, std::uint64_t seed) {
  Queue queue{space, 0};
  const std::size_t count = space.session().vram_bytes() / block_bytes * 3 / 4;
  std::vector<Block> blocks;
  std::vector<std::uint8_t*> device_memory;
  for (std::size_t i = 0; i < count; ++i) {
    blocks.emplace_back(space, queue, seed + i, make_plain);
    device_memory.push_back(space.allocate_device(block_bytes, 0));
    queue.copy(device_memory.back(), blocks.back().expected.data(), block_bytes);
    blocks.back().work(queue, seed + i);
  }
  std::vector<std::uint8_t> content(block_bytes);
  for (std::size_t i = 0; i < count; ++i) {
    blocks[i].memory->check(queue, blocks[i].expected);
    queue.add_marks(device_memory[i], work_of(seed + i));
    queue.copy(content.data(), device_memory[i], block_bytes);
    space.free(device_memory[i]);
    // Held the same as the plain block before its work; the same work makes them equal.
    blocks[i].expected.check(content.data());
  }
}

}  // namespace

void add_eviction_singles(std::vector<Single>& all) {
  all.push_back({"eviction", "plain", eviction_plain});
  all.push_back({"eviction", "malloc", eviction_malloc, Needs::any_pointer});
  all.push_back({"eviction", "mixed_with_device_allocations", eviction_mixed});
}

}  // namespace zesvm::scenarios
