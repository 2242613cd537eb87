#include "kernels/spirv/constant_image.hpp"

#include <cstring>

namespace zesvm::spirv {
namespace {

// Deeper than types of real programs nest.
constexpr int deepest = 64;

Error unknown_value(const Instruction* constant, const char* why) {
  return {constant == nullptr ? 0 : constant->at * 4,
          std::string("the initial value of a variable is not known here: ") + why};
}

bool is_pointer_cast(Word op) {
  return op == spv::OpBitcast || op == spv::OpPtrCastToGeneric || op == spv::OpGenericCastToPtr ||
         op == spv::OpConvertPtrToU || op == spv::OpConvertUToPtr || op == spv::OpCopyObject;
}

}  // namespace

ConstantImage::ConstantImage(const Code& code, const Types& types,
                             const std::map<Word, Bytes>& offsets, Bytes size)
    : code_(code),
      types_(types),
      offsets_(offsets),
      bytes_(size.count),
      // Each step writes a byte or more, but for empty parts: those of a malformed module need not
      // end in any time worth waiting for.
      steps_left_(size.count + code.words().size() + 1024) {}

std::optional<Error> ConstantImage::write(Word constant, Bytes at, int depth) {
  const Instruction* value = code_.definition(constant);
  if (value == nullptr) return unknown_value(value, "no such constant");
  if (depth > deepest || steps_left_ == 0) return unknown_value(value, "nested too deeply");
  --steps_left_;
  const Bytes size = types_.size(value->type);
  if (size > Bytes{bytes_.size()} || at > Bytes{bytes_.size()} - size)
    return unknown_value(value, "it is larger than the variable");
  switch (value->op) {
    case spv::OpConstantNull:
    case spv::OpUndef:
    case spv::OpConstantFalse:
    case spv::OpSpecConstantFalse: return std::nullopt;
    case spv::OpConstantTrue:
    case spv::OpSpecConstantTrue:
      if (size != 0_B) bytes_[at.count] = std::byte{1};
      return std::nullopt;
    case spv::OpConstant:
    case spv::OpSpecConstant: {
      const auto words = value->from(2);
      std::memcpy(bytes_.data() + at.count, words.data(),
                  std::min<std::size_t>(size.count, words.size_bytes()));
      return std::nullopt;
    }
    case spv::OpConstantComposite:
    case spv::OpSpecConstantComposite: return write_parts(*value, at, depth);
    default: break;
  }
  const auto target = target_of(constant, depth);
  if (!target || size != types_.pointer_size())
    return unknown_value(value, "an operation that is no address in a variable");
  relocations_.push_back({at, *target});
  return std::nullopt;
}

std::optional<Error> ConstantImage::write_parts(const Instruction& composite, Bytes at, int depth) {
  std::uint64_t index = 0;
  for (const Word part : composite.from(2)) {
    const auto offset = types_.offset(composite.type, index++);
    if (!offset) return unknown_value(&composite, "its type has no layout");
    if (auto error = write(part, at + *offset, depth + 1)) return error;
  }
  return std::nullopt;
}

std::uint64_t ConstantImage::signed_integer(Word constant) const {
  const Instruction* value = code_.definition(constant);
  const std::uint64_t bits = code_.integer(constant);
  if (value == nullptr || types_.size(value->type) != 4_B) return bits;
  return static_cast<std::uint64_t>(
      static_cast<std::int64_t>(static_cast<std::int32_t>(static_cast<std::uint32_t>(bits))));
}

std::optional<Bytes> ConstantImage::target_of(Word constant, int depth) const {
  if (const auto place = offsets_.find(constant); place != offsets_.end()) return place->second;
  const Instruction* value = code_.definition(constant);
  if (value == nullptr || value->op != spv::OpSpecConstantOp || depth > deepest)
    return std::nullopt;
  return target_of_operation(*value, depth);
}

std::optional<Bytes> ConstantImage::target_of_operation(const Instruction& operation,
                                                        int depth) const {
  const auto base = target_of(operation.operand(3), depth + 1);
  if (!base) return std::nullopt;
  const Word op = operation.operand(2);
  if (is_pointer_cast(op)) return base;
  if (op == spv::OpIAdd) return *base + Bytes{signed_integer(operation.operand(4))};
  if (op == spv::OpISub) return *base - Bytes{signed_integer(operation.operand(4))};
  if (op == spv::OpAccessChain || op == spv::OpInBoundsAccessChain || op == spv::OpPtrAccessChain ||
      op == spv::OpInBoundsPtrAccessChain)
    return target_of_chain(operation, *base);
  return std::nullopt;
}

std::optional<Bytes> ConstantImage::target_of_chain(const Instruction& chain, Bytes base) const {
  const Instruction* pointer = code_.definition(chain.operand(3));
  if (pointer == nullptr) return std::nullopt;
  Word type = types_.element(pointer->type, 0);
  std::size_t next = 4;
  const Word op = chain.operand(2);
  if (op == spv::OpPtrAccessChain || op == spv::OpInBoundsPtrAccessChain) {
    // llvm-spirv 19 leaves out the cast before such a chain: its result says what it steps over.
    if (chain.operands.size() == next + 1) type = types_.element(chain.type, 0);
    base += types_.size(type) * signed_integer(chain.operand(next++));
  }
  for (; next < chain.operands.size(); ++next) {
    const std::uint64_t index = signed_integer(chain.operand(next));
    const auto offset = types_.offset(type, index);
    if (!offset) return std::nullopt;
    base += *offset;
    type = types_.element(type, index);
  }
  return base;
}

}  // namespace zesvm::spirv
