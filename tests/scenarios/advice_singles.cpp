#include <memory>

#include "scenarios/failure.hpp"
#include "scenarios/session.hpp"
#include "scenarios/singles.hpp"
#include "scenarios/sizes.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::scenarios {
namespace {

using namespace newer;

constexpr std::size_t advised_size = 8 * mebibyte;
constexpr auto to_device = std::uint32_t{ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION};
constexpr auto to_anywhere = std::uint32_t{ZE_MEMORY_ADVICE_CLEAR_PREFERRED_LOCATION};

/// Plain memory that is advised, used by the first device, and compared.
class AdvisedMemory {
 public:
  AdvisedMemory(Space& space, std::uint64_t seed)
      : space_(space),
        queue_(space, 0),
        memory_(make_plain(space, advised_size)),
        expected_(advised_size),
        seed_(seed) {
    expected_.fill(seed);
    memory_->write(queue_, expected_);
  }

  void advise(std::size_t from, std::size_t to, std::uint32_t advice, std::size_t device = 0) {
    queue_.advise(memory_->data() + from, to - from, advice, device);
  }
  void use() {
    const Work work{seed_ % 4099, 4099, (advised_size - seed_ % 4099 + 4098) / 4099, seed_};
    ++seed_;
    queue_.add_marks(memory_->data(), work);
    queue_.wait();
    expected_.add(work);
  }
  void check() { memory_->check(queue_, expected_); }
  /// Says that `[from, to)` must be in VRAM, or must not be.
  void must_be(std::size_t from, std::size_t to, const char* place) {
    const std::uint64_t in_vram = space_.session().bytes_in_vram(memory_->data() + from, to - from);
    const std::uint64_t right = std::string{place} == "VRAM" ? to - from : 0;
    must(in_vram == right, "of bytes ", from, " to ", to, ", advised to ", place, ", ", in_vram,
         " are in VRAM");
  }

 private:
  Space& space_;
  Queue queue_;
  std::unique_ptr<Memory> memory_;
  Expected expected_;
  std::uint64_t seed_;
};

/// Every second 64 KiB advised to system memory, then all of it anywhere again.
void many_intervals(Space& space, std::uint64_t seed) {
  AdvisedMemory memory{space, seed};
  constexpr std::size_t piece = 64 * 1024;
  for (std::size_t at = 0; at < advised_size; at += 2 * piece)
    memory.advise(at, at + piece, set_system_memory_preferred_location);
  memory.use();
  for (std::size_t at = 0; at < advised_size; at += 2 * piece)
    memory.must_be(at, at + piece, "system");
  memory.check();
  memory.advise(0, advised_size, clear_system_memory_preferred_location);
  memory.use();
  memory.check();
}

/// Advice on the middle of an advised interval, after a device used the whole.
void splitting(Space& space, std::uint64_t seed) {
  AdvisedMemory memory{space, seed};
  memory.advise(0, advised_size, to_device, 0);
  memory.use();
  memory.advise(chunk + 12288, 2 * chunk + 8192, set_system_memory_preferred_location);
  memory.use();
  memory.must_be(chunk + 12288, 2 * chunk + 8192, "system");
  memory.check();
}

void repeated(Space& space, std::uint64_t seed) {
  AdvisedMemory memory{space, seed};
  for (int round = 0; round < 8; ++round) {
    memory.advise(0, advised_size, to_device, 0);
    memory.use();
    if (round % 3 == 2) memory.check();
  }
  memory.check();
}

/// From device to device to system memory to anywhere.
void changed(Space& space, std::uint64_t seed) {
  AdvisedMemory memory{space, seed};
  const std::size_t devices = space.session().devices().size();
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t device = 0; device < devices; ++device) {
      memory.advise(0, advised_size, to_device, device);
      memory.use();
    }
    memory.advise(0, advised_size, set_system_memory_preferred_location);
    memory.use();
    memory.must_be(0, advised_size, "system");
    memory.check();
    memory.advise(0, advised_size, clear_system_memory_preferred_location);
    memory.advise(0, advised_size, to_anywhere, 0);
    memory.use();
  }
  memory.check();
}

}  // namespace

void add_advice_singles(std::vector<Single>& all) {
  all.push_back({"advice", "many_intervals", many_intervals});
  all.push_back({"advice", "splitting", splitting});
  all.push_back({"advice", "repeated_unchanged", repeated});
  all.push_back({"advice", "changed", changed});
}

}  // namespace zesvm::scenarios
