#include "kernels/spirv/pointers.hpp"

namespace zesvm::spirv {
namespace {

// Longer chains are not followed: what cannot be told is handled safely.
constexpr int longest_chain = 500;

Origin joined(Origin a, Origin b) {
  if (a == b || b == Origin::nothing) return a;
  if (a == Origin::nothing) return b;
  return a == Origin::untold || b == Origin::untold ? Origin::untold : Origin::either;
}

}  // namespace

std::string_view reason_for(Origin origin) {
  switch (origin) {
    case Origin::either: return "the pointer is to global memory on one path and local on another";
    case Origin::untold: return "where the pointer comes from cannot be told";
    case Origin::local: return "the pointer is to local memory";
    case Origin::nothing: return "the pointer is null, or never passed";
    case Origin::global: return "the pointer is to global memory";
  }
  return "";
}

PointerOrigins::PointerOrigins(const Code& code) : code_(code) {
  for (const FunctionCode& function : code.functions())
    for (std::size_t i = 0; i < function.parameters.size(); ++i)
      parameters_.emplace(function.parameters[i], std::pair{&function, i});
  for (const Instruction& instruction : code.instructions())
    if (instruction.op == spv::OpFunctionCall)
      calls_[instruction.operand(2)].push_back(&instruction);
}

Origin PointerOrigins::of(Word pointer) {
  std::unordered_set<Word> seen;
  return trace(pointer, seen, 0);
}

Origin PointerOrigins::trace(Word pointer, std::unordered_set<Word>& seen, int depth) {
  switch (code_.storage_of(pointer)) {
    case spv::StorageClassCrossWorkgroup: return Origin::global;
    case spv::StorageClassGeneric: break;
    case spv::StorageClassMax: return Origin::untold;
    default: return Origin::local;
  }
  if (depth > longest_chain) return Origin::untold;
  if (!seen.insert(pointer).second) return Origin::nothing;
  const Instruction& source = *code_.definition(pointer);
  switch (source.op) {
    case spv::OpPtrCastToGeneric:
    case spv::OpBitcast:
    case spv::OpCopyObject:
    case spv::OpAccessChain:
    case spv::OpInBoundsAccessChain:
    case spv::OpPtrAccessChain:
    case spv::OpInBoundsPtrAccessChain: return trace(source.operand(2), seen, depth + 1);
    case spv::OpSelect: return trace_all(source.from(3), seen, depth + 1);
    case spv::OpPhi: {
      std::vector<Word> values;
      for (std::size_t i = 2; i + 1 < source.operands.size(); i += 2)
        values.push_back(source.operand(i));
      return trace_all(values, seen, depth + 1);
    }
    case spv::OpConstantNull:
    case spv::OpUndef: return Origin::nothing;
    case spv::OpFunctionParameter: return trace_parameter(pointer, seen, depth + 1);
    default: return Origin::untold;
  }
}

Origin PointerOrigins::trace_all(std::span<const Word> sources, std::unordered_set<Word>& seen,
                                 int depth) {
  Origin origin = Origin::nothing;
  for (const Word source : sources) origin = joined(origin, trace(source, seen, depth));
  return origin;
}

Origin PointerOrigins::trace_parameter(Word parameter, std::unordered_set<Word>& seen, int depth) {
  const auto found = parameters_.find(parameter);
  if (found == parameters_.end()) return Origin::untold;
  const auto& [function, position] = found->second;
  const auto calls = calls_.find(function->id);
  // Nobody here calls it: then nobody does in a program of this one module.
  if (calls == calls_.end()) return Origin::nothing;
  Origin origin = Origin::nothing;
  for (const Instruction* call : calls->second)
    origin = joined(origin, trace(call->operand(3 + position), seen, depth));
  return origin;
}

}  // namespace zesvm::spirv
