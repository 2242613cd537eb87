/// @file pointers.hpp
/// What memory a generic pointer can be to, as far as the module's code tells.
#pragma once

#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "kernels/spirv/code.hpp"

namespace zesvm::spirv {

/// The memory a pointer leads to.
enum class Origin : std::uint8_t {
  /// Nothing seen yet; a null pointer.
  nothing,
  /// Memory all work-items see.
  global,
  /// Memory of one work-group or work-item.
  local,
  /// Global for one caller or path, local for another.
  either,
  /// From memory, an integer, or code outside the module.
  untold,
};

/// Returns why a pointer of that origin cannot be told to be global.
std::string_view reason_for(Origin origin);

/// Follows pointers back to where they come from, through the callers of functions too.
class PointerOrigins {
 public:
  explicit PointerOrigins(const Code& code);

  /// Returns what memory the pointer with this id leads to.
  Origin of(Word pointer);

 private:
  Origin trace(Word pointer, std::unordered_set<Word>& seen, int depth);
  Origin trace_all(std::span<const Word> sources, std::unordered_set<Word>& seen, int depth);
  Origin trace_parameter(Word parameter, std::unordered_set<Word>& seen, int depth);

  const Code& code_;
  /// For each parameter: its function, and its position.
  std::unordered_map<Word, std::pair<const FunctionCode*, std::size_t>> parameters_;
  std::unordered_map<Word, std::vector<const Instruction*>> calls_;
};

}  // namespace zesvm::spirv
