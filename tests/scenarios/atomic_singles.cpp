#include <atomic>
#include <memory>
#include <random>

#include "scenarios/failure.hpp"
#include "scenarios/session.hpp"
#include "scenarios/singles.hpp"
#include "scenarios/sizes.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::scenarios {
namespace {

using namespace newer;

// A chunk and more, so that it moves.
constexpr std::size_t counter_size = chunk + 64 * kibibyte;

using SetAtomicAccess = ze_result_t (*)(ze_context_handle_t, ze_device_handle_t, const void*,
                                        std::size_t, std::uint32_t);

std::uint32_t load(std::uint32_t* counter) {
  return std::atomic_ref<std::uint32_t>{*counter}.load();
}

/// Increments of every device and the CPU, in turn.
void in_turn(Space& space, std::uint64_t) {
  const auto memory = make_plain(space, counter_size);
  auto* const counter = reinterpret_cast<std::uint32_t*>(memory->data());
  std::uint32_t expected = 0;
  std::vector<std::unique_ptr<Queue>> queues;
  for (std::size_t i = 0; i < space.session().devices().size(); ++i)
    queues.push_back(std::make_unique<Queue>(space, i));
  for (int round = 0; round < 10; ++round) {
    for (const auto& queue : queues) {
      queue->count_up(counter, 33);
      queue->wait();
      expected += 33;
      if (round % 2 == 0) ++expected, std::atomic_ref<std::uint32_t>{*counter}.fetch_add(1);
    }
    must(load(counter) == expected, "the counter is ", load(counter), ", not ", expected);
  }
}

/// Returns whether counting must, may, or must not succeed is not the same on every node; what must
/// hold always: it counts exactly, or it is refused and nothing was counted.
void location_and_access(Space& space, std::uint32_t location, std::uint32_t access) {
  Queue queue{space, 0};
  const auto memory = make_plain(space, counter_size);
  auto* const counter = reinterpret_cast<std::uint32_t*>(memory->data());
  queue.advise(counter, counter_size, location, 0);
  const auto set = space.session().function<SetAtomicAccess>("zeMemSetAtomicAccessAttributeExp");
  const ze_result_t told = set(space.context(), space.device(0), counter, counter_size, access);
  std::uint32_t expected = 0;
  for (int round = 0; round < 3; ++round) {
    queue.count_up(counter, 50);
    const ze_result_t result = queue.result();
    if (result == ZE_RESULT_SUCCESS) {
      expected += 50;
    } else {
      must(told != ZE_RESULT_SUCCESS || access != atomic_device,
           "counting where atomics of the device were asked for returned 0x", std::hex,
           static_cast<unsigned>(result));
    }
    must(load(counter) == expected, "the counter is ", load(counter), ", not ", expected);
    ++expected, std::atomic_ref<std::uint32_t>{*counter}.fetch_add(1);
    // Plain stores beside it work whatever is said about atomics.
    const Work work{sizeof *counter, 4096, counter_size / 4096, static_cast<std::uint64_t>(round)};
    queue.add_marks(memory->data(), work);
    queue.wait();
  }
  Expected all{counter_size};
  for (std::uint64_t round = 0; round < 3; ++round)
    all.add(Work{sizeof *counter, 4096, counter_size / 4096, round});
  std::memcpy(&all[0], &expected, sizeof expected);
  memory->check(queue, all);
}

}  // namespace

void add_atomic_singles(std::vector<Single>& all) {
  all.push_back({"atomics", "cpu_and_gpu_in_turn", in_turn});
  const std::pair<const char*, std::uint32_t> locations[] = {
      {"anywhere", ZE_MEMORY_ADVICE_CLEAR_PREFERRED_LOCATION},
      {"device", ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION},
      {"system", set_system_memory_preferred_location},
  };
  const std::pair<const char*, std::uint32_t> accesses[] = {
      {"default", atomic_default},  {"host", atomic_host},        {"no_device", atomic_no_device},
      {"of_device", atomic_device}, {"of_system", atomic_system},
  };
  for (const auto& location : locations) {
    for (const auto& access : accesses) {
      all.push_back({"location_and_atomics", std::string{location.first} + "_" + access.first,
                     [where = location.second, what = access.second](Space& space, std::uint64_t) {
                       location_and_access(space, where, what);
                     }});
    }
  }
}

}  // namespace zesvm::scenarios
