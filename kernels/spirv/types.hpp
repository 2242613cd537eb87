/// @file types.hpp
/// Sizes, alignments and names of the types of a module, as OpenCL lays them out.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/sizes.hpp"
#include "kernels/spirv/code.hpp"

namespace zesvm::spirv {

/// Where a type's values lie in memory.
struct TypeLayout {
  Bytes size;
  Bytes alignment{1};
  /// Of a structure: where each member starts.
  std::vector<Bytes> members;
};

/// The types of one module.
class Types {
 public:
  /// Lays out the types of `code`, which must outlive the result.
  explicit Types(const Code& code);

  /// Returns a type's layout; null for types without one (void, functions, images ...).
  const TypeLayout* layout(Word type) const;
  Bytes size(Word type) const;
  Bytes alignment(Word type) const;
  Bytes pointer_size() const { return pointer_size_; }

  /// Returns the type an array, vector, pointer or structure has at `index`; 0 for other types.
  Word element(Word type, std::uint64_t index) const;
  /// Returns how far apart elements of an array or vector lie, or where a member starts.
  std::optional<Bytes> offset(Word type, std::uint64_t index) const;

  /// Returns the type's OpenCL C name: `float*`, `uint4`, `pair`.
  std::string name(Word type) const;

 private:
  std::optional<TypeLayout> lay_out(const Instruction& type) const;
  std::optional<TypeLayout> lay_out_array(const Instruction& type) const;
  std::optional<TypeLayout> lay_out_struct(const Instruction& type) const;
  std::string name(Word type, int depth) const;

  const Code& code_;
  Bytes pointer_size_{8};
  std::unordered_map<Word, TypeLayout> layouts_;
};

}  // namespace zesvm::spirv
