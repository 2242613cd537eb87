/// @file selection.hpp
/// Which Level Zero driver this process uses. Decided once, before the first zeInit: the loader
/// reads its environment there, and a zeInit that found no driver cannot be repeated.
///
/// L1  choose() depends on its argument alone
/// L2  what the program set itself (ZE_ENABLE_ALT_DRIVERS, an initialised Level Zero) is kept
/// L3  `automatic` never fails where the simulated node can be had
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <zesvm/runtime.hpp>

namespace zesvm::levelzero {

/// What a choice depends on.
struct Situation {
  /// What the caller asks for, and a node it names.
  Backend wanted = Backend::automatic;
  std::string node;
  /// The environment: ZESVM_BACKEND, ZESVM_NODE, ZE_ENABLE_ALT_DRIVERS. Empty is the same as unset.
  std::string backend_variable;
  std::string node_variable;
  std::string alternative_drivers;
  /// Whether Level Zero works in this process already.
  bool is_initialized = false;
  /// Intel GPUs with a render node, and whether a driver library for them is installed.
  std::size_t render_nodes = 0;
  bool has_gpu_driver = false;
};

/// What to do before zeInit.
struct Choice {
  enum class Kind {
    /// Nothing: Level Zero or its environment is set up already.
    keep,
    /// Nothing: the loader finds the GPU drivers by itself.
    real_gpus,
    /// Name the simulated driver in the environment.
    simulated_node,
  };
  Kind kind = Kind::keep;
  /// The simulated node; empty: the driver's default.
  std::string node;
  /// What to say on stderr; empty: nothing.
  std::string notice;
};

/// Chooses. @errors Error(invalid_argument): ZESVM_BACKEND is none of the three words;
///          Error(backend_unavailable): real GPUs were asked for and there are none.
Choice choose(const Situation& situation);

/// The preset that is simulated when nothing else is said.
inline constexpr const char* default_node = "bmg-2";

/// Returns how many Intel GPUs have a render node, from the kernel's files below `drm`.
std::size_t count_render_nodes(const std::filesystem::path& drm = "/sys/class/drm");
/// Returns whether the loader would find a GPU driver library.
bool has_gpu_driver();
/// Returns whether zeInit was called in this process, successfully.
bool is_level_zero_initialized();

/// Sets the environment for the simulated node: for this process before zeInit, or for a program
/// that is about to be started. An empty `node` leaves ZESVM_NODE alone.
/// @errors Error(backend_unavailable): no driver library; Error(unknown_node): no such preset or
///         file. The environment is unchanged then.
void set_up_simulated_node(const std::string& node);

/// Returns what a Runtime made with these options would use now, in this process.
/// @errors as choose()
Choice present_choice(const RuntimeOptions& options);

/// Chooses for this process and initialises Level Zero; later calls do nothing but check that
/// what they ask for is what was chosen.
/// @errors as choose() and set_up_simulated_node(); backend_unavailable: zeInit failed
void initialize(const RuntimeOptions& options);

}  // namespace zesvm::levelzero
