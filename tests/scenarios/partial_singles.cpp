#include <cstring>
#include <optional>
#include <sys/mman.h>

#include "scenarios/failure.hpp"
#include "scenarios/mapping.hpp"
#include "scenarios/session.hpp"
#include "scenarios/singles.hpp"
#include "scenarios/sizes.hpp"

namespace zesvm::scenarios {
namespace {

constexpr std::size_t mapped_size = 6 * mebibyte;

/// Where the part is.
struct Part {
  const char* name;
  std::size_t from;
  std::size_t to;
};
/// No end of a part is one of a chunk, but the ends of the memory.
constexpr Part parts[] = {
    {"front", 0, 3 * page},
    {"middle", 2 * mebibyte + 5 * page, 2 * mebibyte + 300 * page},
    {"back", 4 * mebibyte + 7 * page, mapped_size},
};

/// What happened before the part goes.
enum class Before { kernel, cpu_touch, atomic };
/// What becomes of the part.
enum class Fate { unmapped, moved };

/// Memory that a device used, and that loses a part.
class Loss {
 public:
  Loss(Space& space, std::uint64_t seed, const Part& part)
      : queue_(space, 0), mapping_(mapped_size), expected_(mapped_size), part_(part), seed_(seed) {
    expected_.fill(seed);
    std::memcpy(mapping_.data(), expected_.data(), mapped_size);
  }

  void run(Before before, Fate fate) {
    use(0, mapped_size, mapping_.data());
    if (before == Before::atomic) count(part_.from);
    if (before == Before::cpu_touch) expected_.check(mapping_.data(), part_.from, part_.to);
    if (fate == Fate::unmapped) {
      mapping_.lose(part_.from, part_.to);
      must_refuse();
      use_rest();
      check_rest(mapping_.data());
      return;
    }
    Mapping target{part_.to - part_.from};
    mapping_.lose(part_.from, part_.to, target);
    must_refuse();
    use_rest();
    // The part is at its new address, offset by offset.
    use(part_.from, part_.to, target.data() - part_.from);
    expected_.check(target.data() - part_.from, part_.from, part_.to);
    check_rest(mapping_.data());
  }

 private:
  void use(std::size_t from, std::size_t to, std::uint8_t* data) {
    if (from >= to) return;
    const Work work{from, 509, (to - from + 508) / 509, ++seed_};
    queue_.add_marks(data, work);
    queue_.wait();
    expected_.add(work);
  }
  void use_rest() {
    use(0, part_.from, mapping_.data());
    use(part_.to, mapped_size, mapping_.data());
  }
  void check_rest(const std::uint8_t* data) {
    expected_.check(data, 0, part_.from);
    expected_.check(data, part_.to, mapped_size);
  }
  void count(std::size_t at) {
    auto* const counter = reinterpret_cast<std::uint32_t*>(mapping_.data() + at);
    std::uint32_t value = 0;
    std::memcpy(&value, expected_.data() + at, sizeof value);
    queue_.count_up(counter, 100);
    queue_.wait();
    value += 100;
    std::memcpy(&expected_[at], &value, sizeof value);
  }
  void must_refuse() {
    queue_.add_marks(mapping_.data(), Work{part_.from, 1, 1, 1});
    const ze_result_t result = queue_.result();
    // Something of the process's, or of its libraries', may have been mapped there meanwhile.
    if (::msync(mapping_.data() + part_.from, page, MS_ASYNC) == 0) return;
    must(result == ZE_RESULT_ERROR_INVALID_ARGUMENT, "using the lost part gave 0x", std::hex,
         static_cast<unsigned>(result));
  }

  Queue queue_;
  Mapping mapping_;
  Expected expected_;
  Part part_;
  std::uint64_t seed_;
};

}  // namespace

void add_partial_singles(std::vector<Single>& all) {
  constexpr std::pair<Fate, const char*> fates[] = {{Fate::unmapped, "partial_unmap"},
                                                    {Fate::moved, "partial_remap"}};
  constexpr std::pair<Before, const char*> befores[] = {{Before::kernel, ""},
                                                        {Before::cpu_touch, "_after_cpu_touch"},
                                                        {Before::atomic, "_after_atomic"}};
  for (const auto& [fate, group] : fates) {
    for (const Part& part : parts) {
      for (const auto& [before, suffix] : befores) {
        all.push_back({group, std::string{part.name} + suffix,
                       [part, fate = fate, before = before](Space& space, std::uint64_t seed) {
                         Loss{space, seed, part}.run(before, fate);
                       },
                       Needs::any_pointer});
      }
    }
  }
}

}  // namespace zesvm::scenarios
