/// @file process.hpp
/// Runs this program again, in processes of their own.
#pragma once

#include <string>
#include <vector>

namespace zesvm::scenarios {

/// Starts this program `count` times with arguments, and waits. Returns how many did not end well.
std::size_t run_again(const std::vector<std::string>& arguments, std::size_t count);

}  // namespace zesvm::scenarios
