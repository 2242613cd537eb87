// The driver as a whole: starting, what it says of itself, bad handles.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <unistd.h>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

using DriverTest = DriverFixture;

TEST_F(DriverTest, IsOneAndTheSameEveryTime) {
  ZE_OK(zeInit(ZE_INIT_FLAG_GPU_ONLY));
  std::uint32_t count = 0;
  ZE_OK(zeDriverGet(&count, nullptr));
  ASSERT_EQ(1u, count);
  count = 5;
  ze_driver_handle_t drivers[5]{};
  ZE_OK(zeDriverGet(&count, drivers));
  EXPECT_EQ(1u, count);
  EXPECT_EQ(driver, drivers[0]);
}

/// Returns the environment of every tile of this process, each variable behind a zero.
std::vector<std::string> environments_of_tiles() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    std::ifstream stat{entry.path() / "stat"};
    std::string id, name, state;
    ::pid_t parent = 0;
    if (!(stat >> id >> name >> state >> parent) || parent != ::getpid()) continue;
    if (name != "(zesvm-tile)") continue;
    std::ifstream file{entry.path() / "environ"};
    found.push_back(std::string(1, '\0') + std::string{std::istreambuf_iterator<char>{file}, {}});
  }
  return found;
}

// An OpenCL implementation that itself uses Level Zero would start tiles of tiles without end.
TEST_F(DriverTest, KeepsTheChoiceOfDriversFromItsTiles) {
  ASSERT_NE(nullptr, std::getenv("ZE_ENABLE_ALT_DRIVERS"));
  std::uint64_t host = 0;
  std::uint64_t there = 0;
  ZE_OK(zeDeviceGetGlobalTimestamps(devices[0], &host, &there));
  const auto environments = environments_of_tiles();
  ASSERT_FALSE(environments.empty());
  for (const std::string& environment : environments)
    for (const char* kept : {"ZE_", "ZES_", "POCL_DEVICES="})
      EXPECT_EQ(std::string::npos, environment.find(std::string(1, '\0') + kept)) << kept;
}

TEST_F(DriverTest, SaysWhichSpecificationItFollows) {
  ze_api_version_t version{};
  ZE_OK(zeDriverGetApiVersion(driver, &version));
  EXPECT_EQ(1u, ZE_MAJOR_VERSION(version));
  EXPECT_GE(ZE_MINOR_VERSION(version), 4u);
  ze_driver_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DRIVER_PROPERTIES;
  ZE_OK(zeDriverGetProperties(driver, &properties));
  EXPECT_NE(0u, properties.driverVersion);
  ze_driver_ipc_properties_t ipc{};
  ipc.stype = ZE_STRUCTURE_TYPE_DRIVER_IPC_PROPERTIES;
  ZE_OK(zeDriverGetIpcProperties(driver, &ipc));
  EXPECT_EQ(ZE_IPC_PROPERTY_FLAG_MEMORY | ZE_IPC_PROPERTY_FLAG_EVENT_POOL, ipc.flags);
}

TEST_F(DriverTest, CutsTheListOfExtensionsToTheCount) {
  std::uint32_t count = 0;
  ZE_OK(zeDriverGetExtensionProperties(driver, &count, nullptr));
  ASSERT_GT(count, 3u);
  std::vector<ze_driver_extension_properties_t> all(count + 5);
  std::uint32_t too_many = count + 5;
  ZE_OK(zeDriverGetExtensionProperties(driver, &too_many, all.data()));
  EXPECT_EQ(count, too_many);
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) names.insert(all[i].name);
  EXPECT_TRUE(names.contains(ZE_BANDWIDTH_PROPERTIES_EXP_NAME));
  EXPECT_EQ(count, names.size());
  std::uint32_t few = 2;
  std::memset(all.data(), 0, all.size() * sizeof(all[0]));
  ZE_OK(zeDriverGetExtensionProperties(driver, &few, all.data()));
  EXPECT_EQ(2u, few);
  EXPECT_NE('\0', all[1].name[0]);
  EXPECT_EQ('\0', all[2].name[0]);
}

TEST_F(DriverTest, FindsNewerFunctionsByName) {
  for (const char* name :
       {"zeInitDrivers", "zeDeviceGetRootDevice", "zeMemPutIpcHandle",
        "zeMemSetAtomicAccessAttributeExp", "zeMemGetAtomicAccessAttributeExp",
        "zeDriverGetLastErrorDescription", "zeCommandListHostSynchronize",
        "zeCommandListImmediateAppendCommandListsExp", "zesInit", "zesvmSimGetStatistics"})
    EXPECT_NE(nullptr, newer<void()>(name)) << name;
  void* address = &address;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT,
            zeDriverGetExtensionFunctionAddress(driver, "zeNoSuchFunction", &address));
  EXPECT_EQ(nullptr, address);
}

TEST_F(DriverTest, DescribesTheLastErrorOfTheThread) {
  const auto describe =
      newer<ze_result_t(ze_driver_handle_t, const char**)>("zeDriverGetLastErrorDescription");
  void* memory = nullptr;
  ASSERT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_SIZE, allocate_device(std::size_t{1} << 40, 0, &memory));
  const char* text = nullptr;
  ZE_OK(describe(driver, &text));
  EXPECT_NE(nullptr, std::strstr(text, "maxMemAllocSize")) << text;
}

TEST_F(DriverTest, RefusesHandlesThatAreNone) {
  if (is_validated()) GTEST_SKIP() << "the validation layer answers for the driver";
  int nothing = 0;
  const auto wrong = reinterpret_cast<ze_device_handle_t>(&nothing);
  ze_device_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_HANDLE, zeDeviceGetProperties(nullptr, &properties));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeDeviceGetProperties(wrong, &properties));
  // A handle of another class is as wrong as none.
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT,
            zeDeviceGetProperties(reinterpret_cast<ze_device_handle_t>(driver), &properties));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER, zeDeviceGetProperties(devices[0], nullptr));
}

TEST_F(DriverTest, RefusesAContextThatWasDestroyed) {
  if (is_validated()) GTEST_SKIP() << "the validation layer answers for the driver";
  const ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
  ze_context_handle_t gone = nullptr;
  ZE_OK(zeContextCreate(driver, &desc, &gone));
  ZE_OK(zeContextGetStatus(gone));
  ZE_OK(zeContextDestroy(gone));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeContextGetStatus(gone));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, zeContextDestroy(gone));
}

TEST_F(DriverTest, RefusesUnknownFlagsOfAContext) {
  const ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0x80};
  ze_context_handle_t made = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION, zeContextCreate(driver, &desc, &made));
  EXPECT_EQ(nullptr, made);
}

TEST(DriverStartTest, SaysWhichNodesThereAreWhenOneIsUnknown) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto start = [] {
    ::setenv("ZESVM_NODE", "no-such-node", 1);
    std::exit(zeInit(0) == ZE_RESULT_SUCCESS ? 0 : 3);
  };
  EXPECT_EXIT(start(), testing::ExitedWithCode(3), "no-such-node");
}

TEST(DriverStartTest, SaysWhereTheProgramOfATileShouldBe) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto start = [] {
    ::setenv("ZESVM_SIM_DEVICE", "/no/such/program", 1);
    std::exit(zeInit(0) == ZE_RESULT_ERROR_DEPENDENCY_UNAVAILABLE ? 3 : 0);
  };
  EXPECT_EXIT(start(), testing::ExitedWithCode(3), "ZESVM_SIM_DEVICE");
}

TEST(DriverStartTest, GivesNoDriverToProgramsThatWantVpus) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto start = [] { std::exit(zeInit(ZE_INIT_FLAG_VPU_ONLY) == ZE_RESULT_SUCCESS ? 0 : 3); };
  EXPECT_EXIT(start(), testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace zesvm
