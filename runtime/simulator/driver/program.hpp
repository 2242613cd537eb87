/// @file program.hpp
/// A SPIR-V module built for one tile: what a Level Zero module is, without its handle.
///
/// P1  reflection() describes what the program gave, after linking and specialisation; launches
///     append the address of the module-scope variables as a last argument where has_globals()
/// P2  whoever may still launch a kernel of it shares ownership; the last owner releases it
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/spirv/module.hpp"
#include "kernels/spirv/transform.hpp"
#include "simulator/node/node.hpp"

namespace zesvm::simulator::driver {

/// What a program is built from.
struct ProgramSource {
  std::vector<std::byte> spirv;
  std::string options;
  std::vector<spirv::SpecializationValue> constants;
};

/// How building went.
enum class BuildStage : std::uint8_t {
  built,
  not_a_module,
  build_failed,
  link_failed,
  device_lost
};

class Program;

/// A program, or why there is none.
struct ProgramOutcome {
  BuildStage stage = BuildStage::built;
  std::string log;
  std::shared_ptr<Program> program;
};

/// A module-scope variable that a program can reach.
struct ProgramVariable {
  std::string name;
  Address address;
  Bytes size;
};

/// A program of one tile.
class Program {
 public:
  /// Builds. Takes as long as the compiler does.
  static ProgramOutcome build(node::Node& node, node::TileId tile, ProgramSource source);
  /// Builds a built program for another tile of the same card. Its kernels use the variables of the
  /// program it was made from.
  static ProgramOutcome build_again(const std::shared_ptr<Program>& primary, node::TileId tile);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const spirv::Module& reflection() const { return *reflection_; }
  /// Returns the kernel of that name; null when there is none.
  const spirv::Kernel* kernel(std::string_view name) const { return reflection_->kernel(name); }
  /// Returns the variable of that name; null when there is none, or it has no address.
  const ProgramVariable* variable(std::string_view name) const;
  /// Returns what launches name it by.
  node::ModuleId id() const { return id_; }
  node::TileId tile() const { return tile_; }
  /// Returns the address to append to every kernel's arguments; nothing: none is expected.
  std::optional<Address> globals() const { return globals_; }
  /// Returns the SPIR-V and the options it was built from, constants applied: what a native binary
  /// holds.
  std::span<const std::byte> spirv() const { return reflection_->bytes(); }
  const std::string& options() const { return options_; }
  /// Returns whether it needs definitions from other modules, and so was not built yet.
  bool is_unlinked() const { return !is_built_; }

  /// Builds it together with others that define what it lacks. On failure nothing changed.
  ProgramOutcome link_with(std::span<const std::shared_ptr<Program>> others);

 private:
  Program(node::Node& node, node::TileId tile, spirv::Module reflection, std::string options);
  ProgramOutcome build_now(const spirv::Module& whole);
  Status place_globals(const spirv::PlacedGlobals& placed);

  node::Node& node_;
  const node::TileId tile_;
  // A pointer, since linking replaces it, and kernels made before hold what they read from it.
  std::shared_ptr<const spirv::Module> reflection_;
  const std::string options_;
  node::ModuleId id_{};
  bool is_built_ = false;
  // What was built, with its variables moved to where globals_ says.
  std::vector<std::byte> built_spirv_;
  std::optional<Address> globals_;
  // Whose variables they are, when not its own.
  std::shared_ptr<Program> primary_;
  std::vector<ProgramVariable> variables_;
};

/// Returns the container a native binary is: options and SPIR-V.
std::vector<std::byte> native_binary_of(const Program& program);
/// Reads a container. Safe on any input; nothing: it is none.
std::optional<ProgramSource> source_of_native_binary(std::span<const std::byte> binary);

}  // namespace zesvm::simulator::driver
