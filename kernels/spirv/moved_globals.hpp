/// @file moved_globals.hpp
/// Which module-scope variables move into the buffer, and where each one lies in it.
///
/// G1  every variable in global memory moves, and every constant one that has an exported name
/// G2  what a moving variable's initial value points at moves; so does what points at moving ones
#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "kernels/spirv/code.hpp"
#include "kernels/spirv/types.hpp"

namespace zesvm::spirv {

/// The variables of one module that move.
class MovedGlobals {
 public:
  /// @errors a variable of another module; variables of more than 256 MiB together
  static Checked<MovedGlobals> of(const Code& code, const Types& types);

  const std::map<Word, Bytes>& offsets() const { return offsets_; }
  Bytes size() const { return size_; }
  Bytes alignment() const { return alignment_; }

  bool moves(Word id) const { return offsets_.contains(id); }
  /// Returns whether `id` is a moving variable, or a constant made of the address of one.
  bool is_dependent(Word id) const { return dependent_.contains(id); }
  /// Returns the dependent ids in the order of their definition, variables first.
  std::vector<Word> in_order() const;

 private:
  explicit MovedGlobals(const Code& code) : code_(code) {}
  void find_references();
  std::optional<Error> choose(const Types& types);
  void choose_connected(const Types& types);
  std::optional<Error> place(const Types& types);
  void find_dependent();

  const Code& code_;
  std::vector<const Instruction*> variables_;
  std::vector<const Instruction*> constants_;
  /// Of constants, and of variables through their initial value: the variables named.
  std::unordered_map<Word, std::set<Word>> names_;
  std::set<Word> chosen_;
  std::set<Word> dependent_;
  std::map<Word, Bytes> offsets_;
  Bytes size_;
  Bytes alignment_{1};
};

}  // namespace zesvm::spirv
