/// @file replaced_functions.hpp
/// Functions of the C library that lead elsewhere, for the whole process and for good: also where the
/// C library calls them itself.
#pragma once

#include <span>

namespace zesvm::simulator::node {

/// A function and what runs instead.
struct ReplacedFunction {
  const char* name;
  void* replacement;
  bool is_replaced = false;
};

/// Changes the beginnings of functions in memory, and says of each whether that worked: it does not
/// where one begins in another way than those known here, or the kernel lets nobody change code.
///
/// The library that the replacements are in stays loaded.
void replace_functions(std::span<ReplacedFunction> functions);

}  // namespace zesvm::simulator::node
