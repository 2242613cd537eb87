#include "kernels/spirv/rewriter.hpp"

namespace zesvm::spirv {

void WordList::add(spv::Op op, std::span<const Word> operands) {
  words_.push_back(static_cast<Word>(operands.size() + 1) << 16 | static_cast<Word>(op));
  words_.insert(words_.end(), operands.begin(), operands.end());
}

Rewriter::Rewriter(const Code& code) : code_(code), bound_(code.bound()) {
  for (const Instruction& instruction : code.instructions()) {
    if (instruction.op != spv::OpTypeInt && instruction.op != spv::OpTypePointer &&
        instruction.op != spv::OpTypeFunction)
      continue;
    const auto rest = instruction.from(1);
    known_.emplace(
        std::pair{static_cast<Word>(instruction.op), std::vector<Word>(rest.begin(), rest.end())},
        instruction.result);
  }
}

Word Rewriter::declared(spv::Op op, std::vector<Word> operands) {
  const std::pair key{static_cast<Word>(op), operands};
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  const Word id = new_id();
  operands.insert(operands.begin(), id);
  declarations_.add(op, operands);
  known_.emplace(key, id);
  return id;
}

Word Rewriter::integer_type(Word bits) {
  if (bits == 8) require(spv::CapabilityInt8);
  if (bits == 64) require(spv::CapabilityInt64);
  return declared(spv::OpTypeInt, {bits, 0});
}

Word Rewriter::pointer_type(spv::StorageClass storage, Word pointee) {
  return declared(spv::OpTypePointer, {static_cast<Word>(storage), pointee});
}

Word Rewriter::function_type(std::span<const Word> result_and_parameters) {
  return declared(spv::OpTypeFunction,
                  {result_and_parameters.begin(), result_and_parameters.end()});
}

Word Rewriter::constant(Word integer_type, std::uint64_t value, Word bits) {
  const Word id = new_id();
  const Word low = static_cast<Word>(value), high = static_cast<Word>(value >> 32);
  if (bits > 32)
    declarations_.add(spv::OpConstant, {integer_type, id, low, high});
  else
    declarations_.add(spv::OpConstant, {integer_type, id, low});
  return id;
}

void Rewriter::require(spv::Capability capability) {
  for (const Instruction& instruction : code_.instructions())
    if (instruction.op == spv::OpCapability &&
        instruction.operand(0) == static_cast<Word>(capability))
      return;
  capabilities_.add(spv::OpCapability, {static_cast<Word>(capability)});
}

std::vector<Word> Rewriter::finish(const WordList& before, const WordList& bodies) const {
  const auto header = code_.words().first(header_words);
  std::vector<Word> words(header.begin(), header.end());
  words[3] = bound_;
  for (const WordList* part : {&capabilities_, &before, &declarations_, &bodies})
    words.insert(words.end(), part->words().begin(), part->words().end());
  return words;
}

}  // namespace zesvm::spirv
