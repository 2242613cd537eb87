#include "kernels/spirv/types.hpp"

namespace zesvm::spirv {
namespace {

// Sizes stay far from overflow; no real type comes near.
constexpr std::uint64_t largest_size = 1ull << 48;

std::string scalar_name(const Instruction& type) {
  const Word bits = type.operand(1);
  if (type.op == spv::OpTypeFloat) return bits == 16 ? "half" : bits == 32 ? "float" : "double";
  const char* name = bits == 8 ? "char" : bits == 16 ? "short" : bits == 32 ? "int" : "long";
  // OpenCL modules do not say whether an integer is signed: all are unsigned in SPIR-V.
  return name;
}

bool is_scalar(const Instruction& type) {
  return type.op == spv::OpTypeInt || type.op == spv::OpTypeFloat;
}

}  // namespace

Types::Types(const Code& code) : code_(code) {
  for (const Instruction& instruction : code.instructions()) {
    // Types come before those made of them, and the memory model before all types.
    if (instruction.op == spv::OpMemoryModel)
      pointer_size_ = instruction.operand(0) == spv::AddressingModelPhysical32 ? 4_B : 8_B;
    if (auto layout = lay_out(instruction)) layouts_.emplace(instruction.result, *layout);
  }
}

std::optional<TypeLayout> Types::lay_out(const Instruction& type) const {
  switch (type.op) {
    case spv::OpTypeBool: return TypeLayout{1_B, 1_B, {}};
    case spv::OpTypeInt:
    case spv::OpTypeFloat: {
      const Bytes size{type.operand(1) / 8};
      if (size == 0_B || size > 8_B || !is_power_of_two(size)) return std::nullopt;
      return TypeLayout{size, size, {}};
    }
    case spv::OpTypePointer: return TypeLayout{pointer_size_, pointer_size_, {}};
    case spv::OpTypeVector: {
      const TypeLayout* part = layout(type.operand(1));
      const Word count = type.operand(2);
      if (part == nullptr || count < 2 || count > 16) return std::nullopt;
      // Vectors of three take the room of four.
      const Bytes size{part->size * std::bit_ceil(count)};
      return TypeLayout{size, size, {}};
    }
    case spv::OpTypeArray: return lay_out_array(type);
    case spv::OpTypeStruct: return lay_out_struct(type);
    default: return std::nullopt;
  }
}

std::optional<TypeLayout> Types::lay_out_array(const Instruction& type) const {
  const TypeLayout* part = layout(type.operand(1));
  const std::uint64_t count = code_.integer(type.operand(2));
  if (part == nullptr || count > largest_size) return std::nullopt;
  if (part->size.count != 0 && count > largest_size / part->size.count) return std::nullopt;
  return TypeLayout{part->size * count, part->alignment, {}};
}

std::optional<TypeLayout> Types::lay_out_struct(const Instruction& type) const {
  const bool is_packed = code_.decoration(type.result, spv::DecorationCPacked) != nullptr;
  TypeLayout whole;
  for (const Word member : type.from(1)) {
    const Instruction* definition = code_.definition(member);
    const TypeLayout* part = layout(member);
    const TypeLayout pointer{pointer_size_, pointer_size_, {}};
    // A pointer may be declared before the type it points to, and is then defined only later.
    if (part == nullptr && definition != nullptr && definition->op == spv::OpTypePointer)
      part = &pointer;
    if (part == nullptr) return std::nullopt;
    const Bytes alignment = is_packed ? 1_B : part->alignment;
    whole.alignment = std::max(whole.alignment, alignment);
    whole.members.push_back(align_up(whole.size, alignment));
    whole.size = whole.members.back() + part->size;
    if (whole.size.count > largest_size) return std::nullopt;
  }
  whole.size = align_up(whole.size, whole.alignment);
  return whole;
}

const TypeLayout* Types::layout(Word type) const {
  const auto found = layouts_.find(type);
  return found == layouts_.end() ? nullptr : &found->second;
}

Bytes Types::size(Word type) const {
  const TypeLayout* found = layout(type);
  return found == nullptr ? 0_B : found->size;
}

Bytes Types::alignment(Word type) const {
  const TypeLayout* found = layout(type);
  return found == nullptr ? 1_B : found->alignment;
}

Word Types::element(Word type, std::uint64_t index) const {
  const Instruction* definition = code_.definition(type);
  if (definition == nullptr) return 0;
  switch (definition->op) {
    case spv::OpTypeArray:
    case spv::OpTypeVector: return definition->operand(1);
    case spv::OpTypePointer: return definition->operand(2);
    case spv::OpTypeStruct:
      return index < definition->operands.size()
                 ? definition->operand(1 + static_cast<std::size_t>(index))
                 : 0;
    default: return 0;
  }
}

std::optional<Bytes> Types::offset(Word type, std::uint64_t index) const {
  const Instruction* definition = code_.definition(type);
  const TypeLayout* whole = layout(type);
  if (definition == nullptr || whole == nullptr) return std::nullopt;
  if (definition->op == spv::OpTypeStruct)
    return index < whole->members.size() ? std::optional(whole->members[index]) : std::nullopt;
  const Word part = element(type, index);
  if (layout(part) == nullptr || definition->op == spv::OpTypePointer) return std::nullopt;
  return size(part) * index;
}

std::string Types::name(Word type) const { return name(type, 0); }

std::string Types::name(Word type, int depth) const {
  const Instruction* definition = code_.definition(type);
  // Types of real programs nest a few levels; a malformed module may nest without end.
  if (definition == nullptr || depth > 16) return "?";
  if (is_scalar(*definition)) return scalar_name(*definition);
  switch (definition->op) {
    case spv::OpTypeVoid: return "void";
    case spv::OpTypeBool: return "bool";
    case spv::OpTypeSampler: return "sampler_t";
    case spv::OpTypeEvent: return "event_t";
    case spv::OpTypeVector:
      return name(definition->operand(1), depth + 1) + std::to_string(definition->operand(2));
    case spv::OpTypePointer: return name(definition->operand(2), depth + 1) + "*";
    case spv::OpTypeArray:
      return name(definition->operand(1), depth + 1) + "[" +
             std::to_string(code_.integer(definition->operand(2))) + "]";
    case spv::OpTypeStruct: {
      const std::string full = code_.name(type);
      return full.starts_with("struct.") ? full.substr(7) : full;
    }
    case spv::OpTypeOpaque: return text_at(*definition, 1);
    case spv::OpTypeImage: {
      constexpr const char* dimensions[] = {"1d", "2d", "3d", "", "", "1d_buffer"};
      const Word dimension = definition->operand(2);
      const char* array = definition->operand(4) != 0 ? "_array" : "";
      return std::string("image") + (dimension < 6 ? dimensions[dimension] : "") + array + "_t";
    }
    default: return "?";
  }
}

}  // namespace zesvm::spirv
