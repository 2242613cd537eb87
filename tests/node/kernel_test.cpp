#include <algorithm>
#include <cstring>
#include <numeric>

#include "node/command_fixture.hpp"

namespace zesvm {
namespace {

class KernelTest : public CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    code = module(device, "commands");
    commands = immediate(device);
  }
  ze_module_handle_t code = nullptr;
  ze_command_list_handle_t commands = nullptr;
};

TEST_F(KernelTest, NeedsANameItsModuleHas) {
  ze_kernel_handle_t made = nullptr;
  ze_kernel_desc_t desc{ZE_STRUCTURE_TYPE_KERNEL_DESC, nullptr, 0, "nothing"};
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_KERNEL_NAME, zeKernelCreate(code, &desc, &made));
  desc.pKernelName = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER, zeKernelCreate(code, &desc, &made));
}

TEST_F(KernelTest, ArgumentsAreCheckedBySizeAndIndex) {
  const auto run = kernel(code, "fill");
  const std::uint64_t value = 0;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_INDEX,
            zeKernelSetArgumentValue(run, 2, 4, &value));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE,
            zeKernelSetArgumentValue(run, 0, 4, &value));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE,
            zeKernelSetArgumentValue(run, 1, 8, &value));
  ZE_OK(zeKernelSetArgumentValue(run, 1, 4, &value));
}

TEST_F(KernelTest, GroupSizesAreChecked) {
  const auto run = kernel(code, "fill");
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION, zeKernelSetGroupSize(run, 0, 1, 1));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION, zeKernelSetGroupSize(run, 1 << 20, 1, 1));
  const auto eight = kernel(code, "groups_of_eight", 8);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION, zeKernelSetGroupSize(eight, 4, 1, 1));
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t z = 0;
  ZE_OK(zeKernelSuggestGroupSize(run, 96, 6, 1, &x, &y, &z));
  EXPECT_EQ(96 % x, 0u);
  EXPECT_EQ(6 % y, 0u);
  ZE_OK(zeKernelSetGroupSize(run, x, y, z));
  ZE_OK(zeKernelSuggestGroupSize(eight, 96, 1, 1, &x, &y, &z));
  EXPECT_EQ(x, 8u);
}

TEST_F(KernelTest, PropertiesDescribeIt) {
  const auto run = kernel(code, "groups_of_eight", 8);
  ze_kernel_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_KERNEL_PROPERTIES;
  ZE_OK(zeKernelGetProperties(run, &properties));
  EXPECT_EQ(properties.numKernelArgs, 1u);
  EXPECT_EQ(properties.requiredGroupSizeX, 8u);
  std::size_t size = 0;
  ZE_OK(zeKernelGetName(run, &size, nullptr));
  std::string name(size, '?');
  ZE_OK(zeKernelGetName(run, &size, name.data()));
  EXPECT_STREQ(name.c_str(), "groups_of_eight");
  ze_kernel_indirect_access_flags_t flags = 0;
  ZE_OK(zeKernelSetIndirectAccess(run, ZE_KERNEL_INDIRECT_ACCESS_FLAG_SHARED));
  ZE_OK(zeKernelGetIndirectAccess(run, &flags));
  EXPECT_EQ(flags, ZE_KERNEL_INDIRECT_ACCESS_FLAG_SHARED);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION, zeKernelSetIndirectAccess(run, 0x80));
  std::uint32_t groups = 0;
  ZE_OK(zeKernelSuggestMaxCooperativeGroupCount(run, &groups));
  EXPECT_GE(groups, 1u);
}

TEST_F(KernelTest, NullPointersReachTheKernel) {
  const auto run = kernel(code, "is_null");
  int* const out = shared<int>(1);
  ZE_OK(zeKernelSetArgumentValue(run, 0, sizeof(void*), nullptr));
  ZE_OK(zeKernelSetArgumentValue(run, 1, sizeof(void*), &out));
  ZE_OK(launch(commands, run, 1));
  EXPECT_EQ(*out, 1);
  set(run, out, out);
  ZE_OK(launch(commands, run, 1));
  EXPECT_EQ(*out, 2);
}

TEST_F(KernelTest, LocalMemoryIsOfEachGroup) {
  const auto run = kernel(code, "sum_group", 16);
  int* const in = shared<int>(64);
  int* const out = shared<int>(4);
  std::iota(in, in + 64, 0);
  ZE_OK(zeKernelSetArgumentValue(run, 0, sizeof(void*), &in));
  ZE_OK(zeKernelSetArgumentValue(run, 1, sizeof(void*), &out));
  ZE_OK(zeKernelSetArgumentValue(run, 2, 16 * sizeof(int), nullptr));
  ZE_OK(launch(commands, run, 4));
  EXPECT_EQ(out[0], 120);
  EXPECT_EQ(out[3], 120 + 3 * 256);
}

TEST_F(KernelTest, StructuresArePassedByValue) {
  const auto run = kernel(code, "take_struct");
  struct Pair {
    std::int64_t first;
    std::int32_t second;
  } const pair{40, 2};
  auto* const out = shared<std::int64_t>(1);
  set(run, pair, out);
  ZE_OK(launch(commands, run, 1));
  EXPECT_EQ(*out, 42);
}

TEST_F(KernelTest, GlobalOffsetShiftsTheIds) {
  const auto run = kernel(code, "global_ids", 4);
  auto* const out = shared<std::uint32_t>(4);
  set(run, out);
  ZE_OK(zeKernelSetGlobalOffsetExp(run, 100, 0, 0));
  ZE_OK(launch(commands, run, 1));
  EXPECT_EQ(out[0], 100u);
  EXPECT_EQ(out[3], 103u);
}

TEST_F(KernelTest, GroupCountCanComeFromMemory) {
  const auto run = kernel(code, "add");
  int* const data = on_device<int>(64, device);
  const int zero = 0;
  ZE_OK(zeCommandListAppendMemoryFill(commands, data, &zero, 4, 256, nullptr, 0, nullptr));
  auto* const counts = shared<ze_group_count_t>(2);
  counts[0] = {16, 1, 1};
  counts[1] = {4, 1, 1};
  set(run, data, 1);
  ZE_OK(zeCommandListAppendLaunchKernelIndirect(commands, run, counts, nullptr, 0, nullptr));
  auto* const how_many = shared<std::uint32_t>(1);
  *how_many = 2;
  ze_kernel_handle_t both[] = {run, run};
  ZE_OK(zeCommandListAppendLaunchMultipleKernelsIndirect(commands, 2, both, how_many, counts,
                                                         nullptr, 0, nullptr));
  int seen[64];
  ZE_OK(zeCommandListAppendMemoryCopy(commands, seen, data, 256, nullptr, 0, nullptr));
  EXPECT_EQ(seen[3], 3);
  EXPECT_EQ(seen[4], 2);
  EXPECT_EQ(seen[16], 0);
}

TEST_F(KernelTest, CooperativeLaunchRuns) {
  const auto run = kernel(code, "fill", 4);
  int* const data = shared<int>(8);
  set(run, data, 3);
  const ze_group_count_t count{2, 1, 1};
  ZE_OK(zeCommandListAppendLaunchCooperativeKernel(commands, run, &count, nullptr, 0, nullptr));
  EXPECT_EQ(data[7], 3);
}

TEST_F(KernelTest, LaunchNeedsAComputeList) {
  std::uint32_t groups = 0;
  ZE_OK(zeDeviceGetCommandQueueGroupProperties(device, &groups, nullptr));
  if (groups < 2) GTEST_SKIP() << "the test card has no copy engine";
  ze_command_list_handle_t copies = nullptr;
  const ze_command_list_desc_t desc{ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC, nullptr, 1, 0};
  ZE_OK(zeCommandListCreate(context, device, &desc, &copies));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE, launch(copies, kernel(code, "fill"), 1));
  const ze_command_queue_desc_t compute{
      ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC, nullptr, 0, 0, 0, ZE_COMMAND_QUEUE_MODE_DEFAULT,
      ZE_COMMAND_QUEUE_PRIORITY_NORMAL};
  ze_command_queue_handle_t other = nullptr;
  ZE_OK(zeCommandQueueCreate(context, device, &compute, &other));
  ZE_OK(zeCommandListClose(copies));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE,
            zeCommandQueueExecuteCommandLists(other, 1, &copies, nullptr));
}

/// What newer headers declare, as far as the tests of mutable lists use it.
struct MutableDesc {
  ze_structure_type_t stype;
  const void* next;
  std::uint32_t flags;
};
struct MutableArgument {
  ze_structure_type_t stype;
  const void* next;
  std::uint64_t command;
  std::uint32_t index;
  std::size_t size;
  const void* value;
};
struct MutableGroupCount {
  ze_structure_type_t stype;
  const void* next;
  std::uint64_t command;
  const ze_group_count_t* count;
};
constexpr ze_structure_type_t type(int number) { return static_cast<ze_structure_type_t>(number); }

TEST_F(KernelTest, RecordedLaunchCanBeChanged) {
  auto* const next_id =
      newer<ze_result_t(ze_command_list_handle_t, const MutableDesc*, std::uint64_t*)>(
          "zeCommandListGetNextCommandIdExp");
  auto* const update = newer<ze_result_t(ze_command_list_handle_t, const MutableDesc*)>(
      "zeCommandListUpdateMutableCommandsExp");
  auto* const change_kernels =
      newer<ze_result_t(ze_command_list_handle_t, std::uint32_t, std::uint64_t*,
                        ze_kernel_handle_t*)>("zeCommandListUpdateMutableCommandKernelsExp");
  const auto recorded = list(device);
  const auto on = queue(device, ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS);
  const auto add = kernel(code, "add");
  int* const data = shared<int>(4);
  std::fill(data, data + 4, 1);
  set(add, data, 1);
  const MutableDesc all{type(0x20017), nullptr, 0x7f};
  std::uint64_t id = 0;
  ZE_OK(next_id(recorded, &all, &id));
  ZE_OK(launch(recorded, add, 1));
  ZE_OK(zeCommandListClose(recorded));
  const int delta = 10;
  const ze_group_count_t four{4, 1, 1};
  const MutableArgument argument{type(0x20019), nullptr, id, 1, sizeof delta, &delta};
  const MutableGroupCount count{type(0x2001a), &argument, id, &four};
  const MutableDesc change{type(0x20018), &count, 0};
  ZE_OK(update(recorded, &change));
  ZE_OK(zeCommandListClose(recorded));
  auto same = recorded;
  ZE_OK(zeCommandQueueExecuteCommandLists(on, 1, &same, nullptr));
  EXPECT_EQ(data[3], 11);
  auto multiply = kernel(code, "multiply");
  set(multiply, data, 2);
  ZE_OK(change_kernels(recorded, 1, &id, &multiply));
  ZE_OK(zeCommandListClose(recorded));
  ZE_OK(zeCommandQueueExecuteCommandLists(on, 1, &same, nullptr));
  EXPECT_EQ(data[3], 22);
}

TEST_F(KernelTest, RecordedEventsCanBeChanged) {
  auto* const next_id =
      newer<ze_result_t(ze_command_list_handle_t, const MutableDesc*, std::uint64_t*)>(
          "zeCommandListGetNextCommandIdExp");
  auto* const change_signal =
      newer<ze_result_t(ze_command_list_handle_t, std::uint64_t, ze_event_handle_t)>(
          "zeCommandListUpdateMutableCommandSignalEventExp");
  auto* const change_waits =
      newer<ze_result_t(ze_command_list_handle_t, std::uint64_t, std::uint32_t,
                        ze_event_handle_t*)>("zeCommandListUpdateMutableCommandWaitEventsExp");
  const auto events = pool(2, ZE_EVENT_POOL_FLAG_HOST_VISIBLE);
  auto gate = event(events, 0);
  const auto done = event(events, 1);
  const auto recorded = list(device);
  const MutableDesc all{type(0x20017), nullptr, 0x7f};
  std::uint64_t id = 0;
  ZE_OK(next_id(recorded, &all, &id));
  ZE_OK(zeCommandListAppendBarrier(recorded, nullptr, 1, &gate));
  ZE_OK(zeCommandListClose(recorded));
  ZE_OK(change_signal(recorded, id, done));
  ZE_OK(change_waits(recorded, id, 0, nullptr));
  ZE_OK(zeCommandListClose(recorded));
  auto same = recorded;
  ZE_OK(zeCommandQueueExecuteCommandLists(queue(device), 1, &same, nullptr));
  ZE_OK(zeEventHostSynchronize(done, ten_seconds));
}

}  // namespace
}  // namespace zesvm
