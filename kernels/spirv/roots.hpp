/// @file roots.hpp
/// Which parameters and variables a value's address may come from.
///
/// R1  the roots of a value are a superset of what it can point into while its function runs
/// R2  numbers that are added to an address count as distances, wherever they come from
/// R3  a pointer that may come from anywhere else has the root `elsewhere`
#pragma once

#include <set>
#include <unordered_map>

#include "kernels/spirv/code.hpp"

namespace zesvm::spirv {

/// Ids of parameters and variables, and `elsewhere`.
using Roots = std::set<Word>;

/// Stands for memory that no parameter or variable of the function is known to lead to.
inline constexpr Word elsewhere = 0;

/// Returns whether an OpenCL.std instruction of that number loads (`vloadn` and its kin).
bool reads_memory(Word number);
/// Returns whether an OpenCL.std instruction of that number stores (`vstoren` and its kin).
bool writes_memory(Word number);
/// Returns whether the module holds the function's code; of null, false.
bool has_body(const FunctionCode* function);

/// The roots of all values of a module.
class RootsOfValues {
 public:
  explicit RootsOfValues(const Code& code);

  /// Returns the roots of a value; of a pointer, `elsewhere` when there is nothing better.
  Roots of(Word value) const;
  /// Returns the roots of the pointers a variable may hold.
  const Roots& held_by(Word variable) const;
  /// Returns whether a root is a variable of a function, whose content is followed.
  bool is_followed(Word root) const;

 private:
  bool pass();
  bool follow(const Instruction& instruction);
  bool lose_content(Word pointer);
  bool follow_store(const Instruction& store);
  bool follow_call(const Instruction& call);
  Roots made_by(const Instruction& instruction) const;
  Roots passed_by(const Instruction& instruction) const;
  Roots chosen_by(const Instruction& choice) const;
  Roots loaded_by(Word pointer, Word result) const;
  bool add(std::unordered_map<Word, Roots>& to, Word key, const Roots& more);
  bool is_pointer(Word value) const;

  const Code& code_;
  std::unordered_map<Word, Roots> roots_;
  std::unordered_map<Word, Roots> held_;
  /// What functions return: roots that are parameters of theirs, or `elsewhere`.
  std::unordered_map<Word, Roots> returned_;
  Word function_ = 0;
};

}  // namespace zesvm::spirv
