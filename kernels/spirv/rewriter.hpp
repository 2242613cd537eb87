/// @file rewriter.hpp
/// Builds the words of a changed module: instructions of the old one, some replaced, some new.
#pragma once

#include <initializer_list>
#include <map>
#include <span>
#include <vector>

#include "kernels/spirv/code.hpp"
#include "kernels/spirv/module.hpp"

namespace zesvm::spirv {

/// Words of instructions in a row.
class WordList {
 public:
  void add(spv::Op op, std::initializer_list<Word> operands) {
    add(op, std::span<const Word>(operands.begin(), operands.size()));
  }
  void add(spv::Op op, std::span<const Word> operands);
  void add(const Instruction& instruction) { add(instruction.op, instruction.operands); }
  void add(const WordList& other) {
    words_.insert(words_.end(), other.words_.begin(), other.words_.end());
  }

  bool is_empty() const { return words_.empty(); }
  const std::vector<Word>& words() const { return words_; }

 private:
  std::vector<Word> words_;
};

/// New ids, and types and constants that are reused where the module has them.
///
/// New declarations go before the first function.
class Rewriter {
 public:
  explicit Rewriter(const Code& code);

  Word new_id() { return bound_++; }

  /// Each returns the id of such a type or constant, declaring it when the module has none.
  Word integer_type(Word bits);
  Word pointer_type(spv::StorageClass storage, Word pointee);
  Word function_type(std::span<const Word> result_and_parameters);
  Word constant(Word integer_type, std::uint64_t value, Word bits);

  /// Declares that the module uses a capability.
  void require(spv::Capability capability);

  /// Returns the whole module around a body.
  /// @param before  capabilities up to the last type, constant and variable
  /// @param bodies  all functions
  std::vector<Word> finish(const WordList& before, const WordList& bodies) const;

 private:
  Word declared(spv::Op op, std::vector<Word> operands);

  const Code& code_;
  Word bound_;
  WordList capabilities_;
  WordList declarations_;
  /// Opcode and operands but the result of each type.
  std::map<std::pair<Word, std::vector<Word>>, Word> known_;
};

}  // namespace zesvm::spirv
