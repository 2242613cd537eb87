// Two cards in two sockets, on a host whose libnuma is this program's own: the functions below take
// the place of the library's, since names of the program come first.
#include <algorithm>
#include <cstdint>
#include <gmock/gmock.h>
#include <mutex>
#include <vector>

#include "placement/pipeline.hpp"

namespace {

/// What libzesvm asked for.
struct Asked {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  int node = -1;
  friend bool operator==(const Asked&, const Asked&) = default;
};
std::mutex asked_lock;
std::vector<Asked> asked;
int bound_to = -1;
int numa_nodes = 2;

}  // namespace

#pragma GCC visibility push(default)
extern "C" {
int numa_available() { return 0; }
int numa_max_node() { return numa_nodes - 1; }
long long numa_node_size64(int, long long*) { return 1 << 30; }
int numa_run_on_node(int node) {
  bound_to = node;
  return 0;
}
long mbind(void* pointer, unsigned long bytes, int, const unsigned long* nodes, unsigned long,
           unsigned) {
  const std::lock_guard guard{asked_lock};
  const auto begin = reinterpret_cast<std::uintptr_t>(pointer);
  asked.push_back({begin, begin + bytes, __builtin_ctzl(*nodes)});
  return 0;
}
}
#pragma GCC visibility pop

namespace zesvm::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NumaTest : public ::testing::Test {
 protected:
  void SetUp() override { asked.clear(); }
  static Runtime& runtime() {
    static Runtime one;
    return one;
  }
  static Asked on(int node, const Array<char>& data, std::size_t from, std::size_t to) {
    const auto base = reinterpret_cast<std::uintptr_t>(data.data());
    return {base + from, base + to, node};
  }
  Runtime& rt = runtime();
  AddressSpace& space = rt.address_space();
  Array<char> data = space.make_array<char>(4 * chunk);
};

TEST_F(NumaTest, AdvicePlacesHostMemoryNearItsDevice) {
  const auto told = space.advise(data.data(), chunk, preferred_location(rt.device(1)));
  EXPECT_EQ(told.outcome, HintOutcome::applied);
  EXPECT_THAT(told.reason, HasSubstr("host memory: on NUMA node 1"));
  EXPECT_THAT(asked, ElementsAre(on(1, data, 0, chunk)));
  space.advise(data.data(), chunk, preferred_location(rt.device(1)));
  EXPECT_THAT(asked, ElementsAre(on(1, data, 0, chunk))) << "the same advice twice";
  space.advise(data.data(), chunk, preferred_location(rt.device(0)));
  EXPECT_EQ(asked.back(), on(0, data, 0, chunk));
}

TEST_F(NumaTest, OtherAdvicePlacesNothing) {
  space.advise(data.data(), chunk, no_preferred_location());
  space.advise(data.data(), chunk, AtomicAccess::device);
  space.advise(data.data(), chunk, read_mostly());
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(NumaTest, TheFirstDeviceItIsGivenToPlacesTheRest) {
  space.advise(data.data(), chunk, preferred_location(rt.device(1)));
  space.prefetch(data.data(), 2 * chunk, rt.device(0));
  EXPECT_THAT(asked, ElementsAre(on(1, data, 0, chunk), on(0, data, chunk, 2 * chunk)));
  space.prepare(rt.device(1), {{data.data(), 3 * chunk, AccessMode::read_write}});
  EXPECT_EQ(asked.back(), on(1, data, 2 * chunk, 3 * chunk));
  Stream stream(rt.device(0));
  stream.prefetch(data.data(), 4 * chunk);
  stream.wait();
  EXPECT_EQ(asked.back(), on(0, data, 3 * chunk, 4 * chunk));
  EXPECT_EQ(asked.size(), 4u);
}

TEST_F(NumaTest, FreedMemoryIsForgotten) {
  char* const before = data.data();
  space.prefetch(before, chunk, rt.device(0));
  data = space.make_array<char>(4 * chunk);  // frees what was before at its end
  data = space.make_array<char>(4 * chunk);
  asked.clear();
  space.prefetch(data.data(), chunk, rt.device(1));
  EXPECT_THAT(asked, ElementsAre(on(1, data, 0, chunk)));
}

TEST_F(NumaTest, APlanPlacesHostMemoryOfEachPiece) {
  const PlacementPlanner planner(rt);
  planner.apply(planner.block(data.data(), 4 * chunk));
  EXPECT_THAT(asked, ElementsAre(on(0, data, 0, 2 * chunk), on(1, data, 2 * chunk, 4 * chunk)));
}

TEST_F(NumaTest, PlacingAloneAndBindingThreads) {
  const PlacementPlanner planner(rt);
  EXPECT_EQ(planner.place_host_memory(data.data(), chunk, rt.device(1)).outcome,
            HintOutcome::applied);
  EXPECT_THAT(asked, ElementsAre(on(1, data, 0, chunk)));
  EXPECT_EQ(planner.bind_thread_near(rt.device(1)).reason, "on NUMA node 1");
  EXPECT_EQ(bound_to, 1);
  EXPECT_THROW(planner.place_host_memory(&planner, 64, rt.device(1)), Error);
}

TEST_F(NumaTest, AHostWithOneNodeIsNotAsked) {
  numa_nodes = 1;
  {
    // Around the driver that is there: Level Zero starts once in a process.
    Runtime one = Runtime::around(rt.native_driver(), rt.native_context());
    auto memory = one.address_space().make_array<char>(chunk);
    const auto told =
        one.address_space().advise(memory.data(), chunk, preferred_location(one.device(1)));
    EXPECT_EQ(told.reason, "");
    one.address_space().prefetch(memory.data(), chunk, one.device(1));
  }
  numa_nodes = 2;
  EXPECT_THAT(asked, IsEmpty());
}

}  // namespace
}  // namespace zesvm::tests
