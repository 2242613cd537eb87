// What devices say of themselves and of each other, on a node of two cards.
#include <array>
#include <cstring>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

using DeviceTest = DriverFixture;

TEST_F(DeviceTest, IsWhatTheNodeDescribes) {
  ASSERT_EQ(2u, devices.size());
  const auto told = properties(devices[0]);
  EXPECT_STREQ("zesvm test card", told.name);
  EXPECT_EQ(ZE_DEVICE_TYPE_GPU, told.type);
  EXPECT_EQ(0x8086u, told.vendorId);
  EXPECT_EQ(0xe20bu, told.deviceId);
  EXPECT_EQ(256u << 20, told.maxMemAllocSize);
  EXPECT_EQ(4u, told.numSubslicesPerSlice);
  EXPECT_EQ(2400u, told.coreClockRate);
  EXPECT_NE(0u, told.flags & ZE_DEVICE_PROPERTY_FLAG_ONDEMANDPAGING);
  const auto other = properties(devices[1]);
  EXPECT_NE(0, std::memcmp(told.uuid.id, other.uuid.id, sizeof(told.uuid.id)));
}

TEST_F(DeviceTest, HasTwoUnitsOfTimerResolution) {
  ze_device_properties_t per_second{};
  per_second.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES_1_2;
  ZE_OK(zeDeviceGetProperties(devices[0], &per_second));
  const auto nanoseconds = properties(devices[0]).timerResolution;
  EXPECT_NEAR(1e9, static_cast<double>(per_second.timerResolution * nanoseconds), 2e7);
}

TEST_F(DeviceTest, FillsExtensionStructuresInTheChain) {
  ze_eu_count_ext_t eus{ZE_STRUCTURE_TYPE_EU_COUNT_EXT, nullptr, 0};
  ze_base_properties_t unknown{static_cast<ze_structure_type_t>(0x7abcdef0), &eus};
  ze_device_properties_t told{};
  told.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  told.pNext = &unknown;
  if (is_validated()) told.pNext = &eus;
  ZE_OK(zeDeviceGetProperties(devices[0], &told));
  EXPECT_EQ(32u, eus.numTotalEUs);
}

/// Calls `fill` with structures as malloc leaves them, garbage from the first byte to the last.
template <typename Structure, typename Fill>
void with_garbage(Fill&& fill) {
  std::array<Structure, 8> garbage;
  std::memset(static_cast<void*>(garbage.data()), 0xa5, sizeof(garbage));
  std::uint32_t count = garbage.size();
  EXPECT_EQ(ZE_RESULT_SUCCESS, fill(&count, garbage.data()));
}

// MPICH asks for queue groups so.
TEST_F(DeviceTest, FillsStructuresThatWereNotSetUp) {
  if (is_validated()) GTEST_SKIP() << "the validation layer follows the chain itself";
  const auto device = devices[0];
  with_garbage<ze_command_queue_group_properties_t>([&](auto* count, auto* groups) {
    return zeDeviceGetCommandQueueGroupProperties(device, count, groups);
  });
  with_garbage<ze_device_memory_properties_t>([&](auto* count, auto* memories) {
    return zeDeviceGetMemoryProperties(device, count, memories);
  });
  with_garbage<ze_device_cache_properties_t>(
      [&](auto* count, auto* caches) { return zeDeviceGetCacheProperties(device, count, caches); });
  with_garbage<ze_device_properties_t>(
      [&](auto*, auto* told) { return zeDeviceGetProperties(device, told); });
  with_garbage<ze_device_module_properties_t>(
      [&](auto*, auto* told) { return zeDeviceGetModuleProperties(device, told); });
  with_garbage<ze_driver_properties_t>(
      [&](auto*, auto* told) { return zeDriverGetProperties(driver, told); });
  with_garbage<ze_device_p2p_properties_t>(
      [&](auto*, auto* told) { return zeDeviceGetP2PProperties(device, devices[1], told); });
}

TEST_F(DeviceTest, SaysThatReadOnlyMappingsAreEnforced) {
  if (is_validated())
    GTEST_SKIP() << "the validation layer of old loaders refuses newer structures";
  struct {
    std::uint32_t stype = 0x00010015;
    void* next = nullptr;
    std::uint32_t capability = 0;
  } read_only;
  ze_device_properties_t told{};
  told.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  told.pNext = &read_only;
  ZE_OK(zeDeviceGetProperties(devices[0], &told));
  EXPECT_EQ(2u, read_only.capability);
}

TEST_F(DeviceTest, HasOneMemoryOfAllItsVram) {
  ze_device_memory_ext_properties_t more{};
  more.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_EXT_PROPERTIES;
  ze_device_memory_properties_t memory{};
  memory.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES;
  memory.pNext = &more;
  std::uint32_t count = 7;
  ZE_OK(zeDeviceGetMemoryProperties(devices[0], &count, &memory));
  EXPECT_EQ(1u, count);
  EXPECT_EQ(256u << 20, memory.totalSize);
  EXPECT_STREQ("GDDR6", memory.name);
  EXPECT_EQ(ZE_DEVICE_MEMORY_EXT_TYPE_GDDR6, more.type);
  EXPECT_EQ(456u, more.readBandwidth);
}

TEST_F(DeviceTest, TellsWhatMayBeAccessed) {
  ze_device_memory_access_properties_t access{};
  access.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES;
  ZE_OK(zeDeviceGetMemoryAccessProperties(devices[0], &access));
  EXPECT_EQ(1u, access.hostAllocCapabilities);
  EXPECT_EQ(3u, access.deviceAllocCapabilities);
  EXPECT_EQ(3u, access.sharedSingleDeviceAllocCapabilities);
  EXPECT_EQ(0xfu, access.sharedSystemAllocCapabilities);
}

TEST_F(DeviceTest, ComputesAndCopiesInItsFirstQueueGroup) {
  std::uint32_t count = 0;
  ZE_OK(zeDeviceGetCommandQueueGroupProperties(devices[0], &count, nullptr));
  ASSERT_GE(count, 1u);
  std::vector<ze_command_queue_group_properties_t> groups(count);
  for (auto& group : groups) group.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_GROUP_PROPERTIES;
  ZE_OK(zeDeviceGetCommandQueueGroupProperties(devices[0], &count, groups.data()));
  EXPECT_NE(0u, groups[0].flags & ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COMPUTE);
  EXPECT_NE(0u, groups[0].flags & ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COPY);
  for (const auto& group : groups) EXPECT_GT(group.numQueues, 0u);
}

TEST_F(DeviceTest, TellsLimitsOfKernels) {
  ze_device_compute_properties_t compute{};
  compute.stype = ZE_STRUCTURE_TYPE_DEVICE_COMPUTE_PROPERTIES;
  ZE_OK(zeDeviceGetComputeProperties(devices[0], &compute));
  EXPECT_EQ(1024u, compute.maxTotalGroupSize);
  EXPECT_EQ(128u << 10, compute.maxSharedLocalMemory);
  EXPECT_GT(compute.numSubGroupSizes, 0u);
  ze_device_module_properties_t module{};
  module.stype = ZE_STRUCTURE_TYPE_DEVICE_MODULE_PROPERTIES;
  ZE_OK(zeDeviceGetModuleProperties(devices[0], &module));
  EXPECT_NE(0u, module.flags & ZE_DEVICE_MODULE_FLAG_FP64);
  ze_device_cache_properties_t cache{};
  cache.stype = ZE_STRUCTURE_TYPE_DEVICE_CACHE_PROPERTIES;
  std::uint32_t count = 1;
  ZE_OK(zeDeviceGetCacheProperties(devices[0], &count, &cache));
  EXPECT_EQ(1u << 20, cache.cacheSize);
}

// proves: F1
TEST_F(DeviceTest, TellsTheBandwidthToAPeer) {
  ze_device_p2p_bandwidth_exp_properties_t bandwidth{};
  bandwidth.stype = ZE_STRUCTURE_TYPE_DEVICE_P2P_BANDWIDTH_EXP_PROPERTIES;
  ze_device_p2p_properties_t peer{};
  peer.stype = ZE_STRUCTURE_TYPE_DEVICE_P2P_PROPERTIES;
  peer.pNext = &bandwidth;
  ZE_OK(zeDeviceGetP2PProperties(devices[0], devices[1], &peer));
  ze_bool_t access = 0;
  ZE_OK(zeDeviceCanAccessPeer(devices[0], devices[1], &access));
  EXPECT_EQ(1, access);
  EXPECT_EQ(ZE_DEVICE_P2P_PROPERTY_FLAG_ACCESS, peer.flags);
  EXPECT_EQ(14u, bandwidth.logicalBandwidth);
  EXPECT_EQ(ZE_BANDWIDTH_UNIT_BYTES_PER_NANOSEC, bandwidth.bandwidthUnit);
  EXPECT_EQ(1500u, bandwidth.logicalLatency);
}

TEST_F(DeviceTest, KnowsItsPlaceOnThePciBus) {
  ze_pci_ext_properties_t pci{};
  pci.stype = ZE_STRUCTURE_TYPE_PCI_EXT_PROPERTIES;
  ZE_OK(zeDevicePciGetPropertiesExt(devices[1], &pci));
  EXPECT_EQ(4u, pci.address.bus);
  EXPECT_EQ(4, pci.maxSpeed.genVersion);
  EXPECT_NEAR(15.75e9, static_cast<double>(pci.maxSpeed.maxBandwidth), 1e8);
}

TEST_F(DeviceTest, HasAClockThatRuns) {
  std::uint64_t host[2]{};
  std::uint64_t device[2]{};
  for (int i = 0; i < 2; ++i) ZE_OK(zeDeviceGetGlobalTimestamps(devices[0], &host[i], &device[i]));
  EXPECT_LT(host[0], host[1]);
  EXPECT_LE(device[0], device[1]);
  ZE_OK(zeDeviceGetStatus(devices[0]));
  ZE_OK(zeContextSystemBarrier(context, devices[0]));
}

TEST_F(DeviceTest, HasNeitherImagesNorSamplers) {
  ze_device_image_properties_t images{};
  images.stype = ZE_STRUCTURE_TYPE_DEVICE_IMAGE_PROPERTIES;
  ZE_OK(zeDeviceGetImageProperties(devices[0], &images));
  EXPECT_EQ(0u, images.maxSamplers);
  ze_sampler_desc_t desc{};
  desc.stype = ZE_STRUCTURE_TYPE_SAMPLER_DESC;
  ze_sampler_handle_t sampler = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_FEATURE,
            zeSamplerCreate(context, devices[0], &desc, &sampler));
}

TEST_F(DeviceTest, HasNoSubDevicesWithOneTile) { EXPECT_TRUE(sub_devices(devices[0]).empty()); }

}  // namespace
}  // namespace zesvm
