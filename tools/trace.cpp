// `zesvm trace`: runs a program and keeps what happened: all of it on the simulated node, what the
// runtime itself does on real GPUs.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "levelzero/selection.hpp"
#include "tools/commands.hpp"

namespace zesvm::tools {
namespace {

/// Runs a program to its end. Returns its exit code, 128 and the signal that ended it, or as
/// run_on_node() when it could not be started.
int run_to_end(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t child = 0;
  std::cout.flush();
  if (const int error = ::posix_spawnp(&child, words[0], nullptr, nullptr, words.data(), environ);
      error != 0) {
    std::cerr << "zesvm: cannot run " << command[0] << ": " << std::strerror(error) << "\n";
    return error == ENOENT ? 127 : 126;
  }
  // The program answers the keyboard; what it traced so far is worth keeping.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGQUIT, SIG_IGN);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int trace_program(const std::string& node, const std::string& file,
                  const std::vector<std::string>& command) {
  RuntimeOptions wanted;
  wanted.node = node;
  if (!node.empty()) wanted.backend = Backend::simulator;
  const levelzero::Choice choice = levelzero::present_choice(wanted);
  const bool is_simulated = !node.empty() || choice.kind == levelzero::Choice::Kind::simulated_node;
  if (is_simulated) {
    levelzero::set_up_simulated_node(node.empty() ? choice.node : node);
    ::setenv("ZESVM_BACKEND", "simulator", 1);
  }
  std::filesystem::remove(file);
  ::setenv("ZESVM_TRACE", std::filesystem::absolute(file).c_str(), 1);
  const int code = run_to_end(command);
  if (std::filesystem::exists(file))
    std::cerr << "zesvm: the trace is in " << file
              << ": open it in chrome://tracing or ui.perfetto.dev, or try: zesvm map " << file
              << "\n";
  else if (code < 126)
    std::cerr << "zesvm: no trace: the program made no use of "
              << (is_simulated ? "Level Zero\n" : "zesvm, and GPUs tell nothing themselves\n");
  return code;
}

}  // namespace zesvm::tools
