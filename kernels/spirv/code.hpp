/// @file code.hpp
/// The instructions of a module, found and indexed once, for reading and for rewriting.
///
/// K1  instructions follow each other without gap and end with the words
/// K2  an instruction with a result has its result id, and its type id where it has one
/// K3  operand() never reads beyond the instruction: what is missing reads as 0, which is no id
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#define SPV_ENABLE_UTILITY_CODE
#include <spirv/unified1/spirv.hpp>

#include "kernels/spirv/error.hpp"

namespace zesvm::spirv {

using Word = std::uint32_t;

/// Words before the first instruction.
inline constexpr std::size_t header_words = 5;

/// One instruction; its words belong to whoever holds the module.
struct Instruction {
  spv::Op op = spv::OpNop;
  /// Position of its first word.
  std::size_t at = 0;
  /// The words after the first.
  std::span<const Word> operands;
  /// Zero when it has none.
  Word result = 0;
  Word type = 0;

  /// Returns an operand; 0 when there are not that many.
  Word operand(std::size_t i) const { return i < operands.size() ? operands[i] : 0; }
  /// Returns the operands from `i` on; none when there are not that many.
  std::span<const Word> from(std::size_t i) const {
    return operands.subspan(std::min(i, operands.size()));
  }
};

/// Reads a text literal that starts at operand `i`; `next` becomes the operand after it.
std::string text_at(const Instruction& instruction, std::size_t i, std::size_t* next = nullptr);

/// Calls `visit` with the position of each operand that names an id, the result and type included.
///
/// Returns whether the instruction is one of those known here; of others, each operand is visited.
bool for_each_id(const Instruction& instruction, const std::function<void(std::size_t)>& visit);

/// Returns whether an instruction is an atomic operation on memory.
bool is_atomic(spv::Op op);
/// Returns the pointer an atomic operation works on.
Word atomic_pointer(const Instruction& instruction);

/// One function: its instructions are [first, end) of all.
struct FunctionCode {
  Word id = 0;
  std::size_t first = 0;
  std::size_t end = 0;
  std::vector<Word> parameters;
};

/// The instructions of one module.
class Code {
 public:
  /// Finds the instructions of `words`, which must outlive the result.
  static Checked<Code> decode(std::span<const Word> words);

  std::span<const Word> words() const { return words_; }
  Word bound() const { return words_[3]; }
  const std::vector<Instruction>& instructions() const { return instructions_; }
  const std::vector<FunctionCode>& functions() const { return functions_; }

  /// Returns the instruction that defines an id; null when none does.
  const Instruction* definition(Word id) const;
  /// Returns the function of that id; null when there is none.
  const FunctionCode* function(Word id) const;
  /// Returns the debug name of an id; empty when it has none.
  std::string name(Word id) const;
  /// Returns the decorations of an id, also those it has through groups.
  std::vector<const Instruction*> decorations(Word id) const;
  /// Returns the first such decoration; null when there is none.
  const Instruction* decoration(Word id, spv::Decoration kind) const;

  /// Returns the storage class of a pointer type, or of the pointer with this id.
  spv::StorageClass storage_of_pointer_type(Word type) const;
  spv::StorageClass storage_of(Word pointer) const;
  /// Returns the value of an integer constant, zero-extended; 0 when the id is not one.
  std::uint64_t integer(Word id) const;

 private:
  explicit Code(std::span<const Word> words) : words_(words) {}
  std::optional<Error> find_instructions();
  std::optional<Error> add_result(std::size_t index);
  std::optional<Error> find_functions();
  void find_annotations();

  std::span<const Word> words_;
  std::vector<Instruction> instructions_;
  std::vector<FunctionCode> functions_;
  std::unordered_map<Word, std::size_t> definitions_;
  std::unordered_map<Word, std::size_t> function_of_;
  std::unordered_map<Word, std::size_t> names_;
  std::unordered_map<Word, std::vector<std::size_t>> decorations_;
};

}  // namespace zesvm::spirv
