#include "kernels/spirv/code.hpp"

#include <algorithm>

namespace zesvm::spirv {
namespace {

// The limit every implementation must support and none goes beyond.
constexpr Word largest_bound = 0x3f'ffff;

Error error_at(std::size_t word, std::string message) { return {word * 4, std::move(message)}; }

}  // namespace

std::string text_at(const Instruction& instruction, std::size_t i, std::size_t* next) {
  std::string text;
  for (; i < instruction.operands.size(); ++i) {
    const Word word = instruction.operands[i];
    for (int byte = 0; byte < 4; ++byte) {
      const char c = static_cast<char>(word >> (8 * byte) & 0xff);
      if (c == '\0') {
        if (next != nullptr) *next = i + 1;
        return text;
      }
      text += c;
    }
  }
  if (next != nullptr) *next = i;
  return text;
}

Checked<Code> Code::decode(std::span<const Word> words) {
  if (words.size() < header_words)
    return error_at(0, "too short: a module starts with a header of 20 bytes");
  if (words[0] != spv::MagicNumber) return error_at(0, "not SPIR-V: wrong magic number");
  const Word major = words[1] >> 16 & 0xff, minor = words[1] >> 8 & 0xff;
  if (major != 1 || minor > 6 || (words[1] & 0xff0000ff) != 0)
    return error_at(1, "SPIR-V version " + std::to_string(major) + "." + std::to_string(minor) +
                           " is not supported; 1.0 to 1.6 are");
  if (words[3] == 0 || words[3] > largest_bound)
    return error_at(3, "the bound of ids must be from 1 to 4194303");
  Code code(words);
  if (auto error = code.find_instructions()) return *error;
  if (auto error = code.find_functions()) return *error;
  code.find_annotations();
  return code;
}

std::optional<Error> Code::find_instructions() {
  std::size_t at = header_words;
  while (at < words_.size()) {
    const std::size_t length = words_[at] >> 16;
    if (length == 0) return error_at(at, "an instruction of length zero");
    if (length > words_.size() - at)
      return error_at(at, "an instruction reaches beyond the end of the module");
    Instruction instruction;
    instruction.op = static_cast<spv::Op>(words_[at] & 0xffff);
    instruction.at = at;
    instruction.operands = words_.subspan(at + 1, length - 1);
    instructions_.push_back(instruction);
    if (auto error = add_result(instructions_.size() - 1)) return error;
    at += length;
  }
  return std::nullopt;
}

std::optional<Error> Code::add_result(std::size_t index) {
  Instruction& instruction = instructions_[index];
  bool has_result = false, has_type = false;
  spv::HasResultAndType(instruction.op, &has_result, &has_type);
  if (!has_result) return std::nullopt;
  const std::size_t position = has_type ? 1 : 0;
  if (instruction.operands.size() <= position)
    return error_at(instruction.at, "an instruction lacks its result");
  instruction.result = instruction.operands[position];
  instruction.type = has_type ? instruction.operands[0] : 0;
  if (instruction.result == 0 || instruction.result >= bound())
    return error_at(instruction.at,
                    "id " + std::to_string(instruction.result) + " is beyond the bound");
  if (!definitions_.emplace(instruction.result, index).second)
    return error_at(instruction.at,
                    "id " + std::to_string(instruction.result) + " is defined twice");
  return std::nullopt;
}

std::optional<Error> Code::find_functions() {
  bool inside = false;
  for (std::size_t i = 0; i < instructions_.size(); ++i) {
    const Instruction& instruction = instructions_[i];
    if (instruction.op == spv::OpFunction) {
      if (inside) return error_at(instruction.at, "a function inside a function");
      inside = true;
      function_of_.emplace(instruction.result, functions_.size());
      functions_.push_back({instruction.result, i, i, {}});
    } else if (instruction.op == spv::OpFunctionParameter && inside) {
      functions_.back().parameters.push_back(instruction.result);
    } else if (instruction.op == spv::OpFunctionEnd) {
      if (!inside) return error_at(instruction.at, "the end of a function that did not start");
      inside = false;
      functions_.back().end = i + 1;
    }
  }
  if (inside) return error_at(words_.size(), "a function without end");
  return std::nullopt;
}

void Code::find_annotations() {
  for (std::size_t i = 0; i < instructions_.size(); ++i) {
    const Instruction& instruction = instructions_[i];
    if (instruction.op == spv::OpName) names_.emplace(instruction.operand(0), i);
    if (instruction.op == spv::OpDecorate || instruction.op == spv::OpDecorateId ||
        instruction.op == spv::OpDecorateString)
      decorations_[instruction.operand(0)].push_back(i);
  }
  for (const Instruction& instruction : instructions_) {
    if (instruction.op != spv::OpGroupDecorate) continue;
    const auto group = decorations_.find(instruction.operand(0));
    if (group == decorations_.end()) continue;
    const std::vector<std::size_t> shared = group->second;
    for (const Word target : instruction.from(1)) {
      if (target == instruction.operand(0)) continue;
      auto& own = decorations_[target];
      own.insert(own.end(), shared.begin(), shared.end());
    }
  }
}

const Instruction* Code::definition(Word id) const {
  const auto found = definitions_.find(id);
  return found == definitions_.end() ? nullptr : &instructions_[found->second];
}

const FunctionCode* Code::function(Word id) const {
  const auto found = function_of_.find(id);
  return found == function_of_.end() ? nullptr : &functions_[found->second];
}

std::string Code::name(Word id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? std::string() : text_at(instructions_[found->second], 1);
}

std::vector<const Instruction*> Code::decorations(Word id) const {
  std::vector<const Instruction*> all;
  if (const auto found = decorations_.find(id); found != decorations_.end())
    for (const std::size_t index : found->second) all.push_back(&instructions_[index]);
  return all;
}

const Instruction* Code::decoration(Word id, spv::Decoration kind) const {
  const auto found = decorations_.find(id);
  if (found == decorations_.end()) return nullptr;
  for (const std::size_t index : found->second)
    if (instructions_[index].operand(1) == static_cast<Word>(kind)) return &instructions_[index];
  return nullptr;
}

spv::StorageClass Code::storage_of_pointer_type(Word type) const {
  const Instruction* pointer = definition(type);
  if (pointer == nullptr || pointer->op != spv::OpTypePointer) return spv::StorageClassMax;
  return static_cast<spv::StorageClass>(pointer->operand(1));
}

spv::StorageClass Code::storage_of(Word pointer) const {
  const Instruction* value = definition(pointer);
  return value == nullptr ? spv::StorageClassMax : storage_of_pointer_type(value->type);
}

std::uint64_t Code::integer(Word id) const {
  const Instruction* constant = definition(id);
  if (constant == nullptr ||
      (constant->op != spv::OpConstant && constant->op != spv::OpSpecConstant))
    return 0;
  const Instruction* type = definition(constant->type);
  if (type == nullptr || type->op != spv::OpTypeInt) return 0;
  const std::uint64_t high = constant->operand(3);
  return high << 32 | constant->operand(2);
}

}  // namespace zesvm::spirv
