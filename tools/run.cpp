#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include "levelzero/paths.hpp"
#include "levelzero/selection.hpp"
#include "tools/commands.hpp"

namespace zesvm::tools {
namespace {

int become(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::cout.flush();
  ::execvp(words[0], words.data());
  const int error = errno;
  std::cerr << "zesvm: cannot run " << command[0] << ": " << std::strerror(error) << "\n";
  return error == ENOENT ? 127 : 126;
}

}  // namespace

int run_on_node(const std::string& node, const std::vector<std::string>& command) {
  levelzero::set_up_simulated_node(node);
  // A zesvm program in there must not look for real GPUs.
  ::setenv("ZESVM_BACKEND", "simulator", 1);
  return become(command);
}

int run_demo(const std::string& node, const std::vector<std::string>& arguments) {
  const auto demo = levelzero::own_file().parent_path() / "zesvm-demo";
  if (!std::filesystem::exists(demo)) {
    std::cerr << "zesvm: the demo is missing: " << demo.string()
              << "; build with ZESVM_EXAMPLES=ON\n";
    return 127;
  }
  if (!node.empty()) ::setenv("ZESVM_NODE", node.c_str(), 1);
  std::vector<std::string> command{demo.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return become(command);
}

}  // namespace zesvm::tools
