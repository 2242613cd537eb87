#include "kernels/spirv/moved_globals.hpp"

#include <algorithm>

#include "kernels/spirv/reflect.hpp"

namespace zesvm::spirv {
namespace {

// The content travels as one block; programs with more allocate it.
constexpr Bytes largest{256u << 20};

bool is_constant(spv::Op op) {
  return (op >= spv::OpConstantTrue && op <= spv::OpConstantNull) || op == spv::OpUndef ||
         (op >= spv::OpSpecConstantTrue && op <= spv::OpSpecConstantOp);
}

Word storage(const Instruction& variable) { return variable.operand(2); }

bool is_linked(const Code& code, Word id, spv::LinkageType wanted) {
  const Instruction* linkage = code.decoration(id, spv::DecorationLinkageAttributes);
  if (linkage == nullptr) return false;
  std::size_t type = 0;
  text_at(*linkage, 2, &type);
  return linkage->operand(type) == static_cast<Word>(wanted);
}

Bytes alignment_of(const Code& code, const Types& types, Word variable, Word type) {
  const Instruction* wanted = code.decoration(variable, spv::DecorationAlignment);
  const Bytes asked{wanted == nullptr ? 1 : wanted->operand(2)};
  const bool is_usable = is_power_of_two(asked) && asked <= Bytes{1u << 20};
  return std::max(types.alignment(type), is_usable ? asked : Bytes{1});
}

}  // namespace

Checked<MovedGlobals> MovedGlobals::of(const Code& code, const Types& types) {
  MovedGlobals moved(code);
  moved.find_references();
  if (auto error = moved.choose(types)) return *error;
  moved.choose_connected(types);
  if (auto error = moved.place(types)) return *error;
  moved.find_dependent();
  return moved;
}

void MovedGlobals::find_references() {
  for (const Instruction& instruction : code_.instructions()) {
    if (instruction.op == spv::OpFunction) break;
    const bool is_variable = instruction.op == spv::OpVariable;
    if (is_variable)
      variables_.push_back(&instruction);
    else if (is_constant(instruction.op))
      constants_.push_back(&instruction);
    else
      continue;
    auto& names = names_[instruction.result];
    for_each_id(instruction, [&](std::size_t position) {
      const Instruction* used = code_.definition(instruction.operand(position));
      if (position < 2 || used == nullptr || used == &instruction) return;
      if (used->op == spv::OpVariable)
        names.insert(used->result);
      else if (const auto more = names_.find(used->result); more != names_.end())
        names.insert(more->second.begin(), more->second.end());
    });
  }
}

std::optional<Error> MovedGlobals::choose(const Types& types) {
  for (const Instruction* variable : variables_) {
    const bool is_global = storage(*variable) == spv::StorageClassCrossWorkgroup;
    const bool is_fixed = storage(*variable) == spv::StorageClassUniformConstant;
    if (!is_global && !is_fixed) continue;
    if (is_linked(code_, variable->result, spv::LinkageTypeImport))
      return Error{variable->at * 4,
                   "variable " + linked_name(code_, variable->result) + " is in another module"};
    const bool has_layout = types.layout(types.element(variable->type, 0)) != nullptr;
    if (is_global && !has_layout)
      return Error{variable->at * 4, "a variable whose size cannot be told"};
    if (is_global || (has_layout && is_linked(code_, variable->result, spv::LinkageTypeExport)))
      chosen_.insert(variable->result);
  }
  return std::nullopt;
}

void MovedGlobals::choose_connected(const Types& types) {
  std::size_t before = 0;
  while (before != chosen_.size()) {
    before = chosen_.size();
    for (const Instruction* variable : variables_) {
      if (types.layout(types.element(variable->type, 0)) == nullptr) continue;
      const auto& named = names_[variable->result];
      if (chosen_.contains(variable->result)) {
        chosen_.insert(named.begin(), named.end());
        continue;
      }
      if (std::any_of(named.begin(), named.end(), [&](Word id) { return chosen_.contains(id); }))
        chosen_.insert(variable->result);
    }
  }
}

std::optional<Error> MovedGlobals::place(const Types& types) {
  for (const Instruction* variable : variables_) {
    if (!chosen_.contains(variable->result)) continue;
    const Word type = types.element(variable->type, 0);
    const Bytes alignment = alignment_of(code_, types, variable->result, type);
    alignment_ = std::max(alignment_, alignment);
    size_ = align_up(size_, alignment);
    offsets_.emplace(variable->result, size_);
    size_ += types.size(type);
    if (size_ > largest)
      return Error{variable->at * 4, "the module's variables need more than 256 MiB"};
  }
  // A variable of no size still needs an address.
  if (!offsets_.empty()) size_ = std::max(align_up(size_, alignment_), alignment_);
  return std::nullopt;
}

void MovedGlobals::find_dependent() {
  dependent_ = chosen_;
  for (const Instruction* constant : constants_) {
    const auto& named = names_[constant->result];
    if (std::any_of(named.begin(), named.end(), [&](Word id) { return chosen_.contains(id); }))
      dependent_.insert(constant->result);
  }
}

std::vector<Word> MovedGlobals::in_order() const {
  std::vector<Word> order;
  for (const auto* list : {&variables_, &constants_})
    for (const Instruction* one : *list)
      if (is_dependent(one->result)) order.push_back(one->result);
  return order;
}

}  // namespace zesvm::spirv
