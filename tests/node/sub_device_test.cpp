// Cards as devices, tiles as sub-devices: ZE_FLAT_DEVICE_HIERARCHY=COMPOSITE.
#include "node/command_fixture.hpp"

namespace zesvm {
namespace {

class SubDeviceTest : public CommandFixture {
 protected:
  void SetUp() override {
    // Before anything initialises Level Zero in this process: every case is one of its own.
    ::setenv("ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE", 1);
    CommandFixture::SetUp();
    std::uint32_t count = 2;
    tiles.resize(count);
    ZE_OK(zeDeviceGetSubDevices(device, &count, tiles.data()));
    ASSERT_EQ(count, 2u);
  }
  std::vector<ze_device_handle_t> tiles;
};

TEST_F(SubDeviceTest, KernelOfACardRunsOnEachOfItsTiles) {
  const auto code = module(device, "commands");
  int* const data = shared<int>(64);
  const auto add = kernel(code, "add", 64);
  set(add, data, 1);
  ZE_OK(launch(immediate(tiles[0]), add, 1));
  ZE_OK(launch(immediate(tiles[1]), add, 1));
  ZE_OK(launch(immediate(device), add, 1));
  EXPECT_EQ(data[63], 3);
}

TEST_F(SubDeviceTest, MemoryBelongsToTheDeviceItWasAskedFor) {
  for (const auto asked : {device, tiles[0], tiles[1]}) {
    for (void* memory : {static_cast<void*>(shared<int>(64, asked)),
                         static_cast<void*>(on_device<int>(64, asked))}) {
      ze_memory_allocation_properties_t told{};
      told.stype = ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES;
      ze_device_handle_t owner = nullptr;
      ZE_OK(zeMemGetAllocProperties(context, static_cast<int*>(memory) + 63, &told, &owner));
      EXPECT_EQ(asked, owner);
      ZE_OK(zeMemFree(context, memory));
    }
  }
}

TEST_F(SubDeviceTest, TilesShareTheVariablesOfTheirCardsModule) {
  const auto code = module(device, "globals");
  int* const count = shared<int>(1);
  float* const values = shared<float>(4);
  const auto run = kernel(code, "use_globals");
  set(run, count, values);
  ZE_OK(launch(immediate(tiles[0]), run, 1));
  EXPECT_EQ(*count, 41);
  ZE_OK(launch(immediate(tiles[1]), run, 1));
  EXPECT_EQ(*count, 42);
}

}  // namespace
}  // namespace zesvm
