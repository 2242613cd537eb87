// Cards and tiles as devices, on two cards of two tiles. ZESVM_TEST_HIERARCHY says how.
#include <cstring>
#include <set>
#include <string>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

class DeviceHierarchyTest : public DriverFixture {
 protected:
  static constexpr std::string_view hierarchy = ZESVM_TEST_HIERARCHY;

  void SetUp() override {
    // Read at the first zeInit of the process, like on other drivers.
    ::setenv("ZE_FLAT_DEVICE_HIERARCHY", ZESVM_TEST_HIERARCHY, 1);
    DriverFixture::SetUp();
  }
  ze_device_handle_t root_of(ze_device_handle_t device) {
    ze_device_handle_t root = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS, newer<ze_result_t(ze_device_handle_t, ze_device_handle_t*)>(
                                     "zeDeviceGetRootDevice")(device, &root));
    return root;
  }
  std::string uuid(ze_device_handle_t device) {
    const auto told = properties(device);
    return {reinterpret_cast<const char*>(told.uuid.id), sizeof(told.uuid.id)};
  }
};

TEST_F(DeviceHierarchyTest, ListsCardsOrTiles) {
  EXPECT_EQ(hierarchy == "COMPOSITE" ? 2u : 4u, devices.size());
  for (const auto device : devices) {
    const bool is_sub = (properties(device).flags & ZE_DEVICE_PROPERTY_FLAG_SUBDEVICE) != 0;
    EXPECT_EQ(hierarchy == "COMBINED", is_sub);
    EXPECT_EQ(hierarchy == "COMPOSITE" ? 2u : 0u, sub_devices(device).size());
    EXPECT_EQ(hierarchy == "COMBINED", root_of(device) != nullptr);
  }
}

TEST_F(DeviceHierarchyTest, CountsTheMemoryOfWhatADeviceCovers) {
  ze_device_memory_properties_t memory{};
  memory.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES;
  std::uint32_t count = 1;
  ZE_OK(zeDeviceGetMemoryProperties(devices[0], &count, &memory));
  EXPECT_EQ((hierarchy == "COMPOSITE" ? 128u : 64u) << 20, memory.totalSize);
}

TEST_F(DeviceHierarchyTest, GivesEveryDeviceItsOwnUuid) {
  std::set<std::string> uuids;
  std::size_t count = 0;
  for (const auto device : devices) {
    uuids.insert(uuid(device));
    ++count;
    for (const auto tile : sub_devices(device)) {
      uuids.insert(uuid(tile));
      ++count;
    }
  }
  EXPECT_EQ(count, uuids.size());
}

TEST_F(DeviceHierarchyTest, ReachesAllTilesOfTheNode) {
  ze_bool_t access = 0;
  ZE_OK(zeDeviceCanAccessPeer(devices.front(), devices.back(), &access));
  EXPECT_EQ(1, access);
  ze_device_p2p_properties_t peer{};
  peer.stype = ZE_STRUCTURE_TYPE_DEVICE_P2P_PROPERTIES;
  ZE_OK(zeDeviceGetP2PProperties(devices.front(), devices.back(), &peer));
  EXPECT_EQ(ZE_DEVICE_P2P_PROPERTY_FLAG_ACCESS | ZE_DEVICE_P2P_PROPERTY_FLAG_ATOMICS, peer.flags);
}

TEST_F(DeviceHierarchyTest, NamesTheTileThatHoldsDeviceMemory) {
  auto device = devices[0];
  if (const auto tiles = sub_devices(device); !tiles.empty()) device = tiles[1];
  const ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
  void* memory = nullptr;
  ZE_OK(zeMemAllocDevice(context, &desc, 4096, 0, device, &memory));
  ze_memory_allocation_properties_t told{};
  told.stype = ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES;
  ze_device_handle_t owner = nullptr;
  ZE_OK(zeMemGetAllocProperties(context, memory, &told, &owner));
  EXPECT_EQ(device, owner);
  ZE_OK(zeMemFree(context, memory));
}

}  // namespace
}  // namespace zesvm
