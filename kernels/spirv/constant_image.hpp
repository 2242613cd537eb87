/// @file constant_image.hpp
/// The bytes that constants have in memory, with the places where an address must be filled in.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "kernels/spirv/code.hpp"
#include "kernels/spirv/transform.hpp"
#include "kernels/spirv/types.hpp"

namespace zesvm::spirv {

/// Writes constants into one block of memory in which variables have their places.
class ConstantImage {
 public:
  /// @param offsets  where each variable lies in the block
  ConstantImage(const Code& code, const Types& types, const std::map<Word, Bytes>& offsets,
                Bytes size);

  /// Writes the constant with this id at an offset.
  /// @errors a constant whose value is not known before the module is built
  std::optional<Error> write(Word constant, Bytes at) { return write(constant, at, 0); }

  std::vector<std::byte> take_bytes() { return std::move(bytes_); }
  std::vector<Relocation> take_relocations() { return std::move(relocations_); }

 private:
  std::optional<Error> write(Word constant, Bytes at, int depth);
  std::optional<Error> write_parts(const Instruction& composite, Bytes at, int depth);
  /// Returns what a constant address points at, as an offset into the block.
  std::optional<Bytes> target_of(Word constant, int depth) const;
  std::optional<Bytes> target_of_operation(const Instruction& operation, int depth) const;
  std::optional<Bytes> target_of_chain(const Instruction& chain, Bytes base) const;
  std::uint64_t signed_integer(Word constant) const;

  const Code& code_;
  const Types& types_;
  const std::map<Word, Bytes>& offsets_;
  std::vector<std::byte> bytes_;
  std::vector<Relocation> relocations_;
  std::uint64_t steps_left_;
};

}  // namespace zesvm::spirv
