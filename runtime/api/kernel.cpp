#include <utility>

#include <zesvm/kernel.hpp>

#include "levelzero/program.hpp"

namespace zesvm {

Kernel::Kernel(std::shared_ptr<levelzero::Program> program, std::string name)
    : program_(std::move(program)), name_(std::move(name)) {}

Module::Module(std::shared_ptr<levelzero::Program> program) : program_(std::move(program)) {}

Kernel Module::kernel(const std::string& name) const {
  static_cast<void>(program_->reflection(name));  // throws when there is none
  return Kernel(program_, name);
}

std::vector<std::string> Module::kernel_names() const { return program_->kernel_names(); }

}  // namespace zesvm
