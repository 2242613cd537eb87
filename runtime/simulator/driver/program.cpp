#include "simulator/driver/program.hpp"

#include <algorithm>
#include <cstring>

#include "simulator/driver/spirv_linker.hpp"

namespace zesvm::simulator::driver {

namespace {

ProgramOutcome failed(BuildStage stage, std::string log) {
  return {stage, std::move(log), nullptr};
}

std::string imports_text(const spirv::Module& module) {
  std::string text;
  for (const std::string& name : module.imports()) text += "undefined symbol: " + name + "\n";
  return text;
}

}  // namespace

Program::Program(node::Node& node, node::TileId tile, spirv::Module reflection, std::string options)
    : node_(node),
      tile_(tile),
      reflection_(std::make_shared<const spirv::Module>(std::move(reflection))),
      options_(std::move(options)) {}

Program::~Program() {
  if (is_built_) node_.release_module(tile_, id_);
  // The node may have lost the tile: there is nobody to tell about a failure.
  if (globals_ && !primary_) static_cast<void>(node_.free(*globals_));
}

ProgramOutcome Program::build(node::Node& node, node::TileId tile, ProgramSource source) {
  auto parsed = spirv::parse(source.spirv);
  if (!parsed) {
    return failed(BuildStage::not_a_module, "not a SPIR-V module: " + parsed.error().message);
  }
  auto special = spirv::specialize(*parsed, source.constants);
  if (!special) return failed(BuildStage::build_failed, special.error().message);
  std::shared_ptr<Program> program{
      new Program(node, tile, *std::move(special), std::move(source.options))};
  if (!program->reflection().imports().empty()) {
    std::string log = imports_text(program->reflection());
    return {BuildStage::built, std::move(log), std::move(program)};
  }
  ProgramOutcome outcome = program->build_now(program->reflection());
  if (outcome.stage == BuildStage::built) outcome.program = std::move(program);
  return outcome;
}

ProgramOutcome Program::build_now(const spirv::Module& whole) {
  std::string notes;
  const spirv::Module* module = &whole;
  std::optional<spirv::PlacedGlobals> placed;
  if (!whole.variables().empty()) {
    auto tried = spirv::with_globals_in_device_memory(whole);
    if (tried) {
      placed = *std::move(tried);
      module = &placed->module;
    } else {
      notes = "module-scope variables have no address: " + tried.error().message + "\n";
    }
  }
  node::BuildOutcome built = node_.build_module(tile_, module->bytes(), {}, options_);
  if (built.status == Status::device_lost) return failed(BuildStage::device_lost, built.log);
  if (built.status != Status::ok) return failed(BuildStage::build_failed, notes + built.log);
  id_ = built.module;
  is_built_ = true;
  built_spirv_.assign(module->bytes().begin(), module->bytes().end());
  if (placed && placed->size.count != 0) {
    if (const Status status = place_globals(*placed); status != Status::ok) {
      return failed(
          status == Status::device_lost ? BuildStage::device_lost : BuildStage::build_failed,
          "no memory for module-scope variables\n");
    }
  }
  return {BuildStage::built, notes + built.log, nullptr};
}

ProgramOutcome Program::build_again(const std::shared_ptr<Program>& primary, node::TileId tile) {
  std::shared_ptr<Program> program{
      new Program(primary->node_, tile, *primary->reflection_, primary->options_)};
  node::BuildOutcome built =
      primary->node_.build_module(tile, primary->built_spirv_, {}, primary->options_);
  if (built.status == Status::device_lost) return failed(BuildStage::device_lost, built.log);
  if (built.status != Status::ok) return failed(BuildStage::build_failed, built.log);
  program->id_ = built.module;
  program->is_built_ = true;
  program->globals_ = primary->globals_;
  program->primary_ = primary;
  return {BuildStage::built, std::move(built.log), std::move(program)};
}

Status Program::place_globals(const spirv::PlacedGlobals& placed) {
  ZESVM_TRY_ASSIGN(address, node_.allocate_device(tile_, placed.size, placed.alignment));
  globals_ = address;
  std::vector<std::byte> image = placed.image;
  for (const spirv::Relocation& relocation : placed.relocations) {
    const std::uint64_t target = (address + relocation.target).value;
    std::memcpy(image.data() + relocation.offset.count, &target, sizeof target);
  }
  ZESVM_TRY(node_.copy(tile_, address, address_of(image.data()), Bytes{image.size()}));
  for (const spirv::PlacedVariable& variable : placed.variables) {
    variables_.push_back({variable.name, address + variable.offset, variable.size});
  }
  return Status::ok;
}

const ProgramVariable* Program::variable(std::string_view name) const {
  const auto found = std::find_if(variables_.begin(), variables_.end(),
                                  [&](const auto& one) { return one.name == name; });
  return found == variables_.end() ? nullptr : &*found;
}

ProgramOutcome Program::link_with(std::span<const std::shared_ptr<Program>> others) {
  std::vector<const spirv::Module*> modules{reflection_.get()};
  for (const auto& other : others) modules.push_back(other->reflection_.get());
  LinkOutcome linked = link_modules(modules);
  if (!linked.module) return failed(BuildStage::link_failed, std::move(linked.log));
  ProgramOutcome outcome = build_now(*linked.module);
  if (outcome.stage == BuildStage::built) {
    reflection_ = std::make_shared<const spirv::Module>(*std::move(linked.module));
  }
  return outcome;
}

}  // namespace zesvm::simulator::driver
