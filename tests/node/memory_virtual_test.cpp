// zeVirtualMem*, zePhysicalMem*.
#include <cstring>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

class MemoryVirtualTest : public DriverFixture {
 protected:
  void SetUp() override {
    DriverFixture::SetUp();
    ZE_OK(zeVirtualMemQueryPageSize(context, devices[0], 1, &page));
    // A wish; null is allowed too, but the layer of old loaders takes it for an error.
    void* const start = is_validated() ? reinterpret_cast<void*>(std::uintptr_t{1} << 44) : nullptr;
    ZE_OK(zeVirtualMemReserve(context, start, 4 * page, &reserved));
  }
  void TearDown() override {
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeVirtualMemFree(context, reserved, 4 * page));
    DriverFixture::TearDown();
  }
  ze_result_t create(std::uint32_t flags, std::size_t size, ze_physical_mem_handle_t* physical) {
    ze_physical_mem_desc_t desc{ZE_STRUCTURE_TYPE_PHYSICAL_MEM_DESC, nullptr, flags, size};
    return zePhysicalMemCreate(context, devices[0], &desc, physical);
  }
  void* at(std::size_t index) { return static_cast<char*>(reserved) + index * page; }

  static constexpr std::uint32_t on_host = 1u << 1;
  std::size_t page = 0;
  void* reserved = nullptr;
};

TEST_F(MemoryVirtualTest, HasPagesOf64KiB) {
  EXPECT_EQ(64u << 10, page);
  std::size_t large = 0;
  ZE_OK(zeVirtualMemQueryPageSize(context, devices[0], 64u << 20, &large));
  EXPECT_EQ(2u << 20, large);
}

TEST_F(MemoryVirtualTest, KeepsBytesInAnObjectAcrossMappings) {
  ze_physical_mem_handle_t physical = nullptr;
  ZE_OK(create(0, 2 * page, &physical));
  std::vector<unsigned char> bytes(2 * page, 77);
  ZE_OK(
      zeVirtualMemMap(context, at(0), 2 * page, physical, 0, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  ZE_OK(copy(devices[0], at(0), bytes.data(), bytes.size()));
  ZE_OK(zeVirtualMemUnmap(context, at(0), 2 * page));
  ZE_OK(
      zeVirtualMemMap(context, at(2), 2 * page, physical, 0, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  std::memset(bytes.data(), 0, bytes.size());
  ZE_OK(copy(devices[0], bytes.data(), at(2), bytes.size()));
  EXPECT_EQ(77, bytes.back());
  ZE_OK(zeVirtualMemUnmap(context, at(2), 2 * page));
  ZE_OK(zePhysicalMemDestroy(context, physical));
}

TEST_F(MemoryVirtualTest, TellsWhatIsMapped) {
  ze_physical_mem_handle_t physical = nullptr;
  ZE_OK(create(0, page, &physical));
  ZE_OK(zeVirtualMemMap(context, at(1), page, physical, 0, ZE_MEMORY_ACCESS_ATTRIBUTE_READONLY));
  ze_memory_access_attribute_t access{};
  std::size_t size = 0;
  ZE_OK(zeVirtualMemGetAccessAttribute(context, at(1), page, &access, &size));
  EXPECT_EQ(ZE_MEMORY_ACCESS_ATTRIBUTE_READONLY, access);
  EXPECT_EQ(page, size);
  ZE_OK(zeVirtualMemSetAccessAttribute(context, at(1), page, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  ZE_OK(zeVirtualMemGetAccessAttribute(context, at(1), page, &access, &size));
  EXPECT_EQ(ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE, access);
  ze_memory_allocation_properties_t told{};
  told.stype = ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES;
  ze_device_handle_t owner = nullptr;
  ZE_OK(zeMemGetAllocProperties(context, at(1), &told, &owner));
  EXPECT_EQ(ZE_MEMORY_TYPE_DEVICE, told.type);
  EXPECT_EQ(devices[0], owner);
  ZE_OK(zeMemGetAllocProperties(context, at(0), &told, &owner));
  EXPECT_EQ(ZE_MEMORY_TYPE_UNKNOWN, told.type);
  ZE_OK(zeVirtualMemUnmap(context, at(1), page));
  ZE_OK(zePhysicalMemDestroy(context, physical));
}

TEST_F(MemoryVirtualTest, RefusesToMapTwiceOrUnaligned) {
  ze_physical_mem_handle_t physical = nullptr;
  ZE_OK(create(0, page, &physical));
  ZE_OK(zeVirtualMemMap(context, at(0), page, physical, 0, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  EXPECT_EQ(
      ZE_RESULT_ERROR_INVALID_ARGUMENT,
      zeVirtualMemMap(context, at(0), page, physical, 0, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT,
            zeVirtualMemMap(context, static_cast<char*>(at(1)) + 4096, page, physical, 0,
                            ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  EXPECT_EQ(
      ZE_RESULT_ERROR_UNSUPPORTED_SIZE,
      zeVirtualMemMap(context, at(1), 4096, physical, 0, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_SIZE, create(0, 4096, &physical));
  ZE_OK(zeVirtualMemUnmap(context, at(0), page));
  ZE_OK(zePhysicalMemDestroy(context, physical));
}

TEST_F(MemoryVirtualTest, KeepsWhatIsMapped) {
  ze_physical_mem_handle_t physical = nullptr;
  ZE_OK(create(0, page, &physical));
  ZE_OK(zeVirtualMemMap(context, at(0), page, physical, 0, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  EXPECT_EQ(ZE_RESULT_ERROR_HANDLE_OBJECT_IN_USE, zeVirtualMemFree(context, reserved, 4 * page));
  ZE_OK(zeVirtualMemUnmap(context, at(0), page));
  ZE_OK(zePhysicalMemDestroy(context, physical));
}

TEST_F(MemoryVirtualTest, OnTheHostIsTheCpusToo) {
  if (is_validated()) GTEST_SKIP() << "the layer of old loaders knows no host physical memory";
  ze_physical_mem_handle_t physical = nullptr;
  ZE_OK(create(on_host, page, &physical));
  ZE_OK(zeVirtualMemMap(context, at(0), page, physical, 0, ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  std::memset(at(0), 6, page);
  std::vector<unsigned char> bytes(page);
  ZE_OK(copy(devices[1], bytes.data(), at(0), page));
  EXPECT_EQ(6, bytes[page - 1]);
  ZE_OK(zeVirtualMemUnmap(context, at(0), page));
  ZE_OK(zePhysicalMemDestroy(context, physical));
}

}  // namespace
}  // namespace zesvm
