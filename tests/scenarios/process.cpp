#include "scenarios/process.hpp"

#include <iostream>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace zesvm::scenarios {

std::size_t run_again(const std::vector<std::string>& arguments, std::size_t count) {
  std::string name = "zesvm-scenarios";
  std::vector<std::string> own = arguments;
  std::vector<char*> pointers{name.data()};
  for (std::string& argument : own) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::size_t failed = 0;
  std::vector<pid_t> processes;
  for (std::size_t i = 0; i < count; ++i) {
    pid_t process = 0;
    if (::posix_spawn(&process, "/proc/self/exe", nullptr, nullptr, pointers.data(), environ) == 0)
      processes.push_back(process);
    else
      ++failed;
  }
  for (const pid_t process : processes) {
    int status = -1;
    if (::waitpid(process, &status, 0) == process && status == 0) continue;
    ++failed;
    if (WIFSIGNALED(status))
      std::cout << "FAILED  ended by signal " << WTERMSIG(status) << std::endl;
  }
  return failed;
}

}  // namespace zesvm::scenarios
