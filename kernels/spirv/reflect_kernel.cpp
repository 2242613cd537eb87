#include <algorithm>
#include <set>

#include "kernels/spirv/reflect.hpp"

namespace zesvm::spirv {
namespace {

using Group = std::array<std::uint32_t, 3>;

// OpString "kernel_arg_type.NAME.float*,int,": how compilers keep the spelling of the source.
std::vector<std::string> listed(const Code& code, const std::string& prefix) {
  std::vector<std::string> parts;
  for (const Instruction& instruction : code.instructions()) {
    if (instruction.op != spv::OpString) continue;
    const std::string text = text_at(instruction, 1);
    if (!text.starts_with(prefix)) continue;
    std::size_t from = prefix.size();
    while (from < text.size()) {
      const std::size_t comma = std::min(text.find(',', from), text.size());
      parts.push_back(text.substr(from, comma - from));
      from = comma + 1;
    }
    return parts;
  }
  return parts;
}

bool has_attribute(const Code& code, Word parameter, spv::FunctionParameterAttribute wanted) {
  for (const Instruction* decoration : code.decorations(parameter))
    if (decoration->operand(1) == spv::DecorationFuncParamAttr &&
        decoration->operand(2) == static_cast<Word>(wanted))
      return true;
  return false;
}

ArgumentKind kind_of(const Instruction& type, bool is_by_value) {
  switch (type.op) {
    case spv::OpTypePointer:
      switch (static_cast<spv::StorageClass>(type.operand(1))) {
        case spv::StorageClassCrossWorkgroup:
        case spv::StorageClassGeneric: return ArgumentKind::global_pointer;
        case spv::StorageClassUniformConstant: return ArgumentKind::constant_pointer;
        case spv::StorageClassWorkgroup: return ArgumentKind::local_pointer;
        default: return is_by_value ? ArgumentKind::value : ArgumentKind::unsupported;
      }
    case spv::OpTypeImage: return ArgumentKind::image;
    case spv::OpTypeSampler: return ArgumentKind::sampler;
    case spv::OpTypeInt:
    case spv::OpTypeFloat:
    case spv::OpTypeBool:
    case spv::OpTypeVector:
    case spv::OpTypeStruct:
    case spv::OpTypeArray: return ArgumentKind::value;
    default: return ArgumentKind::unsupported;
  }
}

AccessQualifier access_of(const Instruction& type) {
  if (type.op != spv::OpTypeImage || type.operands.size() < 9) return AccessQualifier::none;
  switch (type.operand(8)) {
    case spv::AccessQualifierReadOnly: return AccessQualifier::read_only;
    case spv::AccessQualifierWriteOnly: return AccessQualifier::write_only;
    case spv::AccessQualifierReadWrite: return AccessQualifier::read_write;
    default: return AccessQualifier::none;
  }
}

void measure(const Types& types, Word type, Argument& argument) {
  const Word pointee = types.element(type, 0);
  switch (argument.kind) {
    case ArgumentKind::local_pointer:
      argument.alignment = types.alignment(pointee);
      argument.pointee_size = types.size(pointee);
      break;
    case ArgumentKind::global_pointer:
    case ArgumentKind::constant_pointer:
      argument.pointee_size = types.size(pointee);
      [[fallthrough]];
    case ArgumentKind::image:
    case ArgumentKind::sampler:
    case ArgumentKind::unsupported:
      argument.size = argument.alignment = types.pointer_size();
      break;
    case ArgumentKind::value: break;
  }
}

Checked<Argument> reflect_argument(const Code& code, const Types& types, Word parameter,
                                   std::uint32_t index) {
  const Instruction* definition = code.definition(parameter);
  const Instruction* type = definition == nullptr ? nullptr : code.definition(definition->type);
  if (type == nullptr)
    return Error{definition == nullptr ? 0 : definition->at * 4, "an argument without type"};
  const bool is_by_value = has_attribute(code, parameter, spv::FunctionParameterAttributeByVal);
  Argument argument;
  argument.index = index;
  argument.name = code.name(parameter);
  argument.kind = kind_of(*type, is_by_value);
  argument.access = access_of(*type);
  argument.is_restrict = has_attribute(code, parameter, spv::FunctionParameterAttributeNoAlias) ||
                         code.decoration(parameter, spv::DecorationRestrict) != nullptr;
  argument.is_volatile = code.decoration(parameter, spv::DecorationVolatile) != nullptr;
  measure(types, type->result, argument);
  const bool is_passed_in_memory = type->op == spv::OpTypePointer;
  const Word value = is_passed_in_memory ? types.element(type->result, 0) : type->result;
  argument.type_name = types.name(argument.kind == ArgumentKind::value ? value : type->result);
  if (argument.kind != ArgumentKind::value) return argument;
  if (types.layout(value) == nullptr)
    return Error{definition->at * 4, "an argument whose size cannot be told"};
  argument.size = types.size(value);
  argument.alignment = types.alignment(value);
  return argument;
}

void take_source_spelling(const Code& code, Kernel& kernel) {
  const auto types = listed(code, "kernel_arg_type." + kernel.name + ".");
  const auto qualifiers = listed(code, "kernel_arg_type_qual." + kernel.name + ".");
  for (std::size_t i = 0; i < kernel.arguments.size(); ++i) {
    Argument& argument = kernel.arguments[i];
    if (types.size() == kernel.arguments.size() && !types[i].empty()) argument.type_name = types[i];
    if (qualifiers.size() != kernel.arguments.size()) continue;
    argument.is_const = qualifiers[i].find("const") != std::string::npos;
    argument.is_restrict |= qualifiers[i].find("restrict") != std::string::npos;
    argument.is_volatile |= qualifiers[i].find("volatile") != std::string::npos;
  }
}

std::string triple(const char* name, const Group& group) {
  return std::string(name) + "(" + std::to_string(group[0]) + "," + std::to_string(group[1]) + "," +
         std::to_string(group[2]) + ")";
}

// The low half of the operand is the element type, the high half the number of elements.
std::string vector_hint(Word operand) {
  constexpr const char* types[] = {"char", "short", "int", "long", "half", "float", "double"};
  const Word type = operand & 0xffff, count = operand >> 16;
  if (type >= std::size(types)) return "";
  return std::string("vec_type_hint(") + types[type] + (count > 1 ? std::to_string(count) : "") +
         ")";
}

Group group_at(const Code& code, const Instruction& mode) {
  Group group{};
  for (std::size_t i = 0; i < 3; ++i) {
    const Word operand = mode.operand(2 + i);
    group[i] =
        mode.op == spv::OpExecutionModeId ? static_cast<Word>(code.integer(operand)) : operand;
  }
  return group;
}

void apply_mode(const Code& code, const Instruction& mode, Kernel& kernel) {
  std::string attribute;
  switch (static_cast<spv::ExecutionMode>(mode.operand(1))) {
    case spv::ExecutionModeLocalSize:
    case spv::ExecutionModeLocalSizeId:
      kernel.required_group_size = group_at(code, mode);
      attribute = triple("reqd_work_group_size", *kernel.required_group_size);
      break;
    case spv::ExecutionModeLocalSizeHint:
    case spv::ExecutionModeLocalSizeHintId:
      kernel.group_size_hint = group_at(code, mode);
      attribute = triple("work_group_size_hint", *kernel.group_size_hint);
      break;
    case spv::ExecutionModeSubgroupSize:
      kernel.subgroup_size = mode.operand(2);
      attribute = "intel_reqd_sub_group_size(" + std::to_string(kernel.subgroup_size) + ")";
      break;
    case spv::ExecutionModeVecTypeHint: attribute = vector_hint(mode.operand(2)); break;
    default: break;
  }
  if (attribute.empty()) return;
  if (!kernel.source_attributes.empty()) kernel.source_attributes += ' ';
  kernel.source_attributes += attribute;
}

Bytes local_memory_of(const Code& code, const Types& types, Word function) {
  std::set<Word> used;
  for (const FunctionCode* one : reachable_from(code, function))
    for (std::size_t i = one->first; i < one->end; ++i) {
      const Instruction& instruction = code.instructions()[i];
      for_each_id(instruction, [&](std::size_t position) {
        const Instruction* value = code.definition(instruction.operand(position));
        if (value != nullptr && value->op == spv::OpVariable &&
            value->operand(2) == spv::StorageClassWorkgroup)
          used.insert(value->result);
      });
    }
  Bytes total;
  for (const Word variable : used) {
    const Word type = types.element(code.definition(variable)->type, 0);
    total = align_up(total, types.alignment(type)) + types.size(type);
  }
  return total;
}

}  // namespace

std::vector<const FunctionCode*> reachable_from(const Code& code, Word function) {
  std::vector<const FunctionCode*> found;
  if (const FunctionCode* start = code.function(function)) found.push_back(start);
  std::set<Word> seen{function};
  for (std::size_t next = 0; next < found.size(); ++next) {
    const FunctionCode& one = *found[next];
    for (std::size_t i = one.first; i < one.end; ++i) {
      const Instruction& call = code.instructions()[i];
      if (call.op != spv::OpFunctionCall || !seen.insert(call.operand(2)).second) continue;
      if (const FunctionCode* called = code.function(call.operand(2))) found.push_back(called);
    }
  }
  return found;
}

Checked<Kernel> reflect_kernel(const Code& code, const Types& types, const Instruction& entry) {
  Kernel kernel;
  kernel.name = text_at(entry, 2);
  kernel.function = entry.operand(1);
  const FunctionCode* function = code.function(kernel.function);
  if (function == nullptr || kernel.name.empty())
    return Error{entry.at * 4, "an entry point without function or name"};
  for (const Word parameter : function->parameters) {
    auto argument = reflect_argument(code, types, parameter,
                                     static_cast<std::uint32_t>(kernel.arguments.size()));
    if (!argument) return argument.error();
    kernel.arguments.push_back(*std::move(argument));
  }
  take_source_spelling(code, kernel);
  for (const Instruction& mode : code.instructions())
    if ((mode.op == spv::OpExecutionMode || mode.op == spv::OpExecutionModeId) &&
        mode.operand(0) == kernel.function)
      apply_mode(code, mode, kernel);
  kernel.local_memory = local_memory_of(code, types, kernel.function);
  return kernel;
}

}  // namespace zesvm::spirv
