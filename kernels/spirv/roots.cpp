#include "kernels/spirv/roots.hpp"

namespace zesvm::spirv {
namespace {

const Roots no_roots;

bool is_chain(spv::Op op) {
  return op == spv::OpAccessChain || op == spv::OpInBoundsAccessChain ||
         op == spv::OpPtrAccessChain || op == spv::OpInBoundsPtrAccessChain;
}

// Instructions whose result is made of all their operands, addresses included.
bool passes_addresses(spv::Op op) {
  return (op >= spv::OpConvertFToU && op <= spv::OpBitcast) ||
         (op >= spv::OpSNegate && op <= spv::OpSMulExtended) ||
         (op >= spv::OpShiftRightLogical && op <= spv::OpNot) ||
         (op >= spv::OpVectorExtractDynamic && op <= spv::OpCopyObject) || op == spv::OpExtInst ||
         op == spv::OpSpecConstantOp;
}

}  // namespace

bool reads_memory(Word number) {
  return number == 171 || number == 173 || number == 174 || number == 179;
}

bool writes_memory(Word number) {
  return number == 172 || (number >= 175 && number <= 178) || number == 180 || number == 181;
}

bool has_body(const FunctionCode* function) {
  // Without one there are the head, the parameters and the end.
  return function != nullptr && function->end - function->first > function->parameters.size() + 2;
}

RootsOfValues::RootsOfValues(const Code& code) : code_(code) {
  for (const Instruction& instruction : code.instructions())
    if (instruction.op == spv::OpVariable ||
        (instruction.op == spv::OpFunctionParameter && is_pointer(instruction.result)))
      roots_[instruction.result] = {instruction.result};
  // Roots only ever grow, and there are finitely many.
  while (pass()) {
  }
}

bool RootsOfValues::is_pointer(Word value) const {
  return code_.storage_of(value) != spv::StorageClassMax;
}

Roots RootsOfValues::of(Word value) const {
  if (const auto found = roots_.find(value); found != roots_.end()) return found->second;
  const Instruction* made = code_.definition(value);
  const bool is_null =
      made != nullptr && (made->op == spv::OpConstantNull || made->op == spv::OpUndef);
  return is_pointer(value) && !is_null ? Roots{elsewhere} : Roots{};
}

const Roots& RootsOfValues::held_by(Word variable) const {
  const auto found = held_.find(variable);
  return found == held_.end() ? no_roots : found->second;
}

bool RootsOfValues::is_followed(Word root) const {
  const Instruction* variable = code_.definition(root);
  if (variable == nullptr || variable->op != spv::OpVariable) return false;
  const Word storage = variable->operand(2);
  return storage == spv::StorageClassFunction || storage == spv::StorageClassWorkgroup ||
         storage == spv::StorageClassPrivate;
}

bool RootsOfValues::pass() {
  bool grew = false;
  for (const Instruction& instruction : code_.instructions()) {
    if (instruction.op == spv::OpFunction) function_ = instruction.result;
    grew |= follow(instruction);
  }
  return grew;
}

bool RootsOfValues::follow(const Instruction& instruction) {
  switch (instruction.op) {
    case spv::OpStore: return follow_store(instruction);
    // These are roots themselves.
    case spv::OpVariable:
    case spv::OpFunctionParameter: return false;
    case spv::OpFunctionCall: return follow_call(instruction);
    case spv::OpGroupAsyncCopy: return lose_content(instruction.operand(3));
    case spv::OpSubgroupBlockWriteINTEL: return lose_content(instruction.operand(0));
    case spv::OpCopyMemory:
    case spv::OpCopyMemorySized: {
      bool grew = false;
      Roots content{elsewhere};
      for (const Word root : of(instruction.operand(1)))
        content.insert(held_by(root).begin(), held_by(root).end());
      for (const Word root : of(instruction.operand(0))) grew |= add(held_, root, content);
      return grew;
    }
    case spv::OpReturnValue: return add(returned_, function_, of(instruction.operand(0)));
    default: break;
  }
  bool grew = false;
  if (is_atomic(instruction.op)) grew = lose_content(atomic_pointer(instruction));
  if (instruction.op == spv::OpExtInst && !reads_memory(instruction.operand(3)))
    for (const Word operand : instruction.from(4)) grew |= lose_content(operand);
  if (instruction.result == 0 || instruction.type == 0) return grew;
  return add(roots_, instruction.result, made_by(instruction)) || grew;
}

// What is put into a variable other than by a store is not followed.
bool RootsOfValues::lose_content(Word pointer) {
  bool grew = false;
  if (!is_pointer(pointer)) return grew;
  for (const Word root : of(pointer))
    if (is_followed(root)) grew |= add(held_, root, {elsewhere});
  return grew;
}

bool RootsOfValues::follow_store(const Instruction& store) {
  bool grew = false;
  const Roots value = of(store.operand(1));
  for (const Word root : of(store.operand(0)))
    if (is_followed(root)) grew |= add(held_, root, value);
  return grew;
}

bool RootsOfValues::follow_call(const Instruction& call) {
  bool grew = false;
  for (const Word argument : call.from(3)) grew |= lose_content(argument);
  const FunctionCode* callee = code_.function(call.operand(2));
  const auto returned = returned_.find(call.operand(2));
  if (!has_body(callee) && is_pointer(call.result))
    return add(roots_, call.result, {elsewhere}) || grew;
  if (callee == nullptr || returned == returned_.end()) return grew;
  Roots result;
  for (const Word root : returned->second) {
    const auto& parameters = callee->parameters;
    const auto at = std::find(parameters.begin(), parameters.end(), root);
    if (at == parameters.end()) {
      result.insert(elsewhere);
      continue;
    }
    const Roots given = of(call.operand(3 + static_cast<std::size_t>(at - parameters.begin())));
    result.insert(given.begin(), given.end());
  }
  return add(roots_, call.result, result) || grew;
}

Roots RootsOfValues::made_by(const Instruction& instruction) const {
  if (is_chain(instruction.op)) {
    const auto base = roots_.find(instruction.operand(2));
    return base == roots_.end() ? Roots{} : base->second;
  }
  if (instruction.op == spv::OpLoad) return loaded_by(instruction.operand(2), instruction.result);
  if (instruction.op == spv::OpExtInst && reads_memory(instruction.operand(3)))
    return loaded_by(instruction.operand(5), instruction.result);
  if (instruction.op == spv::OpPhi || instruction.op == spv::OpSelect)
    return chosen_by(instruction);
  Roots roots;
  if (passes_addresses(instruction.op)) roots = passed_by(instruction);
  const bool is_cast = instruction.op == spv::OpBitcast || instruction.op == spv::OpCopyObject ||
                       instruction.op == spv::OpPtrCastToGeneric ||
                       instruction.op == spv::OpSpecConstantOp;
  const bool is_constant = instruction.op == spv::OpConstantNull || instruction.op == spv::OpUndef;
  // A pointer picked out of a whole may be one that was loaded with it.
  const bool is_picked =
      instruction.op == spv::OpCompositeExtract || instruction.op == spv::OpVectorExtractDynamic;
  if (is_pointer(instruction.result) && !is_constant && (is_picked || (roots.empty() && !is_cast)))
    roots.insert(elsewhere);
  return roots;
}

Roots RootsOfValues::passed_by(const Instruction& instruction) const {
  Roots roots;
  for_each_id(instruction, [&](std::size_t position) {
    if (position < 2) return;
    const auto part = roots_.find(instruction.operand(position));
    if (part != roots_.end()) roots.insert(part->second.begin(), part->second.end());
  });
  return roots;
}

Roots RootsOfValues::chosen_by(const Instruction& choice) const {
  const Roots roots = passed_by(choice);
  if (roots.empty() || is_pointer(choice.result)) return roots;
  // A number that is an address on one path may be another address, of unknown origin, on another.
  const std::size_t first = choice.op == spv::OpSelect ? 3 : 2;
  const std::size_t step = choice.op == spv::OpSelect ? 1 : 2;
  Roots all = roots;
  for (std::size_t i = first; i < choice.operands.size(); i += step)
    if (!roots_.contains(choice.operand(i))) all.insert(elsewhere);
  return all;
}

Roots RootsOfValues::loaded_by(Word pointer, Word result) const {
  Roots roots;
  for (const Word root : of(pointer)) {
    const Roots& held = held_by(root);
    roots.insert(held.begin(), held.end());
    if (!is_followed(root)) roots.insert(elsewhere);
  }
  // Numbers from memory are no addresses until they are made one, which of() answers for.
  if (!is_pointer(result)) roots.erase(elsewhere);
  return roots;
}

bool RootsOfValues::add(std::unordered_map<Word, Roots>& to, Word key, const Roots& more) {
  if (more.empty()) return false;
  Roots& roots = to[key];
  const std::size_t before = roots.size();
  roots.insert(more.begin(), more.end());
  return roots.size() != before;
}

}  // namespace zesvm::spirv
