// zes*: what monitoring tools see, on two cards of two tiles.
#include <cstring>

#include <level_zero/zes_api.h>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

class SysmanTest : public DriverFixture {
 protected:
  void SetUp() override {
    ::setenv("ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE", 1);
    ::setenv("ZES_ENABLE_SYSMAN", "1", 1);
    DriverFixture::SetUp();
    card = reinterpret_cast<zes_device_handle_t>(devices[0]);
  }
  zes_device_handle_t card = nullptr;
};

TEST_F(SysmanTest, DescribesTheCard) {
  zes_device_properties_t told{};
  told.stype = ZES_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  // Left uninitialised by programs: not to be followed.
  told.core.pNext = reinterpret_cast<void*>(std::uintptr_t{0x10});
  ZE_OK(zesDeviceGetProperties(card, &told));
  EXPECT_EQ(2u, told.numSubdevices);
  EXPECT_STREQ("zesvm linked card", told.modelName);
  EXPECT_STREQ("zesvm linked card", told.core.name);
  zes_device_state_t state{};
  state.stype = ZES_STRUCTURE_TYPE_DEVICE_STATE;
  ZE_OK(zesDeviceGetState(card, &state));
  EXPECT_EQ(0u, state.reset);
  zes_pci_properties_t pci{};
  pci.stype = ZES_STRUCTURE_TYPE_PCI_PROPERTIES;
  ZE_OK(zesDevicePciGetProperties(card, &pci));
  EXPECT_EQ(0x18u, pci.address.bus);
  EXPECT_EQ(16, pci.maxSpeed.width);
}

TEST_F(SysmanTest, ShowsUsedMemoryOfEveryTile) {
  std::uint32_t count = 0;
  ZE_OK(zesDeviceEnumMemoryModules(card, &count, nullptr));
  ASSERT_EQ(2u, count);
  zes_mem_handle_t modules[2]{};
  ZE_OK(zesDeviceEnumMemoryModules(card, &count, modules));
  zes_mem_properties_t told{};
  told.stype = ZES_STRUCTURE_TYPE_MEM_PROPERTIES;
  ZE_OK(zesMemoryGetProperties(modules[1], &told));
  EXPECT_EQ(1u, told.subdeviceId);
  EXPECT_EQ(64u << 20, told.physicalSize);
  EXPECT_EQ(ZES_MEM_TYPE_HBM, told.type);
  zes_mem_state_t before{};
  before.stype = ZES_STRUCTURE_TYPE_MEM_STATE;
  auto after = before;
  ZE_OK(zesMemoryGetState(modules[0], &before));
  void* memory = nullptr;
  ZE_OK(allocate_device(8u << 20, 0, &memory));
  ZE_OK(zeContextMakeMemoryResident(context, devices[0], memory, 8u << 20));
  ZE_OK(zesMemoryGetState(modules[0], &after));
  EXPECT_EQ(before.size, after.size);
  EXPECT_LE(after.free + (8u << 20), before.free);
  ZE_OK(zeMemFree(context, memory));
}

TEST_F(SysmanTest, HasAPortForEveryLinkToTheOtherCard) {
  std::uint32_t count = 0;
  ZE_OK(zesDeviceEnumFabricPorts(card, &count, nullptr));
  ASSERT_EQ(4u, count);
  std::vector<zes_fabric_port_handle_t> ports(count);
  ZE_OK(zesDeviceEnumFabricPorts(card, &count, ports.data()));
  for (const auto port : ports) {
    zes_fabric_port_properties_t told{};
    told.stype = ZES_STRUCTURE_TYPE_FABRIC_PORT_PROPERTIES;
    ZE_OK(zesFabricPortGetProperties(port, &told));
    EXPECT_EQ(1u, told.portId.fabricId);
    EXPECT_EQ(160'000'000'000, told.maxRxSpeed.bitRate);
    zes_fabric_port_state_t state{};
    state.stype = ZES_STRUCTURE_TYPE_FABRIC_PORT_STATE;
    ZE_OK(zesFabricPortGetState(port, &state));
    EXPECT_EQ(ZES_FABRIC_PORT_STATUS_HEALTHY, state.status);
    EXPECT_EQ(2u, state.remotePortId.fabricId);
    EXPECT_NE(0, state.remotePortId.portNumber);
  }
}

TEST_F(SysmanTest, TellsTheClock) {
  std::uint32_t count = 1;
  zes_freq_handle_t domain = nullptr;
  ZE_OK(zesDeviceEnumFrequencyDomains(card, &count, &domain));
  zes_freq_state_t state{};
  state.stype = ZES_STRUCTURE_TYPE_FREQ_STATE;
  ZE_OK(zesFrequencyGetState(domain, &state));
  EXPECT_EQ(1600, state.actual);
}

TEST_F(SysmanTest, EnumeratesNothingWhereThereIsNothing) {
  std::uint32_t count = 9;
  ZE_OK(zesDeviceEnumFans(card, &count, nullptr));
  EXPECT_EQ(0u, count);
  count = 9;
  ZE_OK(zesDeviceEnumTemperatureSensors(card, &count, nullptr));
  EXPECT_EQ(0u, count);
}

TEST(SysmanStartTest, IsOffUnlessAskedFor) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto start = [] {
    ::unsetenv("ZES_ENABLE_SYSMAN");
    std::uint32_t count = 1;
    ze_driver_handle_t driver = nullptr;
    ze_device_handle_t device = nullptr;
    if (zeInit(0) != ZE_RESULT_SUCCESS) std::exit(1);
    if (zeDriverGet(&count, &driver) != ZE_RESULT_SUCCESS) std::exit(2);
    count = 1;
    if (zeDeviceGet(driver, &count, &device) != ZE_RESULT_SUCCESS) std::exit(3);
    const auto result =
        zesDeviceEnumFans(reinterpret_cast<zes_device_handle_t>(device), &count, nullptr);
    std::exit(result == ZE_RESULT_ERROR_UNINITIALIZED ? 0 : 4);
  };
  EXPECT_EXIT(start(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace zesvm
