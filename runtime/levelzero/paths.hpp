/// @file paths.hpp
/// Where the library's own files are: the simulated driver, kernels, nodes. A build tree and an
/// installed tree lie alike, so both are found from where this code is, wherever the tree was moved.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zesvm::levelzero {

/// Returns the root of the tree that `own_file` (a library or program of it) lies in: the directory
/// that has the library directory and `share` in it.
std::filesystem::path tree_of(const std::filesystem::path& own_file);

/// Returns the file this code was loaded from.
std::filesystem::path own_file();

/// Returns the simulated driver's library: ZESVM_SIM_DRIVER, else the one of the own tree.
/// @errors Error(backend_unavailable) when there is none; the message says where it was looked for.
std::filesystem::path simulated_driver();

/// Returns the directories kernels are looked up in, first match wins: those of
/// ZESVM_KERNELS_PATH (separated by `:`), then the own tree's.
std::vector<std::filesystem::path> kernel_directories();

/// Returns the file of a module. With a slash in it, the text is a path, and nothing else is looked at;
/// without one it is a name in kernel_directories(), with ".spv" added when it has no ending. The
/// current directory is none of them: what a program finds does not depend on where it was started.
/// @errors Error(unreadable_file) when there is none; the message says where it was looked for.
std::filesystem::path find_module(const std::string& name_or_file);

}  // namespace zesvm::levelzero
