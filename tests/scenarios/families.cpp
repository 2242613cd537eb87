#include "scenarios/families.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <thread>

#include "scenarios/kinds.hpp"
#include "scenarios/memory.hpp"
#include "scenarios/session.hpp"
#include "scenarios/sizes.hpp"

namespace zesvm::scenarios {
namespace {

/// Calls `work` with 0 .. count - 1, each on a thread of its own; rethrows what one of them threw.
void on_threads(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::vector<std::exception_ptr> failures(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      try {
        work(i);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

/// One run of a family in one space.
class Run {
 public:
  Run(Space& space, const Family& family, const Kind& kind, std::uint64_t seed)
      : space_(space),
        family_(family),
        kind_(kind),
        random_(seed),
        expected_(family.bytes),
        queues_(kind.devices == Devices::first ? 1 : space.session().devices().size()) {
    for (std::size_t device = 0; device < queues_.size(); ++device) {
      for (std::size_t lane = 0; lane < family.lanes; ++lane)
        queues_[device].push_back(std::make_unique<Queue>(space, device));
    }
  }

  void operator()() {
    memory_ = kind_.make(space_, family_.bytes);
    if (kind_.content == FirstContent::marks) {
      expected_.fill(random_());
      memory_->write(*queues_[0][0], expected_);
    }
    for (std::uint64_t round = 0; round < family_.rounds; ++round) {
      const auto& queues = queues_[round % queues_.size()];
      memory_->before(*queues[0], round, expected_);
      launch(queues);
      if (is_checked(round)) check(*queues[0]);
      memory_->after(*queues[0], round, expected_);
    }
  }

 private:
  using Queues = std::vector<std::unique_ptr<Queue>>;

  bool is_checked(std::uint64_t round) {
    return kind_.checked == Checked::each_round || round + 1 == family_.rounds ||
           random_() % 4 == 0;
  }

  /// Returns the bytes of each lane: every stride-th one, in turn.
  std::vector<Work> works() {
    const std::uint64_t step = family_.stride * family_.lanes;
    const std::uint64_t phase = random_() % family_.stride;
    const std::uint64_t seed = random_();
    std::vector<Work> works;
    for (std::size_t lane = 0; lane < family_.lanes; ++lane) {
      const std::uint64_t first = phase + lane * family_.stride;
      works.push_back({first, step, (family_.bytes - first + step - 1) / step, seed});
    }
    return works;
  }

  void launch(const Queues& queues) {
    const std::vector<Work> lanes = works();
    if (family_.lanes_are == Lanes::threads) {
      on_threads(lanes.size(), [&](std::size_t lane) {
        memory_->launch(*queues[lane], lane, lanes[lane]);
        queues[lane]->wait();
      });
    } else {
      for (std::size_t lane = 0; lane < lanes.size(); ++lane)
        memory_->launch(*queues[lane], lane, lanes[lane]);
      for (const auto& queue : queues) queue->wait();
    }
    for (std::size_t lane = 0; lane < lanes.size(); ++lane)
      memory_->done(lane, lanes[lane], expected_);
  }

  void check(Queue& queue) {
    memory_->check(queue, expected_);
    if (kind_.cpu == CpuAccess::no) return;
    for (int i = 0; i < 16; ++i) {
      const std::size_t at = random_() % family_.bytes;
      memory_->data()[at] = expected_[at] = static_cast<std::uint8_t>(random_());
    }
  }

  Space& space_;
  const Family& family_;
  const Kind& kind_;
  std::mt19937_64 random_;
  Expected expected_;
  /// Outlives the queues, which wait for what is under way.
  std::unique_ptr<Memory> memory_;
  /// For each device, one of each lane.
  std::vector<Queues> queues_;
};

}  // namespace

const std::vector<Family>& families() {
  // Strides are odd where nothing else is said: every offset within a page has its turn.
  static const std::vector<Family> all{
      {.name = "once", .bytes = 512 * kibibyte, .rounds = 1, .stride = 1021},
      {.name = "twice", .bytes = 512 * kibibyte, .rounds = 2, .stride = 1021},
      {.name = "many", .bytes = 256 * kibibyte, .rounds = 128, .stride = 4093},
      {.name = "many_stride", .bytes = 16 * mebibyte, .rounds = 2, .stride = 8 * kibibyte},
      {.name = "many_queues",
       .bytes = 1 * mebibyte,
       .rounds = 4,
       .stride = 509,
       .lanes = 16,
       .lanes_are = Lanes::queues},
      {.name = "large", .bytes = 6 * mebibyte + 12345, .rounds = 3, .stride = 4099},
      {.name = "64k", .bytes = 64 * kibibyte, .rounds = 8, .stride = 127},
      {.name = "threads_many", .bytes = 256 * kibibyte, .rounds = 4, .stride = 1021, .spaces = 4},
      {.name = "threads_shared_space",
       .bytes = 3 * mebibyte,
       .rounds = 6,
       .stride = 1021,
       .lanes = 4,
       .lanes_are = Lanes::threads},
      {.name = "process_many",
       .bytes = 512 * kibibyte,
       .rounds = 4,
       .stride = 1021,
       .processes = 3},
  };
  return all;
}

void run_family(const Session& session, const Family& family, const Kind& kind,
                std::uint64_t seed) {
  if (family.spaces == 1) {
    Space space{session};
    Run{space, family, kind, seed}();
    return;
  }
  on_threads(family.spaces, [&](std::size_t thread) {
    Space space{session};
    Run{space, family, kind, seed + thread}();
  });
}

}  // namespace zesvm::scenarios
