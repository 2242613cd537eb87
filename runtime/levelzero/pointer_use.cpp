#include "levelzero/pointer_use.hpp"

#include <cstddef>
#include <set>
#include <span>

namespace zesvm::levelzero {
namespace {

// Numbers of the SPIR-V specification.
constexpr spirv::Word op_type_array = 28;
constexpr spirv::Word op_type_struct = 30;
constexpr spirv::Word op_type_pointer = 32;
constexpr spirv::Word op_convert_u_to_ptr = 120;
constexpr spirv::Word storage_private = 6;
constexpr spirv::Word storage_function = 7;
constexpr std::size_t header_words = 5;

/// Collects types, in the order they are declared: parts come before what is made of them.
class PointerTypes {
 public:
  /// Reads one instruction; returns true when it lets a kernel follow a pointer.
  bool add(spirv::Word op, std::span<const spirv::Word> operands) {
    switch (op) {
      case op_convert_u_to_ptr: return true;
      case op_type_array:
        if (is_pointer_or_holder(operands[1])) holders_.insert(operands[0]);
        return false;
      case op_type_struct:
        for (spirv::Word member : operands.subspan(1))
          if (is_pointer_or_holder(member)) holders_.insert(operands[0]);
        return false;
      case op_type_pointer: return add_pointer(operands[0], operands[1], operands[2]);
      default: return false;
    }
  }

 private:
  bool add_pointer(spirv::Word id, spirv::Word storage, spirv::Word pointee) {
    pointers_.insert(id);
    // A kernel's own variable may hold a pointer it got as an argument. A structure in such a place
    // may itself be the argument, passed by value.
    const bool is_own = storage == storage_function || storage == storage_private;
    return is_own ? holders_.count(pointee) != 0 : is_pointer_or_holder(pointee);
  }
  bool is_pointer_or_holder(spirv::Word type) const {
    return pointers_.count(type) != 0 || holders_.count(type) != 0;
  }

  std::set<spirv::Word> pointers_;
  std::set<spirv::Word> holders_;
};

}  // namespace

bool may_follow_pointers(const spirv::Module& module) {
  const auto words = module.words();
  PointerTypes types;
  for (std::size_t at = header_words; at < words.size();) {
    const std::size_t length = words[at] >> 16;
    if (length == 0 || at + length > words.size()) return true;
    // Types have two operands and more; what is shorter cannot be one.
    if (length >= 3 && types.add(words[at] & 0xffff, words.subspan(at + 1, length - 1)))
      return true;
    at += length;
  }
  return false;
}

}  // namespace zesvm::levelzero
