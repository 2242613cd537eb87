// zeMem*: allocating, asking, freeing; what is refused and how.
#include <atomic>
#include <cstring>
#include <thread>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

class MemoryTest : public DriverFixture {
 protected:
  ze_memory_allocation_properties_t ask(const void* pointer, ze_device_handle_t* device) {
    ze_memory_allocation_properties_t told{};
    told.stype = ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeMemGetAllocProperties(context, pointer, &told, device));
    return told;
  }
};

TEST_F(MemoryTest, TellsTheKindsApart) {
  void* host = nullptr;
  void* device = nullptr;
  void* shared = nullptr;
  ZE_OK(allocate_host(100, 0, &host));
  ZE_OK(allocate_device(100, 0, &device));
  ZE_OK(allocate_shared(100, 0, devices[1], &shared));
  ze_device_handle_t owner = devices[0];
  EXPECT_EQ(ZE_MEMORY_TYPE_HOST, ask(host, &owner).type);
  EXPECT_EQ(nullptr, owner);
  EXPECT_EQ(ZE_MEMORY_TYPE_DEVICE, ask(device, &owner).type);
  EXPECT_EQ(devices[0], owner);
  EXPECT_EQ(ZE_MEMORY_TYPE_SHARED, ask(static_cast<char*>(shared) + 99, &owner).type);
  EXPECT_EQ(devices[1], owner);
  EXPECT_NE(ask(host, nullptr).id, ask(shared, nullptr).id);
  int local = 0;
  EXPECT_EQ(ZE_MEMORY_TYPE_UNKNOWN, ask(&local, &owner).type);
  EXPECT_EQ(nullptr, owner);
  for (void* memory : {host, device, shared}) ZE_OK(zeMemFree(context, memory));
}

TEST_F(MemoryTest, IsReadAndWrittenByTheCpu) {
  void* shared = nullptr;
  void* host = nullptr;
  ZE_OK(allocate_shared(3 << 20, 0, nullptr, &shared));
  ZE_OK(allocate_host(3 << 20, 0, &host));
  std::memset(shared, 7, 3 << 20);
  std::memcpy(host, shared, 3 << 20);
  EXPECT_EQ(7, static_cast<char*>(host)[(3 << 20) - 1]);
  ZE_OK(zeMemFree(context, shared));
  ZE_OK(zeMemFree(context, host));
}

TEST_F(MemoryTest, IsAlignedAsAskedFor) {
  for (const std::size_t alignment : {1, 64, 4096, 1 << 16, 1 << 21, 1 << 23}) {
    void* memory = nullptr;
    ZE_OK(allocate_shared(1000, alignment, devices[0], &memory));
    EXPECT_EQ(0u, reinterpret_cast<std::uintptr_t>(memory) % alignment);
    ZE_OK(zeMemFree(context, memory));
  }
}

TEST_F(MemoryTest, RefusesBadSizesAndAlignments) {
  void* memory = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_SIZE, allocate_device(0, 0, &memory));
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_SIZE, allocate_host(0, 0, &memory));
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_SIZE, allocate_shared(0, 0, nullptr, &memory));
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT, allocate_device(64, 3, &memory));
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT, allocate_host(64, 96, &memory));
  EXPECT_EQ(nullptr, memory);
}

TEST_F(MemoryTest, RefusesUnknownFlags) {
  const ze_device_mem_alloc_desc_t device_desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr,
                                               0x80, 0};
  const ze_host_mem_alloc_desc_t host_desc{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0x80};
  void* memory = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION,
            zeMemAllocDevice(context, &device_desc, 64, 0, devices[0], &memory));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION,
            zeMemAllocHost(context, &host_desc, 64, 0, &memory));
  EXPECT_EQ(nullptr, memory);
}

TEST_F(MemoryTest, IsLargerThanADeviceOnlyWithRelaxedLimits) {
  const std::size_t size = (256u << 20) + 4096;
  void* memory = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_SIZE, allocate_device(size, 0, &memory));
  const ze_relaxed_allocation_limits_exp_desc_t relaxed{
      ZE_STRUCTURE_TYPE_RELAXED_ALLOCATION_LIMITS_EXP_DESC, nullptr,
      ZE_RELAXED_ALLOCATION_LIMITS_EXP_FLAG_MAX_SIZE};
  ZE_OK(allocate_device(size, 0, &memory, &relaxed));
  ZE_OK(zeMemFree(context, memory));
}

TEST_F(MemoryTest, IsFreedOnceAndByItsContextOnly) {
  const ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
  ze_context_handle_t other = nullptr;
  ZE_OK(zeContextCreate(driver, &desc, &other));
  void* memory = nullptr;
  ZE_OK(allocate_shared(4096, 0, devices[0], &memory));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeMemFree(other, memory));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeMemFree(context, static_cast<char*>(memory) + 1));
  ZE_OK(zeMemFree(context, memory));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeMemFree(context, memory));
  int local = 0;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeMemFree(context, &local));
  ZE_OK(zeContextDestroy(other));
}

TEST_F(MemoryTest, IsFreedOnceCommandsHaveEnded) {
  const ze_memory_free_ext_desc_t blocking{ZE_STRUCTURE_TYPE_MEMORY_FREE_EXT_DESC, nullptr,
                                           ZE_DRIVER_MEMORY_FREE_POLICY_EXT_FLAG_BLOCKING_FREE};
  void* memory = nullptr;
  ZE_OK(allocate_shared(4096, 0, devices[0], &memory));
  ZE_OK(zeMemFreeExt(context, &blocking, memory));
  EXPECT_EQ(ZE_MEMORY_TYPE_UNKNOWN, ask(memory, nullptr).type);
}

TEST_F(MemoryTest, OfDeferredFreeServesCommandsThatWait) {
  void* memory = nullptr;
  void* target = nullptr;
  ZE_OK(allocate_shared(4096, 0, devices[0], &memory));
  ZE_OK(allocate_host(4096, 0, &target));
  std::memset(memory, 12, 4096);
  const ze_event_pool_desc_t pool_desc{ZE_STRUCTURE_TYPE_EVENT_POOL_DESC, nullptr,
                                       ZE_EVENT_POOL_FLAG_HOST_VISIBLE, 1};
  const ze_event_desc_t event_desc{ZE_STRUCTURE_TYPE_EVENT_DESC, nullptr, 0, 0, 0};
  ze_event_pool_handle_t pool = nullptr;
  ze_event_handle_t gate = nullptr;
  ZE_OK(zeEventPoolCreate(context, &pool_desc, 0, nullptr, &pool));
  ZE_OK(zeEventCreate(pool, &event_desc, &gate));
  const ze_command_queue_desc_t queue_desc{
      ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, nullptr, 0, 0, 0, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS,
      ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
  const ze_command_list_desc_t list_desc{ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC, nullptr, 0, 0};
  ze_command_queue_handle_t queue = nullptr;
  ze_command_list_handle_t list = nullptr;
  ZE_OK(zeCommandQueueCreate(context, devices[0], &queue_desc, &queue));
  ZE_OK(zeCommandListCreate(context, devices[0], &list_desc, &list));
  ZE_OK(zeCommandListAppendMemoryCopy(list, target, memory, 4096, nullptr, 1, &gate));
  ZE_OK(zeCommandListClose(list));
  ZE_OK(zeCommandQueueExecuteCommandLists(queue, 1, &list, nullptr));
  const ze_memory_free_ext_desc_t deferred{ZE_STRUCTURE_TYPE_MEMORY_FREE_EXT_DESC, nullptr,
                                           ZE_DRIVER_MEMORY_FREE_POLICY_EXT_FLAG_DEFER_FREE};
  ZE_OK(zeMemFreeExt(context, &deferred, memory));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeMemFree(context, memory));
  ZE_OK(zeEventHostSignal(gate));
  ZE_OK(zeCommandQueueSynchronize(queue, UINT64_MAX));
  EXPECT_EQ(12, static_cast<char*>(target)[4095]);
  while (ask(memory, nullptr).type != ZE_MEMORY_TYPE_UNKNOWN) std::this_thread::yield();
  ZE_OK(zeCommandListDestroy(list));
  ZE_OK(zeCommandQueueDestroy(queue));
  ZE_OK(zeEventDestroy(gate));
  ZE_OK(zeEventPoolDestroy(pool));
  ZE_OK(zeMemFree(context, target));
}

TEST_F(MemoryTest, KnowsItsAddressRange) {
  void* memory = nullptr;
  ZE_OK(allocate_shared(10000, 0, devices[0], &memory));
  void* base = nullptr;
  std::size_t size = 0;
  ZE_OK(zeMemGetAddressRange(context, static_cast<char*>(memory) + 5000, &base, &size));
  EXPECT_EQ(memory, base);
  EXPECT_LE(10000u, size);
  ZE_OK(zeMemGetAddressRange(context, memory, nullptr, nullptr));
  int local = 0;
  EXPECT_EQ(0x78000021u, zeMemGetAddressRange(context, &local, &base, &size));  // ADDRESS_NOT_FOUND
  ZE_OK(zeMemFree(context, memory));
}

// proves: B4
TEST_F(MemoryTest, OfDevicesMayExceedTheirVramAndKeepsItsBytes) {
  std::vector<unsigned char*> blocks;
  constexpr std::size_t size = 64u << 20;
  std::vector<unsigned char> line(4096);
  for (unsigned char i = 0; i < 6; ++i) {
    void* memory = nullptr;
    ZE_OK(allocate_device(size, 0, &memory));
    blocks.push_back(static_cast<unsigned char*>(memory));
    std::memset(line.data(), i + 1, line.size());
    ZE_OK(zeContextMakeMemoryResident(context, devices[0], memory, size));
    ZE_OK(copy(devices[0], blocks[i] + size / 2, line.data(), line.size()));
    ZE_OK(zeContextEvictMemory(context, devices[0], memory, size));
  }
  for (unsigned char i = 0; i < 6; ++i) {
    ZE_OK(copy(devices[0], line.data(), blocks[i] + size / 2, line.size()));
    EXPECT_EQ(i + 1, line.back());
    ZE_OK(zeMemFree(context, blocks[i]));
  }
}

TEST_F(MemoryTest, IsAllocatedAndFreedByManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  const auto work = [&](unsigned char mark) {
    for (int round = 0; round < 50; ++round) {
      void* memory = nullptr;
      if (allocate_shared(4096 + round * 512, 0, nullptr, &memory) != ZE_RESULT_SUCCESS) {
        ++failures;
        return;
      }
      std::memset(memory, mark, 4096);
      if (ask(memory, nullptr).type != ZE_MEMORY_TYPE_SHARED) ++failures;
      if (static_cast<unsigned char*>(memory)[4095] != mark) ++failures;
      if (zeMemFree(context, memory) != ZE_RESULT_SUCCESS) ++failures;
    }
  };
  for (unsigned char mark = 1; mark <= 4; ++mark) threads.emplace_back(work, mark);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(0, failures);
}

TEST_F(MemoryTest, IsMadeResidentAndEvicted) {
  void* memory = nullptr;
  ZE_OK(allocate_shared(4u << 20, 0, devices[0], &memory));
  std::memset(memory, 3, 4u << 20);
  ZE_OK(zeContextMakeMemoryResident(context, devices[0], memory, 4u << 20));
  ZE_OK(zeContextEvictMemory(context, devices[0], memory, 4u << 20));
  EXPECT_EQ(3, static_cast<char*>(memory)[1234567]);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_SIZE,
            zeContextMakeMemoryResident(context, devices[0], memory, 0));
  ZE_OK(zeMemFree(context, memory));
}

// proves: D5
TEST_F(MemoryTest, RemembersWhereAtomicsMustWork) {
  const auto set =
      newer<ze_result_t(ze_context_handle_t, ze_device_handle_t, const void*, std::size_t,
                        std::uint32_t)>("zeMemSetAtomicAccessAttributeExp");
  const auto get =
      newer<ze_result_t(ze_context_handle_t, ze_device_handle_t, const void*, std::size_t,
                        std::uint32_t*)>("zeMemGetAtomicAccessAttributeExp");
  constexpr std::uint32_t device_atomics = 1u << 4;
  constexpr std::uint32_t host_atomics = 1u << 2;
  void* memory = nullptr;
  ZE_OK(allocate_shared(8192, 4096, devices[0], &memory));
  std::uint32_t told = 99;
  ZE_OK(get(context, devices[0], memory, 8192, &told));
  EXPECT_EQ(0u, told);
  ZE_OK(set(context, devices[0], memory, 4096, device_atomics));
  ZE_OK(get(context, devices[0], memory, 4096, &told));
  EXPECT_EQ(device_atomics, told);
  // Two answers in one interval are none.
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, get(context, devices[0], memory, 8192, &told));
  ZE_OK(set(context, devices[0], memory, 8192, host_atomics));
  ZE_OK(get(context, devices[0], memory, 8192, &told));
  EXPECT_EQ(host_atomics, told);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION, set(context, devices[0], memory, 8192, 1u << 9));
  ZE_OK(zeMemFree(context, memory));
}

}  // namespace
}  // namespace zesvm
