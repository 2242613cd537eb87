#include "levelzero/selection.hpp"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <vector>

#include <level_zero/ze_api.h>

#include "base/environment.hpp"
#include "base/mutex.hpp"
#include "levelzero/call.hpp"
#include "levelzero/paths.hpp"
#include "topology/node_description.hpp"

namespace zesvm::levelzero {
namespace fs = std::filesystem;
namespace {

Backend wanted_backend(const Situation& situation) {
  if (situation.wanted != Backend::automatic) return situation.wanted;
  const std::string& word = situation.backend_variable;
  if (word == "levelzero") return Backend::levelzero;
  if (word == "simulator") return Backend::simulator;
  if (word.empty() || word == "auto") {
    const bool names_node = !situation.node.empty() || !situation.node_variable.empty();
    return names_node ? Backend::simulator : Backend::automatic;
  }
  throw Error(ErrorCode::invalid_argument,
              "ZESVM_BACKEND is '" + word + "'; it can be auto, levelzero or simulator");
}

std::string missing_gpus(const Situation& situation) {
  if (situation.render_nodes == 0) return "no Intel GPU has a render node in /sys/class/drm";
  return "there is an Intel GPU but no driver library for it (package libze-intel-gpu1, or "
         "intel-level-zero-gpu)";
}

// A Runtime is made on any thread; which driver the process uses is decided under this lock.
Mutex<LockOrder::driver> decision_lock;
std::optional<Choice> decision;

Situation present_situation(const RuntimeOptions& options) {
  Situation now;
  now.wanted = options.backend;
  now.node = options.node;
  now.backend_variable = environment("ZESVM_BACKEND");
  now.node_variable = environment("ZESVM_NODE");
  now.alternative_drivers = environment("ZE_ENABLE_ALT_DRIVERS");
  now.is_initialized = is_level_zero_initialized();
  now.render_nodes = count_render_nodes();
  now.has_gpu_driver = has_gpu_driver();
  return now;
}

void check_against_decision(const Choice& made, const RuntimeOptions& options) {
  const bool wants_other =
      (options.backend == Backend::simulator && made.kind == Choice::Kind::real_gpus) ||
      (options.backend == Backend::levelzero && made.kind == Choice::Kind::simulated_node) ||
      (!options.node.empty() && made.kind == Choice::Kind::simulated_node &&
       options.node != made.node);
  if (!wants_other) return;
  throw Error(ErrorCode::backend_unavailable,
              "this process uses other devices already; Level Zero can be set up once in a "
              "process: start another one, or ask for the same backend and node");
}

}  // namespace

Choice choose(const Situation& situation) {
  if (situation.is_initialized) return {};
  const Backend wanted = wanted_backend(situation);
  const std::string node = !situation.node.empty() ? situation.node : situation.node_variable;
  if (!situation.alternative_drivers.empty()) {
    Choice keep;
    keep.node = node;
    return keep;
  }
  const bool has_gpus = situation.render_nodes > 0 && situation.has_gpu_driver;
  if (wanted == Backend::levelzero && !has_gpus)
    throw Error(ErrorCode::backend_unavailable, "real GPUs were asked for, but " +
                                                    missing_gpus(situation) +
                                                    "; ZESVM_BACKEND=simulator runs without one");
  if (wanted == Backend::levelzero || (wanted == Backend::automatic && has_gpus))
    return {Choice::Kind::real_gpus, "", ""};
  Choice simulated{Choice::Kind::simulated_node, node.empty() ? default_node : node, ""};
  if (wanted == Backend::automatic)
    simulated.notice = missing_gpus(situation) + ": using the simulated node " + simulated.node +
                       " (ZESVM_BACKEND, ZESVM_NODE)";
  return simulated;
}

std::size_t count_render_nodes(const fs::path& drm) {
  std::size_t count = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(drm, error)) {
    if (entry.path().filename().string().rfind("renderD", 0) != 0) continue;
    std::ifstream file(entry.path() / "device" / "vendor");
    std::string vendor;
    if (file >> vendor && vendor == "0x8086") ++count;
  }
  return count;
}

bool has_gpu_driver() {
  std::vector<fs::path> directories{"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib",
                                    "/usr/local/lib", "/usr/local/lib/x86_64-linux-gnu"};
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&zeInit), &info) != 0 && info.dli_fname != nullptr)
    directories.insert(directories.begin(), fs::path(info.dli_fname).parent_path());
  const std::string search = environment("LD_LIBRARY_PATH");
  for (std::size_t begin = 0; begin < search.size();) {
    const std::size_t end = std::min(search.find(':', begin), search.size());
    if (end > begin) directories.emplace_back(search.substr(begin, end - begin));
    begin = end + 1;
  }
  std::error_code error;
  for (const fs::path& directory : directories)
    if (fs::exists(directory / "libze_intel_gpu.so.1", error)) return true;
  return false;
}

// Intel's driver throws what it thinks of variables it cannot read.
ze_result_t initialize_driver() {
  try {
    return zeInit(ZE_INIT_FLAG_GPU_ONLY);
  } catch (const std::exception& thrown) {
    const std::string mask = environment("ZE_AFFINITY_MASK");
    throw Error(ErrorCode::backend_unavailable,
                std::string("the driver threw '") + thrown.what() + "' in zeInit" +
                    (mask.empty() ? "" : "; is ZE_AFFINITY_MASK=" + mask + " a list of numbers?"),
                "zeInit");
  }
}

bool is_level_zero_initialized() {
  // Before zeInit the loader's tables are empty, and every call says "uninitialized".
  std::uint32_t count = 0;
  return zeDriverGet(&count, nullptr) == ZE_RESULT_SUCCESS && count > 0;
}

void set_up_simulated_node(const std::string& node) {
  const fs::path driver = simulated_driver();
  const std::string name = !node.empty() ? node : environment("ZESVM_NODE");
  try {
    topology::load_node(name.empty() ? default_node : name);
  } catch (const topology::DescriptionError& error) {
    throw Error(ErrorCode::unknown_node, error.what());
  }
  ::setenv("ZE_ENABLE_ALT_DRIVERS", driver.c_str(), 1);
  ::setenv("ZESVM_NODE", name.empty() ? default_node : name.c_str(), 1);
}

Choice present_choice(const RuntimeOptions& options) { return choose(present_situation(options)); }

void initialize(const RuntimeOptions& options) {
  Lock guard{decision_lock};
  if (decision) return check_against_decision(*decision, options);
  const Choice choice = present_choice(options);
  if (choice.kind == Choice::Kind::simulated_node) {
    set_up_simulated_node(choice.node);
  } else if (!choice.node.empty()) {
    ::setenv("ZESVM_NODE", choice.node.c_str(), 1);
  }
  if (!choice.notice.empty()) std::fprintf(stderr, "zesvm: %s\n", choice.notice.c_str());
  const ze_result_t result = initialize_driver();
  if (result != ZE_RESULT_SUCCESS)
    throw Error(ErrorCode::backend_unavailable,
                "no Level Zero driver could be initialised: zeInit returned " + name_of(result) +
                    "; it cannot be tried again in this process. ZE_ENABLE_LOADER_DEBUG_TRACE=1 "
                    "shows what the loader does, and `zesvm info` what there is",
                "zeInit", static_cast<int>(result));
  decision = choice;
}

}  // namespace zesvm::levelzero
