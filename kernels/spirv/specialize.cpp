#include <algorithm>
#include <map>

#include "kernels/spirv/code.hpp"
#include "kernels/spirv/transform.hpp"

namespace zesvm::spirv {
namespace {

const SpecializationConstant* constant_of(const Module& module, std::uint32_t id) {
  const auto& all = module.specialization_constants();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.id == id; });
  return found == all.end() ? nullptr : &*found;
}

std::uint64_t bits_of(const std::vector<std::byte>& value) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < value.size(); ++i)
    bits |= std::to_integer<std::uint64_t>(value[i]) << (8 * i);
  return bits;
}

void replace(const Code& code, const Instruction& constant, std::uint64_t bits,
             std::vector<Word>& words) {
  if (constant.op != spv::OpSpecConstant) {
    const spv::Op op = bits != 0 ? spv::OpSpecConstantTrue : spv::OpSpecConstantFalse;
    words[constant.at] = (words[constant.at] & 0xffff0000) | static_cast<Word>(op);
    return;
  }
  const Instruction* type = code.definition(constant.type);
  const Word width = type == nullptr ? 32 : type->operand(1);
  // Narrow signed values are kept sign-extended, unsigned ones zero-extended.
  const bool is_signed = type != nullptr && type->op == spv::OpTypeInt && type->operand(2) == 1;
  if (is_signed && width < 32 && (bits >> (width - 1) & 1) != 0) bits |= ~0ull << width;
  if (constant.operands.size() > 2) words[constant.at + 3] = static_cast<Word>(bits);
  if (constant.operands.size() > 3) words[constant.at + 4] = static_cast<Word>(bits >> 32);
}

bool is_specialized(spv::Op op) {
  return op == spv::OpSpecConstant || op == spv::OpSpecConstantTrue ||
         op == spv::OpSpecConstantFalse || op == spv::OpSpecConstantComposite ||
         op == spv::OpSpecConstantOp;
}

// Some translators write OpConstantComposite for composites of specialization constants; consumers
// may then fold in the value they had first.
void correct_composites(const Code& code, std::vector<Word>& words) {
  for (const Instruction& composite : code.instructions()) {
    if (composite.op != spv::OpConstantComposite) continue;
    const auto parts = composite.from(2);
    // Parts come before the composite: its own correction is seen by those made of it.
    const bool depends = std::any_of(parts.begin(), parts.end(), [&](Word part) {
      const Instruction* definition = code.definition(part);
      return definition != nullptr &&
             is_specialized(static_cast<spv::Op>(words[definition->at] & 0xffff));
    });
    if (depends)
      words[composite.at] =
          (words[composite.at] & 0xffff0000) | static_cast<Word>(spv::OpSpecConstantComposite);
  }
}

}  // namespace

Checked<Module> specialize(const Module& module, std::span<const SpecializationValue> values) {
  std::map<std::uint32_t, std::uint64_t> chosen;
  for (const SpecializationValue& value : values) {
    const SpecializationConstant* constant = constant_of(module, value.id);
    if (constant == nullptr) continue;
    const bool fits = constant->is_boolean ? value.value.size() == 1 || value.value.size() == 4
                                           : value.value.size() == constant->size.count;
    if (!fits)
      return Error{0, "specialization constant " + std::to_string(value.id) + " has " +
                          std::to_string(constant->size.count) + " bytes; " +
                          std::to_string(value.value.size()) + " were given"};
    chosen[value.id] = bits_of(value.value);
  }
  auto code = Code::decode(module.words());
  if (!code) return code.error();
  std::vector<Word> words(module.words().begin(), module.words().end());
  for (const Instruction& instruction : code->instructions()) {
    if (instruction.op != spv::OpSpecConstant && instruction.op != spv::OpSpecConstantTrue &&
        instruction.op != spv::OpSpecConstantFalse)
      continue;
    const Instruction* id = code->decoration(instruction.result, spv::DecorationSpecId);
    const auto value = id == nullptr ? chosen.end() : chosen.find(id->operand(2));
    if (value != chosen.end()) replace(*code, instruction, value->second, words);
  }
  correct_composites(*code, words);
  return parse(std::move(words));
}

}  // namespace zesvm::spirv
