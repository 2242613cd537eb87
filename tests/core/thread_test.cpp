// The CPU and devices at the same memory at once. Run under thread sanitizer.
#include <barrier>
#include <fstream>
#include <unistd.h>

#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

// Chunks are small, so that much happens in little time, and the collector runs.
class ThreadTest : public testing::Test {
 protected:
  ThreadTest() {
    AddressSpaceOptions options;
    options.chunk_sizes = {64_KiB, 4_KiB};
    options.notifier_size = 256_KiB;
    options.interval = {base, base + 64_MiB};
    options.collector = Collector::background;
    options.interconnect = &machine.interconnect;
    options.clock = &machine.clock;
    machine.adopt_space(*AddressSpace::create(options, machine, machine));
  }
  void TearDown() override {
    space().close();
    space().collect_unmapped();
    EXPECT_THAT(machine.disagreements(), testing::IsEmpty());
    machine.drop_space();
    for (const auto& tile : machine.tiles) {
      EXPECT_TRUE(tile->mapped().empty());
      EXPECT_EQ(tile->pagemap.usage().blocks, 0u);
    }
  }
  AddressSpace& space() { return machine.space(); }

  // Runs all at once, each so many rounds, and returns when all are done.
  using Work = std::function<void(int round)>;
  static void run(const std::vector<Work>& works, int rounds) {
    std::barrier start{static_cast<std::ptrdiff_t>(works.size())};
    std::vector<std::thread> threads;
    for (const Work& work : works)
      threads.emplace_back([&start, &work, rounds] {
        start.arrive_and_wait();
        for (int round = 0; round < rounds; ++round) work(round);
      });
    for (std::thread& thread : threads) thread.join();
  }
  static Interval small(std::uint64_t n) { return {base + 64_KiB * n, base + 64_KiB * (n + 1)}; }
  static Interval smalls(std::uint64_t count) { return {base, base + 64_KiB * count}; }

  Machine machine{4_MiB};
};

// proves: C7
TEST_F(ThreadTest, ManyFaultsOnOneRangeAreOneMigration) {
  Tile& gpu = machine.add_tile();
  machine.map(smalls(32));
  machine.populate(smalls(32));
  run(std::vector<Work>(4,
                        [&](int n) { EXPECT_EQ(gpu.read(small(n).begin).status(), Status::ok); }),
      32);
  EXPECT_EQ(space().statistics(gpu.id)->migrations.total, 32u);
  EXPECT_EQ(gpu.map_calls(), 32u);
}

// proves: A12, B3, B5, C7
TEST_F(ThreadTest, DevicesAndTheCpuCountTogether) {
  Tile& a = machine.add_tile(128_KiB);
  Tile& b = machine.add_tile(192_KiB);
  machine.interconnect.connect(0, 1, fast);
  machine.map(smalls(6));
  const auto word = [](int who, int n) { return small(n % 6).begin + Bytes{8u * who}; };
  std::vector<std::atomic<std::uint64_t>> counts(4);
  const auto device = [&](Tile& tile, int who) {
    return [&, who](int n) {
      const Status status = tile.add(word(who, n), 1);
      if (status == Status::ok) counts[who].fetch_add(1);
    };
  };
  const auto cpu = [&](int who) {
    return [&, who](int n) {
      const auto before = machine.read(word(who, n));
      ASSERT_TRUE(before);
      ASSERT_EQ(machine.write(word(who, n), *before + 1), Status::ok);
      counts[who].fetch_add(1);
    };
  };
  run({device(a, 0), device(b, 1), device(a, 2), cpu(3)}, 3000);
  for (int who = 0; who < 4; ++who) {
    std::uint64_t total = 0;
    for (int n = 0; n < 6; ++n) total += *machine.read(word(who, n));
    EXPECT_EQ(total, counts[who].load());
    EXPECT_EQ(counts[who].load(), 3000u) << "accesses of " << who << " were refused";
  }
}

// proves: A5, A6, A10
TEST_F(ThreadTest, NoMappingOutlivesAnUnmap) {
  Tile& a = machine.add_tile(256_KiB);
  Tile& b = machine.add_tile(16_MiB, {.is_discrete = false});
  machine.map(smalls(8));
  const auto touch = [&](Tile& tile) {
    return [&](int n) {
      const Status status = tile.write(small(n % 8).begin + 8_B, 1);
      EXPECT_TRUE(status == Status::ok || status == Status::not_mapped) << name_of(status);
    };
  };
  const auto unmapper = [&](int n) {
    const Interval all = small(n % 8);
    const Interval gone = n % 3 == 0 ? all : Interval{all.begin, all.begin + 32_KiB};
    machine.unmap(gone);
    for (const Tile* tile : {&a, &b}) EXPECT_FALSE(tile->mapping_at(gone.begin));
    machine.map(gone);
  };
  run({touch(a), touch(b), touch(a), unmapper}, 4000);
}

// proves: A6, A7
TEST_F(ThreadTest, SurvivorsOfUnmapsKeepTheirBytes) {
  Tile& gpu = machine.add_tile(256_KiB);
  machine.map(smalls(8));
  machine.populate(smalls(8), 3);
  const auto reader = [&](int n) {
    const Address at = small(n % 8).end - 4_KiB;
    EXPECT_EQ(*gpu.read(at), 3 + at.value);
  };
  const auto cpu_reader = [&](int n) {
    const Address at = small(n % 8).end - 8_KiB;
    EXPECT_EQ(*machine.read(at), 3 + at.value);
  };
  const auto unmapper = [&](int n) {
    const Interval page{small(n % 8).begin, small(n % 8).begin + 4_KiB};
    machine.unmap(page);
    machine.map(page);
  };
  run({reader, cpu_reader, unmapper}, 4000);
}

// proves: A9, A11, D3, D4
TEST_F(ThreadTest, AdviceChangesUnderRunningKernels) {
  Tile& a = machine.add_tile(256_KiB);
  Tile& b = machine.add_tile(256_KiB);
  machine.interconnect.connect(0, 1, fast);
  machine.map(smalls(4));
  const auto writer = [&](Tile& tile, std::uint64_t offset) {
    return [&, offset](int n) {
      EXPECT_EQ(tile.write(small(n % 4).begin + Bytes{offset}, n), Status::ok);
    };
  };
  const auto adviser = [&](int n) {
    const Advice advice[] = {Advice::preferred_location(Place::system()), Advice::defaults(),
                             Advice::preferred_location(Place::on(b.id)),
                             Advice::atomic_access(AtomicAccess::device)};
    const Interval all = small(n % 4);
    EXPECT_TRUE(
        space().advise(n % 2 ? all : Interval{all.begin, all.begin + 16_KiB}, advice[n / 2 % 4]));
  };
  run({writer(a, 0), writer(b, 8), writer(a, 4096), adviser}, 4000);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(*machine.read(small(i).begin), 3996u + i);
}

// proves: D7
TEST_F(ThreadTest, AdviceOnNewMemorySurvivesTheCollector) {
  Tile& gpu = machine.add_tile();
  machine.map(small(0));
  const auto remapper = [&](int n) {
    const AtomicAccess wanted = n % 2 ? AtomicAccess::cpu : AtomicAccess::device;
    machine.unmap(small(0));
    machine.map(small(0));
    ASSERT_TRUE(space().advise(small(0), Advice::atomic_access(wanted)));
    EXPECT_EQ(space().attributes(small(0))[0].attributes.atomic, wanted);
  };
  const auto collector = [&](int) { space().collect_unmapped(); };
  const auto toucher = [&](int) { (void)gpu.read(small(0).begin); };
  run({remapper, collector, toucher}, 3000);
}

// proves: B4
TEST_F(ThreadTest, EvictionsCrossWithoutDeadlock) {
  Tile& a = machine.add_tile(128_KiB);
  Tile& b = machine.add_tile(128_KiB);
  machine.interconnect.connect(0, 1, fast);
  machine.map(smalls(8));
  ASSERT_EQ(space().reserve_device_memory(a.id, small(20)), Status::ok);
  const auto touch = [&](Tile& tile, std::uint64_t offset) {
    return [&, offset](int n) {
      EXPECT_EQ(tile.write(small(n * 5 % 8).begin + Bytes{offset}, n), Status::ok);
    };
  };
  const auto plain = [&](int n) {
    EXPECT_EQ(a.write(small(20).begin, n), Status::ok);
    if (n % 4 == 0 && space().pin(small(20)) == Status::ok) space().unpin(small(20));
  };
  run({touch(a, 0), touch(b, 8), touch(a, 16), plain}, 3000);
  EXPECT_EQ(*a.read(small(20).begin), 2999u);
}

// proves: B4, C3
TEST_F(ThreadTest, AtomicsShareVramWithRoomForOne) {
  Tile& gpu = machine.add_tile(64_KiB);
  machine.map(smalls(3));
  machine.populate(smalls(3), 0);
  const auto counter = [&](std::uint64_t own) {
    return [&, own](int) { EXPECT_EQ(gpu.add(small(own).begin + 8_B, 1), Status::ok); };
  };
  run({counter(0), counter(1), counter(2)}, 300);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*machine.read(small(i).begin + 8_B), 300u);
}

// proves: B7
TEST_F(ThreadTest, ADeviceLeavesUnderLoad) {
  machine.map(smalls(8));
  machine.populate(smalls(8), 5);
  Tile& stays = machine.add_tile(256_KiB);
  Tile& leaves = machine.add_tile(256_KiB);
  machine.interconnect.connect(0, 1, fast);
  const auto touch = [&](Tile& tile) {
    return [&](int n) {
      const Address at = small(n % 8).begin + 4_KiB;
      const auto word = tile.read(at);
      if (word) {
        EXPECT_EQ(*word, 5 + at.value);
      } else {
        EXPECT_EQ(word.status(), Status::no_device);
      }
    };
  };
  const auto leave = [&](int n) {
    if (n != 1000) return;
    EXPECT_EQ(space().leave(leaves.id), Status::ok);
  };
  run({touch(stays), touch(leaves), touch(leaves), leave}, 3000);
  EXPECT_TRUE(leaves.mapped().empty());
  EXPECT_EQ(leaves.pagemap.usage().blocks, 0u);
}

// proves: A16
TEST_F(ThreadTest, UserPagesComeAndGoUnderFaults) {
  Tile& a = machine.add_tile(256_KiB);
  Tile& b = machine.add_tile(256_KiB);
  machine.map(smalls(4));
  const auto user = [&](int n) {
    const Interval odd{small(n % 3).begin + 4_KiB, small(n % 3 + 1).begin + 8_KiB};
    const auto pages = space().user_pages(b.id, odd, Access::write);
    if (!pages) return;
    (void)space().user_pages_valid(*pages);
    space().release_user_pages(*pages);
  };
  const auto touch = [&](Tile& tile, std::uint64_t offset) {
    return [&, offset](int n) {
      EXPECT_EQ(tile.write(small(n % 4).begin + Bytes{offset}, n), Status::ok);
    };
  };
  run({user, touch(a, 0), touch(b, 8)}, 3000);
}

// proves: A11, D8, E1
TEST_F(ThreadTest, QuestionsMayBeAskedAtAnyTime) {
  Tile& gpu = machine.add_tile(128_KiB);
  machine.map(smalls(4));
  const auto changer = [&](int n) {
    machine.unmap(small(n % 2));
    machine.map(small(n % 2));
    (void)space().prefetch(std::vector{smalls(4)}, n % 2 ? Place::system() : Place::on(gpu.id));
  };
  const auto asker = [&](int n) {
    (void)space().residency(smalls(4));
    (void)space().range_at(small(n % 4).begin);
    (void)space().is_valid_hint(gpu.id, small(n % 4).begin, Access::read);
    (void)space().has_mapping(smalls(4));
    (void)space().statistics(gpu.id);
    (void)space().ranges(smalls(4));
    (void)space().bookkeeping();
  };
  const auto toucher = [&](int n) {
    const Status status = gpu.write(small(2 + n % 2).begin, n);
    EXPECT_EQ(status, Status::ok);
  };
  run({toucher, changer, asker}, 3000);
}

// proves: C7, A13
TEST_F(ThreadTest, DevicesJoinWhileOthersFault) {
  Tile& first = machine.add_tile(128_KiB);
  machine.map(smalls(4));
  std::vector<std::unique_ptr<Tile>> late;
  for (std::uint32_t i = 0; i < 8; ++i)
    late.push_back(std::make_unique<Tile>(machine, 100 + i, 64_KiB));
  const auto touch = [&](int n) { EXPECT_EQ(first.write(small(n % 4).begin, n), Status::ok); };
  const auto joiner = [&](int n) {
    if (n >= 8) return;
    late[n]->id = *space().join(*late[n], nullptr, {.is_discrete = false});
    EXPECT_EQ(space().fault(late[n]->id, small(n % 4).begin, Access::read), Status::ok);
  };
  run({touch, joiner}, 200);
  EXPECT_EQ(space().device_count(), 9u);
  for (const auto& tile : late) EXPECT_EQ(space().leave(tile->id), Status::ok);
}

// proves: C7
TEST_F(ThreadTest, AWaitingFaultIsServedByTheOneBefore) {
  Tile& gpu = machine.add_tile();
  machine.map(small(0));
  machine.populate(small(0));
  std::atomic<pid_t> waiter{0};
  const auto is_asleep = [&] {
    if (waiter == 0) return false;
    std::ifstream file{"/proc/self/task/" + std::to_string(waiter) + "/stat"};
    std::string text;
    std::getline(file, text);
    return text.find(") S ") != std::string::npos;
  };
  machine.plan.at(Gate::copy_to_vram, [&] {
    machine.meanwhile_until(
        [&] {
          waiter = ::gettid();
          EXPECT_EQ(space().fault(gpu.id, base, Access::read), Status::ok);
        },
        is_asleep);
  });
  ASSERT_TRUE(gpu.read(base));
  machine.join();
  EXPECT_EQ(gpu.map_calls(), 1u);
  EXPECT_EQ(space().statistics(gpu.id)->valid_faults.total, 1u);
}

}  // namespace
}  // namespace zesvm::svm::fake
