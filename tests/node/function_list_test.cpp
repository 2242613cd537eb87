// The list of functions (functions.def) against the tables of the built driver and the document
// made from it. Run with ZESVM_WRITE_DOCS=1 to write the document.
#include <cctype>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include <level_zero/ze_ddi.h>
#include <level_zero/zes_ddi.h>
#include <level_zero/zet_ddi.h>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

enum class Fidelity { exact, approximate, unsupported };

struct Function {
  std::string name;
  Fidelity fidelity;
  std::string note;
};

std::vector<Function> all_functions() {
  std::vector<Function> all;
#define ZESVM_ENTRY(getter, table, member, function, fidelity, note) \
  all.push_back({#function, Fidelity::fidelity, note});
#define ZESVM_NAMED(function, fidelity, note) all.push_back({#function, Fidelity::fidelity, note});
#include "simulator/driver/functions.def"
#undef ZESVM_ENTRY
#undef ZESVM_NAMED
  return all;
}

const char* name_of(Fidelity fidelity) {
  switch (fidelity) {
    case Fidelity::exact: return "exact";
    case Fidelity::approximate: return "approximate";
    case Fidelity::unsupported: return "unsupported";
  }
  return "";
}

/// Returns the part of the API a function is in: `zeDevice` of `zeDeviceGetProperties`.
std::string part_of(const std::string& name) {
  if (name.starts_with("zesvmSim")) return "zesvmSim";
  std::size_t end = name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") + 1;
  for (const char* part : {"CommandList", "CommandQueue", "EventPool", "ModuleBuildLog",
                           "VirtualMem", "PhysicalMem", "FabricVertex", "FabricEdge"})
    if (name.compare(end - 1, std::strlen(part), part) == 0)
      return name.substr(0, end - 1 + std::strlen(part));
  while (end < name.size() && std::islower(static_cast<unsigned char>(name[end])) != 0) ++end;
  return name.substr(0, end);
}

std::string document() {
  std::map<std::string, std::vector<Function>> parts;
  std::map<Fidelity, int> totals;
  for (auto& function : all_functions()) {
    ++totals[function.fidelity];
    parts[part_of(function.name)].push_back(std::move(function));
  }
  std::ostringstream out;
  out << "<!-- Written by function_list_test from runtime/simulator/driver/functions.def. -->\n"
      << "# Functions of the simulated driver\n\n"
      << totals[Fidelity::exact] << " exact, " << totals[Fidelity::approximate] << " approximate, "
      << totals[Fidelity::unsupported]
      << " unsupported. What the words mean is in [simulator.md](simulator.md).\n";
  for (const auto& [part, functions] : parts) {
    out << "\n## " << part << "\n\n| function | fidelity | note |\n|---|---|---|\n";
    for (const auto& function : functions)
      out << "| " << function.name << " | " << name_of(function.fidelity) << " | " << function.note
          << " |\n";
  }
  return out.str();
}

/// The driver's library itself, beside the loader that also uses it.
class FunctionListTest : public DriverFixture {
 protected:
  void SetUp() override {
    ::setenv("ZES_ENABLE_SYSMAN", "1", 1);
    DriverFixture::SetUp();
    library = ::dlopen(std::getenv("ZE_ENABLE_ALT_DRIVERS"), RTLD_NOW);
    ASSERT_NE(nullptr, library) << ::dlerror();
    const auto samplers = table<ze_sampler_dditable_t>("zeGetSamplerProcAddrTable");
    unsupported = reinterpret_cast<void*>(samplers.pfnCreate);
  }
  template <typename Table>
  Table table(const char* getter) {
    Table out{};
    const auto get =
        reinterpret_cast<ze_result_t (*)(ze_api_version_t, Table*)>(::dlsym(library, getter));
    EXPECT_NE(nullptr, get) << getter;
    if (get != nullptr) {
      EXPECT_EQ(ZE_RESULT_SUCCESS, get(ZE_API_VERSION_CURRENT, &out)) << getter;
      EXPECT_EQ(ZE_RESULT_ERROR_INVALID_NULL_POINTER, get(ZE_API_VERSION_CURRENT, nullptr));
    }
    return out;
  }
  void check(void* entry, Fidelity fidelity, const char* function, const char* note) {
    ASSERT_NE(nullptr, entry) << function;
    // A function that refuses by itself says so in its note.
    if (fidelity == Fidelity::unsupported && entry != unsupported) {
      EXPECT_STREQ("answers so itself", note) << function;
    } else if (fidelity != Fidelity::unsupported) {
      EXPECT_NE(unsupported, entry) << function;
    }
  }
  void* library = nullptr;
  void* unsupported = nullptr;
};

TEST_F(FunctionListTest, SaysWhatTheTablesHold) {
#define ZESVM_ENTRY(getter, table_type, member, function, fidelity, note)                          \
  check(reinterpret_cast<void*>(table<table_type>(#getter).member), Fidelity::fidelity, #function, \
        note);
#define ZESVM_NAMED(function, fidelity, note)
#include "simulator/driver/functions.def"
#undef ZESVM_ENTRY
#undef ZESVM_NAMED
}

/// Calls a function with zeros for whatever arguments it has.
ze_result_t call_with_zeros(void* function) {
  using Any = ze_result_t (*)(long, long, long, long, long, long, long, long, long, long, long,
                              long, long, long, long, long);
  return reinterpret_cast<Any>(function)(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/// Returns whether the first argument of a function is a handle, and its result a code.
bool takes_a_handle(const std::string& name) {
  return name != "zeInit" && name != "zeInitDrivers" && name != "zeDriverGet" &&
         name != "zesInit" && name != "zesDriverGet" && name != "zeDriverGetDefaultContext" &&
         name != "zeModuleDynamicLink" && name != "zeModuleInspectLinkageExt" &&
         !name.starts_with("zesvmSim");
}

/// Fails the test unless a function that takes a handle refuses a null one as `expected`.
void check_refusal(void* function, const char* name, ze_result_t expected) {
  if (!takes_a_handle(name)) return;
  EXPECT_EQ(expected, call_with_zeros(function)) << name;
}

TEST_F(FunctionListTest, RefusesNullHandlesEverywhere) {
#define ZESVM_ENTRY(getter, table_type, member, function, fidelity, note)           \
  {                                                                                 \
    void* const entry = reinterpret_cast<void*>(table<table_type>(#getter).member); \
    check_refusal(entry, #function,                                                 \
                  entry == unsupported ? ZE_RESULT_ERROR_UNSUPPORTED_FEATURE        \
                                       : ZE_RESULT_ERROR_INVALID_NULL_HANDLE);      \
  }
#define ZESVM_NAMED(function, fidelity, note)                                 \
  check_refusal(reinterpret_cast<void*>(newer<void()>(#function)), #function, \
                ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
#include "simulator/driver/functions.def"
#undef ZESVM_ENTRY
#undef ZESVM_NAMED
}

TEST_F(FunctionListTest, SaysWhatIsFoundByName) {
#define ZESVM_ENTRY(getter, table_type, member, function, fidelity, note)
#define ZESVM_NAMED(function, fidelity, note) \
  EXPECT_NE(nullptr, newer<void()>(#function)) << #function;
#include "simulator/driver/functions.def"
#undef ZESVM_ENTRY
#undef ZESVM_NAMED
}

/// What a getter writes for a loader of version 1.`minor`, whose tables may be larger than those of
/// the headers.
std::vector<void*> entries_for(void* library, const char* getter, std::uint32_t minor) {
  std::vector<void*> entries(64);
  const auto get =
      reinterpret_cast<ze_result_t (*)(ze_api_version_t, void*)>(::dlsym(library, getter));
  EXPECT_NE(nullptr, get) << getter;
  if (get == nullptr) return {};
  EXPECT_EQ(ZE_RESULT_SUCCESS,
            get(static_cast<ze_api_version_t>(ZE_MAKE_VERSION(1, minor)), entries.data()));
  while (!entries.empty() && entries.back() == nullptr) entries.pop_back();
  return entries;
}

TEST_F(FunctionListTest, GivesLaterLoadersTheFunctionsOfLaterTables) {
  const auto later = entries_for(library, "zeGetMemProcAddrTable", 6);
  ASSERT_EQ(11u, later.size());
  EXPECT_EQ(reinterpret_cast<void*>(newer<void()>("zeMemPutIpcHandle")), later[10]);
  EXPECT_EQ(reinterpret_cast<void*>(newer<void()>("zeMemGetAtomicAccessAttributeExp")),
            entries_for(library, "zeGetMemExpProcAddrTable", 17).at(3));
}

// Whatever headers the driver is built with, it writes nothing where an older loader has no room.
TEST_F(FunctionListTest, GivesOlderLoadersNoMoreThanTheyKnow) {
  EXPECT_EQ(10u, entries_for(library, "zeGetMemProcAddrTable", 4).size());
  EXPECT_EQ(18u, entries_for(library, "zeGetDeviceProcAddrTable", 4).size());
  EXPECT_EQ(19u, entries_for(library, "zeGetDeviceProcAddrTable", 7).size());
  EXPECT_EQ(2u, entries_for(library, "zesGetEngineProcAddrTable", 4).size());
  EXPECT_EQ(0u, entries_for(library, "zeGetMemExpProcAddrTable", 4).size());
}

TEST_F(FunctionListTest, SaysThatRayTracingAndGraphsAreUnsupported) {
  for (const char* getter : {"zeGetRTASBuilderExpProcAddrTable", "zeGetGraphProcAddrTable",
                             "zeGetDriverExpProcAddrTable", "zesGetVFManagementExpProcAddrTable"})
    for (void* entry : entries_for(library, getter, 17)) EXPECT_EQ(unsupported, entry) << getter;
  EXPECT_EQ(4u, entries_for(library, "zeGetRTASBuilderExpProcAddrTable", 7).size());
}

TEST_F(FunctionListTest, RefusesLoadersOfAnotherSpecification) {
  std::vector<void*> entries(64);
  for (const char* getter : {"zeGetMemProcAddrTable", "zeGetMemExpProcAddrTable"}) {
    const auto get =
        reinterpret_cast<ze_result_t (*)(ze_api_version_t, void*)>(::dlsym(library, getter));
    EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_VERSION,
              get(static_cast<ze_api_version_t>(ZE_MAKE_VERSION(2, 0)), entries.data()));
  }
}

TEST(FunctionDocumentTest, IsWrittenFromTheList) {
  const std::string path = ZESVM_SIMULATOR_FUNCTIONS;
  if (std::getenv("ZESVM_WRITE_DOCS") != nullptr) std::ofstream{path} << document();
  std::ifstream file{path};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_EQ(document(), text) << "write it anew: cmake --build <dir> --target simulator_functions";
}

}  // namespace
}  // namespace zesvm
