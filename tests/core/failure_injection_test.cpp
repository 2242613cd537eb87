// Every operation, with its first step failing, then its second, and so on until none fails.
#include "base/arena.hpp"
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

constexpr std::uint64_t seed = 1000;

Status status_of(const Result<HintResult>& result) { return result.status(); }

struct Operation {
  const char* name;
  std::function<void(Machine&)> arrange;
  std::function<Status(Machine&)> act;

  friend void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }
};

// Three chunks of memory, two linked tiles with room for two chunks each.
void touch(Machine& machine, std::size_t tile, std::initializer_list<std::uint64_t> numbers) {
  for (const std::uint64_t n : numbers)
    EXPECT_EQ(machine.tiles[tile]->read(chunk(n).begin).status(), Status::ok);
}
Status fault(Machine& machine, std::size_t tile, std::uint64_t n, Access access) {
  return machine.space().fault(machine.tiles[tile]->id, chunk(n).begin, access);
}
const auto nothing = [](Machine&) {};
const auto first_in_vram = [](Machine& machine) { touch(machine, 0, {0}); };
const auto vram_full = [](Machine& machine) { touch(machine, 0, {1, 2}); };

const std::vector<Operation> operations{
    {"read_fault", nothing, [](Machine& m) { return fault(m, 0, 0, Access::read); }},
    {"write_fault", nothing, [](Machine& m) { return fault(m, 0, 0, Access::write); }},
    {"atomic_fault", nothing, [](Machine& m) { return fault(m, 0, 0, Access::atomic); }},
    {"fault_that_evicts", vram_full, [](Machine& m) { return fault(m, 0, 0, Access::write); }},
    {"atomic_that_evicts", vram_full, [](Machine& m) { return fault(m, 0, 0, Access::atomic); }},
    {"fault_from_peer", first_in_vram, [](Machine& m) { return fault(m, 1, 0, Access::write); }},
    {"atomic_from_peer", first_in_vram, [](Machine& m) { return fault(m, 1, 0, Access::atomic); }},
    {"cpu_fault", first_in_vram,
     [](Machine& m) { return m.space().cpu_fault(base, Access::read); }},
    {"prefetch_to_device", vram_full,
     [](Machine& m) {
       return status_of(m.space().prefetch(std::vector{chunks(0, 3)}, Place::on(m.tiles[0]->id)));
     }},
    {"prefetch_to_peer", vram_full,
     [](Machine& m) {
       return status_of(m.space().prefetch(std::vector{chunks(0, 3)}, Place::on(m.tiles[1]->id)));
     }},
    {"prefetch_to_host", vram_full,
     [](Machine& m) {
       return status_of(m.space().prefetch(std::vector{chunks(0, 3)}, Place::system()));
     }},
    {"advise_on_part", first_in_vram,
     [](Machine& m) {
       return status_of(
           m.space().advise({base, base + 64_KiB}, Advice::preferred_location(Place::system())));
     }},
    {"move_to_system", vram_full,
     [](Machine& m) { return status_of(m.space().migrate_to_system(chunks(0, 3))); }},
    {"hold_on_host", first_in_vram,
     [](Machine& m) {
       const Status held = m.space().hold_on_host(chunk(0));
       if (held == Status::ok) m.space().release_on_host(chunk(0));
       return held;
     }},
    {"user_pages", first_in_vram,
     [](Machine& m) {
       const auto pages = m.space().user_pages(m.tiles[0]->id, chunks(0, 3), Access::read);
       if (pages) m.space().release_user_pages(*pages);
       return pages.status();
     }},
    {"reserve_device_memory", vram_full,
     [](Machine& m) { return m.space().reserve_device_memory(m.tiles[0]->id, chunks(8, 2)); }},
    {"leave", vram_full, [](Machine& m) { return m.space().leave(m.tiles[0]->id); }},
    {"discard_of_a_part", first_in_vram,
     [](Machine& m) {
       return status_of(m.space().discard({chunk(8).begin, chunk(8).end}));
     }},
    {"removed_mirror", nothing, [](Machine& m) { return m.space().remove_mirror(chunk(9)); }},
    {"device_that_joins", first_in_vram,
     [](Machine& m) {
       return m.space().join(*m.tiles[1], nullptr, {.is_discrete = false}).status();
     }},
    {"prepare", vram_full,
     [](Machine& m) {
       const std::vector<AccessedInterval> accesses{{chunks(0, 2), Access::write}};
       return m.space().prepare(m.tiles[0]->id, accesses);
     }},
};

class FailureInjectionTest : public testing::TestWithParam<Operation> {
 protected:
  static void arrange(Machine& machine) {
    machine.make_space();
    for (int i = 0; i < 2; ++i) machine.add_tile(4_MiB);
    machine.interconnect.connect(0, 1, fast);
    machine.map(chunks(0, 3));
    machine.populate(chunks(0, 3), seed);
    GetParam().arrange(machine);
  }
  // Nothing is lost, nothing leaks, and what failed can be done after all.
  static void expect_whole(Machine& machine, Status status, bool has_failed) {
    EXPECT_THAT(machine.disagreements(), testing::IsEmpty());
    if (!has_failed) {
      EXPECT_EQ(status, Status::ok);
    } else if (status != Status::ok) {
      const Status again = GetParam().act(machine);
      // Unless the device left meanwhile.
      EXPECT_TRUE(again == Status::ok || again == Status::no_device) << name_of(again);
    }
    expect_bytes(machine);
    EXPECT_THAT(machine.disagreements(), testing::IsEmpty());
    machine.drop_space();
    for (const auto& tile : machine.tiles) EXPECT_EQ(tile->pagemap.usage().blocks, 0u);
  }
  static void expect_bytes(Machine& machine) {
    for (Address at = base; at < chunks(0, 3).end; at += 256_KiB)
      EXPECT_EQ(*machine.read(at), seed + at.value);
    EXPECT_EQ(*machine.read(chunk(2).end - 4_KiB), seed + (chunk(2).end - 4_KiB).value);
  }
};

// proves: A14, B8
TEST_P(FailureInjectionTest, LosesNothingWhicheverStepFails) {
  for (int n = 1;; ++n) {
    SCOPED_TRACE("step " + std::to_string(n));
    Machine machine;
    arrange(machine);
    const auto before = machine.space().residency(chunk(0)).place;
    machine.plan.fail_at(n);
    const Status status = GetParam().act(machine);
    const bool has_failed = machine.plan.has_failed();
    machine.plan.clear();
    // What failed on its first step is where it was; other chunks may have been served.
    if (status != Status::ok && n == 1) {
      EXPECT_EQ(machine.space().residency(chunk(0)).place, before);
    }
    expect_whole(machine, status, has_failed);
    if (!has_failed) return;
  }
}

// proves: A14, B8
TEST_P(FailureInjectionTest, LosesNothingWhereverTheHostHasNoMemory) {
  for (std::uint64_t n = 1;; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    Machine machine;
    arrange(machine);
    arena_fail_at(n);
    const Status status = GetParam().act(machine);
    const bool has_failed = arena_has_failed();
    arena_fail_at(0);
    if (status != Status::ok) {
      EXPECT_EQ(status, Status::out_of_host_memory);
    }
    expect_whole(machine, status, has_failed);
    if (!has_failed) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, FailureInjectionTest, testing::ValuesIn(operations),
                         [](const auto& info) { return std::string{info.param.name}; });

class FailureInjectionOfCollectionTest : public testing::Test {
 protected:
  // A chunk in VRAM loses a part, and gets new memory there, while something fails.
  static void lose_part(Machine& machine, const std::function<void()>& break_it) {
    machine.make_space();
    Tile& gpu = machine.add_tile(4_MiB);
    machine.map(chunk(0));
    machine.populate(chunk(0), seed);
    ASSERT_TRUE(gpu.read(base));
    ASSERT_TRUE(machine.space().advise(chunk(0), Advice::atomic_access(AtomicAccess::device)));
    ASSERT_TRUE(gpu.read(base));
    break_it();
    machine.unmap(lost);
    machine.map(lost);
    machine.space().collect_unmapped();
  }
  static void expect_survivors(Machine& machine) {
    EXPECT_EQ(*machine.tiles[0]->read(lost.begin), 0u);
    EXPECT_EQ(*machine.tiles[0]->read(lost.end), seed + lost.end.value);
    EXPECT_EQ(*machine.read(base), seed + base.value);
    EXPECT_EQ(machine.space().attributes(lost)[0].attributes, Attributes{});
    EXPECT_THAT(machine.disagreements(), testing::IsEmpty());
  }
  static constexpr Interval lost{base + 64_KiB, base + 128_KiB};
};

// proves: A14, B8
TEST_F(FailureInjectionOfCollectionTest, SurvivorsAreKeptWhicheverStepFails) {
  for (int n = 1;; ++n) {
    SCOPED_TRACE("step " + std::to_string(n));
    Machine machine;
    lose_part(machine, [&] { machine.plan.fail_at(n); });
    const bool has_failed = machine.plan.has_failed();
    machine.plan.clear();
    expect_survivors(machine);
    if (!has_failed) return;
  }
}

// proves: A5, A6, B8
TEST_F(FailureInjectionOfCollectionTest, AnUnmapNeedsNoHostMemory) {
  for (std::uint64_t n = 1;; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    Machine machine;
    lose_part(machine, [&] { arena_fail_at(n); });
    const bool has_failed = arena_has_failed();
    arena_fail_at(0);
    expect_survivors(machine);
    if (!has_failed) return;
  }
}

// proves: B8
TEST(FailureInjectionOfJoiningTest, LeavesNoMemoryBehind) {
  Machine machine;
  machine.make_space();
  Tile& tile = machine.add_tile();
  const Bytes before = arena_in_use();
  for (std::uint64_t n = 1; n <= 2; ++n) {
    arena_fail_at(n);
    EXPECT_EQ(machine.space().join(tile, nullptr, {}).status(), Status::out_of_host_memory);
    arena_fail_at(0);
    EXPECT_EQ(arena_in_use(), before);
  }
}

}  // namespace
}  // namespace zesvm::svm::fake
