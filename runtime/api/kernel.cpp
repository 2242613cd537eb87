#include <utility>

#include <zesvm/error.hpp>
#include <zesvm/kernel.hpp>

#include "api/kernel_declarations.hpp"
#include "levelzero/program.hpp"
#include "levelzero/tile.hpp"

namespace zesvm {
namespace {

bool is_pointer(const spirv::Argument& argument) {
  return argument.kind == spirv::ArgumentKind::global_pointer ||
         argument.kind == spirv::ArgumentKind::constant_pointer;
}

}  // namespace

KernelUse use_of(const spirv::KernelAccesses& found, const Kernel::Declarations* declared) {
  KernelUse use;
  for (const spirv::AccessSummary& one : found.arguments)
    use.arguments.push_back(
        {one.is_read, one.is_written, one.is_atomic, one.escapes, false, one.reason});
  use.follows_pointers = found.touches_other_memory;
  use.reason = found.reason;
  if (declared == nullptr) return use;
  for (const auto& [position, mode] : declared->arguments) {
    ArgumentUse& one = use.arguments[position];
    one.is_read = mode != AccessMode::write;
    one.is_written = mode != AccessMode::read;
    one.is_atomic = mode == AccessMode::atomic;
    one.is_declared = true;
    one.reason = "declared";
  }
  return use;
}

std::optional<AccessMode> mode_of(const ArgumentUse& use) {
  if (use.is_atomic) return AccessMode::atomic;
  if (use.is_read && use.is_written) return AccessMode::read_write;
  if (use.is_written) return AccessMode::write;
  return use.is_read ? std::optional(AccessMode::read) : std::nullopt;
}

Kernel::Kernel(std::shared_ptr<levelzero::Program> program, std::string name)
    : program_(std::move(program)), name_(std::move(name)) {}

KernelUse Kernel::use() const { return use_of(program_->accesses(name_), declared_.get()); }

template <typename Change>
Kernel Kernel::declaring(Change&& change) const {
  auto declarations =
      declared_ ? std::make_shared<Declarations>(*declared_) : std::make_shared<Declarations>();
  change(*declarations);
  Kernel with = *this;
  with.declared_ = std::move(declarations);
  return with;
}

Kernel Kernel::with_access(std::size_t argument, AccessMode mode) const {
  const auto& arguments = program_->reflection(name_).arguments;
  if (argument >= arguments.size() || !is_pointer(arguments[argument]))
    throw Error(ErrorCode::invalid_argument,
                "declaring the access of argument " + std::to_string(argument) + " of " + name_ +
                    ": it has " + std::to_string(arguments.size()) +
                    " arguments, and only pointers to global memory have an access");
  return declaring([&](Declarations& all) { all.arguments[argument] = mode; });
}

Kernel Kernel::reaching(const std::vector<Access>& memory) const {
  return declaring([&](Declarations& all) {
    all.reached.insert(all.reached.end(), memory.begin(), memory.end());
  });
}

Kernel Kernel::reaching_everything() const {
  return declaring([](Declarations& all) { all.reaches_everything = true; });
}

Module::Module(std::shared_ptr<levelzero::Program> program) : program_(std::move(program)) {}

Kernel Module::kernel(const std::string& name) const {
  static_cast<void>(program_->reflection(name));  // throws when there is none
  return Kernel(program_, name);
}

std::vector<std::string> Module::kernel_names() const { return program_->kernel_names(); }

void* Module::native_handle(const Device& device) const {
  if (device.tile_->context != &program_->context())
    throw Error(ErrorCode::invalid_argument,
                program_->origin() + " was loaded by another Runtime than " + device.name());
  return program_->module_on(*device.tile_);
}

}  // namespace zesvm
