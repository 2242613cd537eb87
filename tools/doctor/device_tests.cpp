#include "tools/doctor/device_tests.hpp"

#include <algorithm>
#include <dlfcn.h>
#include <filesystem>
#include <link.h>

#include <level_zero/loader/ze_loader.h>

#include <zesvm/interop.hpp>

#include "levelzero/capabilities.hpp"

namespace zesvm::tools {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

/// The drivers for GPUs the loader looks for, first the usual one.
constexpr const char* driver_names[] = {"libze_intel_gpu.so.1", "libze_intel_gpu_legacy1.so.1"};

constexpr std::uint32_t filled_value = 7;

/// Returns the file a loaded library is from.
std::string file_of(void* library) {
  link_map* map = nullptr;
  if (::dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return "";
  std::error_code error;
  const fs::path file = fs::canonical(map->l_name, error);
  return error ? map->l_name : file.string();
}

std::string reason_not_loaded(const std::string& name) {
  const char* const words = ::dlerror();
  const std::string reason = words != nullptr ? words : "no reason was given";
  // The dynamic loader's word for "there is no such file" names the file itself.
  return reason.rfind(name, 0) == 0 ? "not installed" : reason;
}

json json_of(const Device& device) {
  json facts;
  for (const auto& [about, fact] : levelzero::facts_of(device.capabilities())) facts[about] = fact;
  return {{"name", device.name()},
          {"memory_bytes", device.memory_bytes()},
          {"page_faults", device.has_page_faults()},
          {"any_pointer", device.has_shared_system_memory()},
          {"capabilities", facts}};
}

std::string dotted(std::uint32_t version) {
  return std::to_string(version >> 24) + "." + std::to_string((version >> 16) & 0xff) + "." +
         std::to_string(version & 0xffff);
}

std::string driver_version(const Runtime& runtime) {
  ze_driver_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DRIVER_PROPERTIES;
  if (zeDriverGetProperties(native_driver(runtime), &properties) != ZE_RESULT_SUCCESS) return "?";
  return dotted(properties.driverVersion);
}

std::string specification_of(const Runtime& runtime) {
  ze_api_version_t version{};
  if (zeDriverGetApiVersion(native_driver(runtime), &version) != ZE_RESULT_SUCCESS) return "?";
  return std::to_string(ZE_MAJOR_VERSION(version)) + "." +
         std::to_string(ZE_MINOR_VERSION(version));
}

std::string loader_file() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&zeInit), &info) == 0) return "?";
  std::error_code error;
  const fs::path file = fs::canonical(info.dli_fname, error);
  return error ? info.dli_fname : file.string();
}

std::string loader_version() {
  std::size_t count = 0;
  if (zelLoaderGetVersions(&count, nullptr) != ZE_RESULT_SUCCESS) return "?";
  std::vector<zel_component_version_t> parts(count);
  if (zelLoaderGetVersions(&count, parts.data()) != ZE_RESULT_SUCCESS) return "?";
  for (const zel_component_version_t& part : parts)
    if (std::string(part.component_name) == "loader")
      return std::to_string(part.component_lib_version.major) + "." +
             std::to_string(part.component_lib_version.minor) + "." +
             std::to_string(part.component_lib_version.patch);
  return "?";
}

void check_peer(Trial& trial, const Device& from, const Device& to) {
  trial.journal().at(Trial::label(from) + " on memory of " + Trial::label(to));
  const std::vector<std::size_t>& said = from.capabilities().peers;
  const bool is_reported = std::find(said.begin(), said.end(), to.index()) != said.end();
  if (from.can_access(to))
    trial.journal().note(Outcome::passed, "in place, data was right");
  else if (is_reported)
    trial.journal().note(Outcome::limited,
                         "the driver reports access, but data did not arrive: the way is through "
                         "the host instead");
  else
    trial.journal().note(Outcome::passed, "no access in place: the way is through the host");
}

}  // namespace

void try_driver_libraries(Journal& journal) {
  bool has_one = false;
  json files = json::array();
  for (const char* name : driver_names) {
    journal.at(name);
    void* const library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) {
      has_one = true;
      files.push_back(file_of(library));
      journal.note(Outcome::passed, file_of(library));
    } else if (const std::string reason = reason_not_loaded(name); reason != "not installed") {
      journal.note(Outcome::failed, reason);
      has_one = true;
    }
  }
  journal.fact("driver_files", files);
  if (has_one) return;
  journal.at(driver_names[0]);
  journal.note(Outcome::unavailable, "not installed");
}

void try_devices(Journal& journal) {
  journal.fact("loader_file", loader_file());
  journal.at("initialising Level Zero");
  Runtime runtime;
  journal.fact("loader_version", loader_version());
  journal.fact("driver_version", driver_version(runtime));
  journal.fact("specification", specification_of(runtime));
  journal.fact("simulated", runtime.is_simulated());
  journal.fact("node", runtime.node_name());
  json devices = json::array();
  for (const Device& device : runtime.devices()) {
    devices.push_back(json_of(device));
    journal.at(Trial::label(device));
    journal.note(Outcome::passed, device.name());
  }
  journal.fact("devices", devices);
}

void try_kernels(Trial& trial) {
  const Module module = trial.runtime().load_module("fill");
  for (const Device& device : trial.runtime().devices()) {
    trial.journal().at(Trial::label(device));
    const TrialMemory memory(trial.space(), Backing::shared, trial.words());
    std::fill_n(memory.data(), memory.size(), 0u);
    Stream stream(device);
    stream.launch(module.kernel("fill"), grid(memory.size()), memory.data(), filled_value);
    stream.wait();
    const auto written = static_cast<std::size_t>(
        std::count(memory.data(), memory.data() + memory.size(), filled_value));
    if (written == memory.size())
      trial.journal().note(Outcome::passed);
    else
      trial.journal().note(Outcome::failed,
                           written == 0
                               ? "the driver took the kernel and said it ran, but it wrote nothing"
                               : "wrong data: the kernel did not write all of it");
  }
}

void try_copies(Trial& trial) {
  for (const Device& device : trial.runtime().devices()) {
    trial.journal().at(Trial::label(device));
    const TrialMemory memory(trial.space(), Backing::shared, trial.words());
    std::vector<std::uint32_t> own(memory.size());
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = static_cast<std::uint32_t>(i);
    Stream stream(device);
    stream.fill(memory.data(), 0xff, memory.bytes());
    stream.copy(memory.data(), own.data(), memory.bytes());
    stream.wait();
    const std::string wrong = wrong_in(memory, 0);
    trial.journal().note(wrong.empty() ? Outcome::passed : Outcome::failed, wrong);
  }
}

void try_peers(Trial& trial) {
  const std::vector<Device>& devices = trial.runtime().devices();
  if (devices.size() < 2) return trial.journal().note(Outcome::unavailable, "there is one device");
  for (const Device& from : devices)
    for (const Device& to : devices)
      if (from != to) check_peer(trial, from, to);
}

}  // namespace zesvm::tools
