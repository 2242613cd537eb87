/// @file function_names.hpp
/// Functions that are found by name: zeDriverGetExtensionFunctionAddress and the tables of loaders
/// newer than the headers look here.
#pragma once

#include <string_view>
#include <unordered_map>

namespace zesvm::simulator::driver {

/// Names of functions that have no place in a table, and their addresses.
using FunctionNames = std::unordered_map<std::string_view, void*>;

/// Adds a function under the name programs look it up by.
template <typename Function>
void add_function(FunctionNames& names, std::string_view name, Function* function) {
  names.insert_or_assign(name, reinterpret_cast<void*>(function));
}

/// Returns every function that can be looked up by name.
const FunctionNames& function_names();

}  // namespace zesvm::simulator::driver
