#include <fstream>
#include <signal.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "tile/tile_fixture.hpp"

namespace zesvm::simulator::tile {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Whether a process runs; one that ended and waits for its parent to notice does not.
bool is_alive(pid_t process) {
  std::ifstream stat{"/proc/" + std::to_string(process) + "/stat"};
  std::string id, name, state;
  return stat >> id >> name >> state && state != "Z";
}

// Waits until a process is gone; false when it stays.
bool goes_away(pid_t process) {
  const auto limit = std::chrono::steady_clock::now() + seconds{10};
  while (is_alive(process)) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST_F(TileTest, AnswersAfterSpawn) { EXPECT_EQ(tile->ping(), Status::ok); }

TEST_F(TileTest, LeavesNoProcessBehind) {
  const pid_t helper = tile->process_id();
  ASSERT_TRUE(is_alive(helper));
  tile.reset();
  EXPECT_FALSE(is_alive(helper));
}

// What a helper has mapped, without what it keeps for bindings.
std::vector<Interval> own_mappings(pid_t helper, Interval window) {
  std::ifstream maps{"/proc/" + std::to_string(helper) + "/maps"};
  std::vector<Interval> found;
  for (std::string line; std::getline(maps, line);) {
    Interval map{};
    char dash = 0;
    std::istringstream{line} >> std::hex >> map.begin.value >> dash >> map.end.value;
    const bool is_kernels = (map.begin.value >> 63) != 0;
    if (!is_kernels && !map.overlaps(window)) found.push_back(map);
  }
  return found;
}

TEST_F(TileTest, NothingOfOursIsWhereTheHelpersMemoryIs) {
  build();  // loads the compiler
  for (const Interval own : own_mappings(tile->process_id(), window)) {
    void* at = ::mmap(pointer_to<void>(own.begin), own.size().count, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT_EQ(at, MAP_FAILED) << std::hex << own.begin.value;
  }
}

TEST_F(TileTest, AddressesBelowTheHelpersStackFault) {
  build();
  const Address stack = own_mappings(tile->process_id(), window).back().begin;
  on_fault = [](Address, Access) { return Status::permission_denied; };
  for (const Bytes below : {1_MiB * 9, 64_MiB, 1_GiB}) {
    const Address where = align_down(stack, 1_MiB) - below;
    const Outcome stored = tile->run(request("store", {PointerArgument{where}, value_argument(1)}));
    EXPECT_EQ(stored.status, Status::permission_denied) << below.count;
  }
}

TEST(TileProcess, HelpersMayHaveTheSameAddresses) {
  std::vector<std::unique_ptr<TileProcess>> tiles;
  for (int i = 0; i < 8; ++i) {
    auto spawned = TileProcess::spawn({.keep_apart = KeepApart::required},
                                      [](Address, Access) { return Status::not_mapped; });
    ASSERT_TRUE(spawned) << name_of(spawned.status());
    tiles.push_back(*std::move(spawned));
  }
}

TEST(TileProcess, SaysWhenThereIsNoProgram) {
  const auto spawned = TileProcess::spawn({.program = "/nonexistent/zesvm-sim-device"},
                                          [](Address, Access) { return Status::not_mapped; });
  EXPECT_EQ(spawned.status(), Status::unsupported);
}

TEST(TileProcess, SaysWhenTheProgramIsAnotherOne) {
  const auto spawned = TileProcess::spawn({.program = "/bin/true"},
                                          [](Address, Access) { return Status::not_mapped; });
  EXPECT_EQ(spawned.status(), Status::unsupported);
}

TEST(TileProcess, DiesWithAKilledApplication) {
  int report[2];
  ASSERT_EQ(::pipe(report), 0);
  const pid_t application = ::fork();
  if (application == 0) {
    const auto spawned = TileProcess::spawn({}, [](Address, Access) { return Status::not_mapped; });
    const pid_t helper = spawned ? (*spawned)->process_id() : 0;
    static_cast<void>(!::write(report[1], &helper, sizeof helper));
    ::pause();
  }
  pid_t helper = 0;
  ASSERT_EQ(::read(report[0], &helper, sizeof helper), static_cast<ssize_t>(sizeof helper));
  ASSERT_TRUE(helper != 0 && is_alive(helper));
  ::kill(application, SIGKILL);
  ::waitpid(application, nullptr, 0);
  EXPECT_TRUE(goes_away(helper));
}

TEST_F(TileTest, OutlivesTheThreadThatSpawnedIt) {
  std::thread{[this] { spawn({}); }}.join();
  EXPECT_EQ(tile->ping(), Status::ok);
  EXPECT_FALSE(tile->is_lost());
}

// proves: H5
TEST_F(TileTest, AForkedChildDoesNotDisturbIt) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_refused = tile->ping() == Status::device_lost && tile->is_lost();
    tile->kill();
    tile.reset();
    ::_exit(is_refused ? 0 : 1);
  }
  int exit_status = -1;
  ::waitpid(child, &exit_status, 0);
  EXPECT_EQ(exit_status, 0);
  EXPECT_EQ(tile->ping(), Status::ok);
  EXPECT_FALSE(tile->is_lost());
}

TEST_F(TileTest, TellsOfItsDeathOnce) {
  tile.reset();
  std::promise<void> told;
  spawn({.on_death = [&] { told.set_value(); }});
  ::kill(tile->process_id(), SIGKILL);
  ASSERT_EQ(told.get_future().wait_for(seconds{5}), std::future_status::ready);
  EXPECT_TRUE(tile->is_lost());
  EXPECT_EQ(tile->ping(), Status::device_lost);
  EXPECT_EQ(tile->map(binding(0)), Status::device_lost);
}

TEST_F(TileTest, TellsNothingOfAnOrdinaryEnd) {
  tile.reset();
  bool told = false;
  spawn({.on_death = [&] { told = true; }});
  tile.reset();
  EXPECT_FALSE(told);
}

TEST_F(TileTest, LosesRunningAndQueuedWork) {
  build();
  std::promise<Outcome> running, queued;
  const auto launch = request("spin", {PointerArgument{window.begin}});
  std::promise<void> began;
  on_fault = [&](Address where, Access) {
    began.set_value();
    return bind_chunk_at(where);
  };
  ASSERT_EQ(tile->launch(launch, [&](const Outcome& end) { running.set_value(end); }), Status::ok);
  ASSERT_EQ(tile->launch(launch, [&](const Outcome& end) { queued.set_value(end); }), Status::ok);
  began.get_future().wait();
  tile->kill();
  EXPECT_EQ(running.get_future().get().status, Status::device_lost);
  EXPECT_EQ(queued.get_future().get().status, Status::device_lost);
}

TEST_F(TileTest, RefusesWorkOnceLost) {
  build();
  tile->kill();
  while (!tile->is_lost()) std::this_thread::yield();
  EXPECT_EQ(tile->run(request("spin", {PointerArgument{window.begin}})).status,
            Status::device_lost);
  EXPECT_EQ(tile->build_module(file_bytes(ZESVM_TEST_KERNELS), "").status, Status::device_lost);
}

TEST_F(TileTest, DyingDuringAFaultDoesNotHang) {
  build();
  std::promise<void> faulted, go_on;
  auto going_on = go_on.get_future();
  on_fault = [&](Address, Access) {
    faulted.set_value();
    going_on.wait();
    return Status::ok;
  };
  std::promise<Outcome> ended;
  ASSERT_EQ(tile->launch(request("store", {PointerArgument{window.begin}, value_argument(1)}),
                         [&](const Outcome& end) { ended.set_value(end); }),
            Status::ok);
  faulted.get_future().wait();
  tile->kill();
  EXPECT_EQ(ended.get_future().get().status, Status::device_lost);
  go_on.set_value();
  tile.reset();
}

}  // namespace
}  // namespace zesvm::simulator::tile
