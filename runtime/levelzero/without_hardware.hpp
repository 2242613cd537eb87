/// @file without_hardware.hpp
/// Intel's driver can be told to run without a GPU: it shows devices, takes work for them, and does none of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace zesvm::levelzero {

/// Returns a variable of an environment by its name; empty where it is not set.
using Variables = std::function<std::string(const std::string& name)>;

/// Returns the names of the variables that tell Intel's driver to run without hardware, the one that chooses first; none
/// where it was not told to. Other drivers do not read them.
std::vector<std::string> settings_without_hardware(const Variables& variable);

/// Returns the same for the environment of this process.
std::vector<std::string> settings_without_hardware();

}  // namespace zesvm::levelzero
