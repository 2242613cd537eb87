/// @file modules.hpp
/// Modules compiled from tests/kernels/sources, and the tools that judge changed ones.
#pragma once

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

#include "kernels/spirv/module.hpp"

namespace zesvm::spirv {

/// Returns the bytes of a compiled source.
inline std::vector<std::byte> bytes_of(const std::string& name) {
  std::ifstream file(std::string(ZESVM_TEST_MODULES "/") + name + ".spv", std::ios::binary);
  std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) bytes[i] = static_cast<std::byte>(text[i]);
  return bytes;
}

/// Returns a compiled source as a module; throws when it cannot be read.
inline Module module_of(const std::string& name) {
  auto module = parse(bytes_of(name));
  if (!module) throw std::runtime_error(name + ": " + module.error().message);
  return *std::move(module);
}

/// Returns whether spirv-val and llvm-spirv accept a module; a missing tool is no objection.
inline ::testing::AssertionResult is_accepted(const Module& module) {
  const std::string path =
      ::testing::TempDir() + "zesvm-spirv-" + std::to_string(getpid()) + ".spv";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(module.bytes().data()),
             static_cast<std::streamsize>(module.bytes().size()));
  ::testing::AssertionResult result = ::testing::AssertionSuccess();
  for (const std::string& command : {std::string(ZESVM_SPIRV_VAL) + " --target-env spv1.5 ",
                                     std::string(ZESVM_LLVM_SPIRV) + " -r -o /dev/null "}) {
    if (command.front() != '/') continue;
    if (std::system((command + path).c_str()) != 0)
      result = ::testing::AssertionFailure() << command << "refuses the module";
  }
  unlink(path.c_str());
  return result;
}

}  // namespace zesvm::spirv
