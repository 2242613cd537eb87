#include <algorithm>
#include <cstring>

#include "node/command_fixture.hpp"

namespace zesvm {
namespace {

class ModuleTest : public CommandFixture {
 protected:
  ze_result_t build(ze_module_format_t format, const std::vector<std::uint8_t>& code,
                    ze_module_handle_t* made, ze_module_build_log_handle_t* log = nullptr,
                    const ze_module_constants_t* constants = nullptr) {
    const ze_module_desc_t desc{
        ZE_STRUCTURE_TYPE_MODULE_DESC, nullptr, format, code.size(), code.data(), "", constants};
    return zeModuleCreate(context, device, &desc, made, log);
  }
  std::string text_of(ze_module_build_log_handle_t log) {
    std::size_t size = 0;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeModuleBuildLogGetString(log, &size, nullptr));
    std::string text(size, '?');
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeModuleBuildLogGetString(log, &size, text.data()));
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeModuleBuildLogDestroy(log));
    return text.c_str();
  }
  int run_specialised(const ze_module_constants_t* constants) {
    ze_module_handle_t made = nullptr;
    EXPECT_EQ(ZE_RESULT_SUCCESS,
              build(ZE_MODULE_FORMAT_IL_SPIRV, spirv("specialised"), &made, nullptr, constants));
    int* const out = shared<int>(1);
    const auto run = kernel(made, "specialised");
    set(run, out);
    EXPECT_EQ(ZE_RESULT_SUCCESS, launch(immediate(device), run, 1));
    return *out;
  }
};

TEST_F(ModuleTest, NamesItsKernels) {
  const auto made = module(device, "commands");
  std::uint32_t count = 0;
  ZE_OK(zeModuleGetKernelNames(made, &count, nullptr));
  std::vector<const char*> names(count);
  ZE_OK(zeModuleGetKernelNames(made, &count, names.data()));
  const auto has = [&](const char* name) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* one) { return std::strcmp(one, name) == 0; });
  };
  EXPECT_TRUE(has("fill"));
  EXPECT_TRUE(has("count"));
  EXPECT_FALSE(has("no such kernel"));
}

TEST_F(ModuleTest, RubbishFailsWithALog) {
  ze_module_handle_t made = nullptr;
  ze_module_build_log_handle_t log = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_MODULE_BUILD_FAILURE,
            build(ZE_MODULE_FORMAT_IL_SPIRV, {1, 2, 3, 4, 5, 6, 7, 8}, &made, &log));
  EXPECT_NE(text_of(log), "");
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NATIVE_BINARY,
            build(ZE_MODULE_FORMAT_NATIVE, {1, 2, 3, 4, 5, 6, 7, 8}, &made));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ENUMERATION,
            build(static_cast<ze_module_format_t>(7), {1}, &made));
}

TEST_F(ModuleTest, NativeBinaryBuildsTheSameModule) {
  const auto first = module(device, "commands");
  std::size_t size = 0;
  ZE_OK(zeModuleGetNativeBinary(first, &size, nullptr));
  std::vector<std::uint8_t> binary(size);
  ZE_OK(zeModuleGetNativeBinary(first, &size, binary.data()));
  ze_module_handle_t second = nullptr;
  ZE_OK(build(ZE_MODULE_FORMAT_NATIVE, binary, &second));
  int* const data = shared<int>(4);
  const auto run = kernel(second, "fill", 4);
  set(run, data, 12);
  ZE_OK(launch(immediate(device), run, 1));
  EXPECT_EQ(data[3], 12);
  binary.resize(size / 2);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NATIVE_BINARY, build(ZE_MODULE_FORMAT_NATIVE, binary, &second));
}

TEST_F(ModuleTest, ConstantsAreSpecialised) {
  EXPECT_EQ(run_specialised(nullptr), 7);
  const std::uint32_t id = 3;
  const std::uint32_t value = 99;
  const void* values = &value;
  const ze_module_constants_t constants{1, &id, &values};
  EXPECT_EQ(run_specialised(&constants), 99);
}

TEST_F(ModuleTest, VariablesHaveAddresses) {
  const auto made = module(device, "globals");
  void* counter = nullptr;
  std::size_t size = 0;
  ZE_OK(zeModuleGetGlobalPointer(made, "counter", &size, &counter));
  EXPECT_EQ(size, sizeof(int));
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_GLOBAL_NAME,
            zeModuleGetGlobalPointer(made, "nothing", &size, &counter));
  const auto commands = immediate(device);
  const auto run = kernel(made, "use_globals");
  int* const count = shared<int>(1);
  float* const values = shared<float>(4);
  set(run, count, values);
  ZE_OK(launch(commands, run, 1));
  EXPECT_EQ(*count, 41);
  EXPECT_EQ(values[3], 8.0f);
  const int start = 100;
  ZE_OK(zeModuleGetGlobalPointer(made, "counter", &size, &counter));
  ZE_OK(
      zeCommandListAppendMemoryCopy(commands, counter, &start, sizeof start, nullptr, 0, nullptr));
  ZE_OK(launch(commands, run, 1));
  EXPECT_EQ(*count, 101);
  int now = 0;
  ZE_OK(zeCommandListAppendMemoryCopy(commands, &now, counter, sizeof now, nullptr, 0, nullptr));
  EXPECT_EQ(now, 101);
}

TEST_F(ModuleTest, VariablesMayPointToEachOther) {
  const auto made = module(device, "globals");
  const auto run = kernel(made, "follow_globals");
  int* const number = shared<int>(1);
  float* const value = shared<float>(1);
  set(run, number, value);
  const auto commands = immediate(device);
  ZE_OK(launch(commands, run, 1));
  EXPECT_EQ(*number, 7);
  EXPECT_EQ(*value, 2.0f);
  void* table = nullptr;
  std::size_t size = 0;
  ZE_OK(zeModuleGetGlobalPointer(made, "table", &size, &table));
  EXPECT_EQ(size, 16u);
  const float changed[2] = {0.0f, 3.0f};
  ZE_OK(zeCommandListAppendMemoryCopy(commands, table, changed, 8, nullptr, 0, nullptr));
  ZE_OK(launch(commands, run, 1));
  EXPECT_EQ(*value, 3.0f);
}

TEST_F(ModuleTest, LinkingGivesAModuleWhatItImports) {
  ze_module_handle_t modules[2] = {module(device, "importer"), module(device, "exporter")};
  ze_module_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_MODULE_PROPERTIES;
  ZE_OK(zeModuleGetProperties(modules[0], &properties));
  EXPECT_EQ(properties.flags, ZE_MODULE_PROPERTY_FLAG_IMPORTS);
  const ze_kernel_desc_t desc{ZE_STRUCTURE_TYPE_KERNEL_DESC, nullptr, 0, "call_twice"};
  ze_kernel_handle_t early = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_MODULE_UNLINKED, zeKernelCreate(modules[0], &desc, &early));
  ze_module_build_log_handle_t log = nullptr;
  EXPECT_EQ(ZE_RESULT_ERROR_MODULE_LINK_FAILURE, zeModuleDynamicLink(1, modules, &log));
  EXPECT_NE(text_of(log).find("twice"), std::string::npos);
  ZE_OK(zeModuleDynamicLink(2, modules, nullptr));
  int* const data = shared<int>(1);
  *data = 21;
  const auto run = kernel(modules[0], "call_twice");
  set(run, data);
  ZE_OK(launch(immediate(device), run, 1));
  EXPECT_EQ(*data, 42);
}

TEST_F(ModuleTest, FunctionPointersAreGivenForKnownNamesOnly) {
  const auto made = module(device, "commands");
  void* pointer = nullptr;
  ZE_OK(zeModuleGetFunctionPointer(made, "fill", &pointer));
  EXPECT_NE(pointer, nullptr);
  EXPECT_EQ(ZE_RESULT_ERROR_INVALID_FUNCTION_NAME,
            zeModuleGetFunctionPointer(made, "nothing", &pointer));
}

TEST_F(ModuleTest, LaunchOutlivesTheHandlesItWasMadeFrom) {
  const auto made = module(device, "commands");
  const auto run = kernel(made, "fill", 4);
  int* const data = shared<int>(4);
  set(run, data, 5);
  const auto events = pool(2, ZE_EVENT_POOL_FLAG_HOST_VISIBLE);
  const auto gate = event(events, 0);
  const auto done = event(events, 1);
  const auto commands = immediate(device, ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
  ZE_OK(launch(commands, run, 1, done, {gate}));
  const int other = 6;
  ZE_OK(zeKernelSetArgumentValue(run, 1, sizeof other, &other));
  ZE_OK(zeKernelDestroy(run));
  ZE_OK(zeModuleDestroy(made));
  ZE_OK(zeEventHostSignal(gate));
  ZE_OK(zeEventHostSynchronize(done, forever));
  EXPECT_EQ(data[3], 5);
}

}  // namespace
}  // namespace zesvm
