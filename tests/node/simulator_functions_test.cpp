// zesvmSim*: the simulator's own functions, by name.
#include <cstddef>
#include <cstring>

#include <zesvm/simulator_extension.h>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

class SimulatorFunctionsTest : public DriverFixture {
 protected:
  static constexpr std::size_t size = 4u << 20;

  void SetUp() override {
    DriverFixture::SetUp();
    void* pointer = nullptr;
    ZE_OK(allocate_shared(size, 2u << 20, devices[0], &pointer));
    memory = static_cast<unsigned char*>(pointer);
    std::memset(memory, 5, size);
  }
  void TearDown() override {
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeMemFree(context, memory));
    DriverFixture::TearDown();
  }
  template <typename Function>
  Function by_name(const char* name) {
    return newer<std::remove_pointer_t<Function>>(name);
  }
  std::vector<zesvm_sim_tile_statistics_t> statistics() {
    const auto ask = by_name<zesvm_sim_get_statistics_fn>(ZESVM_SIM_GET_STATISTICS_NAME);
    std::uint32_t count = 0;
    EXPECT_EQ(ZE_RESULT_SUCCESS, ask(&count, nullptr));
    std::vector<zesvm_sim_tile_statistics_t> tiles(count);
    for (auto& tile : tiles) tile.size = sizeof(tile);
    EXPECT_EQ(ZE_RESULT_SUCCESS, ask(&count, tiles.data()));
    return tiles;
  }
  std::vector<zesvm_sim_residency_t> residency() {
    const auto ask = by_name<zesvm_sim_query_residency_fn>(ZESVM_SIM_QUERY_RESIDENCY_NAME);
    std::uint32_t count = 0;
    EXPECT_EQ(ZE_RESULT_SUCCESS, ask(memory, size, &count, nullptr));
    std::vector<zesvm_sim_residency_t> pieces(count);
    for (auto& piece : pieces) piece.size = sizeof(piece);
    EXPECT_EQ(ZE_RESULT_SUCCESS, ask(memory, size, &count, pieces.data()));
    return pieces;
  }
  /// Moves the memory to the VRAM of a device.
  void prefetch(ze_device_handle_t device) {
    ZE_OK(run(device, [&](ze_command_list_handle_t list) {
      return zeCommandListAppendMemoryPrefetch(list, memory, size);
    }));
  }
  unsigned char* memory = nullptr;
};

TEST_F(SimulatorFunctionsTest, TellVirtualTime) {
  const auto ask = by_name<zesvm_sim_get_virtual_time_fn>(ZESVM_SIM_GET_VIRTUAL_TIME_NAME);
  zesvm_sim_virtual_time_t before{};
  before.size = sizeof(before);
  zesvm_sim_virtual_time_t after = before;
  ZE_OK(ask(&before));
  prefetch(devices[1]);
  ZE_OK(ask(&after));
  EXPECT_GT(after.elapsed, before.elapsed);
  EXPECT_GE(after.elapsed, statistics()[1].virtual_now);
  EXPECT_GT(statistics()[1].virtual_copies, 0u);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER, ask(nullptr));
  // A caller of the first version, which knows no time, gets none.
  zesvm_sim_tile_statistics_t old{};
  old.size = offsetof(zesvm_sim_tile_statistics_t, virtual_now);
  std::uint32_t count = 1;
  ZE_OK(by_name<zesvm_sim_get_statistics_fn>(ZESVM_SIM_GET_STATISTICS_NAME)(&count, &old));
  EXPECT_EQ(old.virtual_now, 0u);
}

// proves: D8
TEST_F(SimulatorFunctionsTest, SayWhereMemoryIs) {
  for (const auto& piece : residency()) EXPECT_NE(ZESVM_SIM_PLACE_VRAM, piece.place);
  prefetch(devices[1]);
  auto end = reinterpret_cast<std::uintptr_t>(memory);
  for (const auto& piece : residency()) {
    EXPECT_EQ(ZESVM_SIM_PLACE_VRAM, piece.place);
    EXPECT_EQ(1u, piece.device_index);
    EXPECT_EQ(0u, piece.tile_index);
    EXPECT_EQ(2u, piece.mapped_tiles);
    EXPECT_EQ(end, piece.begin);
    end = piece.end;
  }
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) + size, end);
}

// proves: B9
TEST_F(SimulatorFunctionsTest, MoveMemoryToTheSystemOnRequest) {
  prefetch(devices[0]);
  const auto before = statistics();
  ZE_OK(by_name<zesvm_sim_migrate_to_system_fn>(ZESVM_SIM_MIGRATE_TO_SYSTEM_NAME)(memory, size));
  const auto after = statistics();
  EXPECT_EQ(before[0].to_system.bytes + size, after[0].to_system.bytes);
  EXPECT_GE(before[0].vram_used_bytes, after[0].vram_used_bytes + size);
  for (const auto& piece : residency()) EXPECT_NE(ZESVM_SIM_PLACE_VRAM, piece.place);
  EXPECT_EQ(5, memory[size - 1]);
}

// proves: B11
TEST_F(SimulatorFunctionsTest, DropDeadContentWithoutACopy) {
  prefetch(devices[0]);
  const auto before = statistics();
  ZE_OK(by_name<zesvm_sim_discard_fn>(ZESVM_SIM_DISCARD_NAME)(memory, size));
  EXPECT_EQ(0, memory[0]);
  EXPECT_EQ(0, memory[size - 1]);
  EXPECT_EQ(before[0].to_system.bytes, statistics()[0].to_system.bytes);
}

TEST_F(SimulatorFunctionsTest, FillNoMoreThanTheCallerHasRoomFor) {
  struct Old {
    zesvm_sim_tile_statistics_t told;
    std::uint64_t canary = 77;
  } old;
  old.told.size = offsetof(zesvm_sim_tile_statistics_t, gpu_faults);
  old.told.gpu_faults = 4711;
  std::uint32_t count = 1;
  const auto ask = by_name<zesvm_sim_get_statistics_fn>(ZESVM_SIM_GET_STATISTICS_NAME);
  ZE_OK(ask(&count, &old.told));
  EXPECT_EQ(4711u, old.told.gpu_faults);
  EXPECT_EQ(ZESVM_SIM_EXTENSION_VERSION, old.told.version);
  old.told.size = 8;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_SIZE, ask(&count, &old.told));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER, ask(nullptr, nullptr));
}

TEST_F(SimulatorFunctionsTest, RefuseMemoryThatIsNotTheNodes) {
  int local = 0;
  const auto discard = by_name<zesvm_sim_discard_fn>(ZESVM_SIM_DISCARD_NAME);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, discard(&local, sizeof(local)));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, discard(memory, size + 4096));
}

}  // namespace
}  // namespace zesvm
