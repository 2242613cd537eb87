#include <random>

#include "scenarios/session.hpp"
#include "scenarios/singles.hpp"
#include "scenarios/sizes.hpp"

namespace zesvm::scenarios {
namespace {

/// Sizes around those of pages and chunks, at addresses that no page begins at.
void unaligned_sizes(Space& space, std::uint64_t seed) {
  Queue queue{space, 0};
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4095}, std::size_t{4097},
                                  std::size_t{65537}, 2 * mebibyte - 1, 2 * mebibyte + 1}) {
    for (const std::size_t offset : {1, 4095}) {
      const auto memory = make_plain(space, bytes + 2 * mebibyte);
      Expected expected{memory->size()};
      expected.fill(seed);
      memory->write(queue, expected);
      // Only the middle is worked on: what is beside it must stay.
      const std::uint64_t stride = 1 + bytes / 1000;
      const Work work{mebibyte + offset, stride, (bytes + stride - 1) / stride, seed};
      queue.add_marks(memory->data(), work);
      queue.wait();
      expected.add(work);
      memory->check(queue, expected);
    }
  }
}

}  // namespace

void add_unaligned_singles(std::vector<Single>& all) {
  all.push_back({"sizes", "unaligned", unaligned_sizes});
}

std::vector<Single> singles() {
  std::vector<Single> all;
  add_unaligned_singles(all);
  add_eviction_singles(all);
  add_partial_singles(all);
  add_advice_singles(all);
  add_atomic_singles(all);
  return all;
}

}  // namespace zesvm::scenarios
