/// @file spirv_translator.hpp
/// SPIR-V to LLVM bitcode, for OpenCL implementations that take only the latter.
#pragma once

#include <string>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace zesvm::simulator::tile::device {

/// Reads a whole file.
std::string contents_of(const UniqueFd& file);

/// Translates with the `llvm-spirv` tool (`ZESVM_LLVM_SPIRV` names another one), through anonymous
/// files: nothing appears in any folder.
///
/// @param message  takes what the tool said
/// @errors   unsupported: no such tool; invalid_argument: it did not take the module
Result<std::string> translate_to_bitcode(const UniqueFd& spirv, std::string& message);

}  // namespace zesvm::simulator::tile::device
