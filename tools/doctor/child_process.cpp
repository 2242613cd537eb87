#include "tools/doctor/child_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace zesvm::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kept_output = 4000;
constexpr int look_every_milliseconds = 10;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Core files of crashes that are expected would fill disks. Children inherit the limit.
class NoCoreFiles {
 public:
  NoCoreFiles() {
    ::getrlimit(RLIMIT_CORE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_CORE, &none);
  }
  ~NoCoreFiles() { ::setrlimit(RLIMIT_CORE, &before_); }
  NoCoreFiles(const NoCoreFiles&) = delete;
  NoCoreFiles& operator=(const NoCoreFiles&) = delete;

 private:
  rlimit before_{};
};

/// Returns the child's id, or the negative error.
pid_t start(const std::vector<std::string>& command, int report, int output) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, report, report_descriptor);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  NoCoreFiles none;
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, words[0], &files, &attributes, words.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  return error == 0 ? child : -error;
}

void read_some(const UniqueFd& from, std::string& to) {
  char bytes[4096];
  for (ssize_t count = 0; (count = ::read(from.get(), bytes, sizeof bytes)) > 0;)
    to.append(bytes, static_cast<std::size_t>(count));
}

void keep_the_end(std::string& text) {
  if (text.size() > kept_output) text.erase(0, text.size() - kept_output);
}

std::vector<std::string> whole_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  return lines;
}

bool has_ended(pid_t child) {
  siginfo_t information{};
  return ::waitid(P_PID, static_cast<id_t>(child), &information, WEXITED | WNOHANG | WNOWAIT) ==
             0 &&
         information.si_pid == child;
}

/// Ends what is left of the group while the child's id is still its own, then collects the child.
void collect(pid_t child, ChildResult& result) {
  ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.exit_code = result.signal != 0 ? 128 + result.signal : WEXITSTATUS(status);
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& command, milliseconds limit) {
  ChildResult result;
  Pipe report = make_pipe();
  Pipe output = make_pipe();
  const auto begin = steady_clock::now();
  const pid_t child = start(command, report.write.get(), output.write.get());
  if (child < 0) {
    result.exit_code = 127;
    result.last_output = "cannot run " + command[0] + ": " + std::strerror(-child);
    return result;
  }
  report.write.reset();
  output.write.reset();
  std::string said;
  const auto read_all = [&] {
    read_some(report.read, said);
    read_some(output.read, result.last_output);
    keep_the_end(result.last_output);
  };
  // Not until the pipes close: processes the child left behind may hold them open.
  while (!has_ended(child)) {
    pollfd ends[] = {{report.read.get(), POLLIN, 0}, {output.read.get(), POLLIN, 0}};
    ::poll(ends, 2, look_every_milliseconds);
    read_all();
    result.is_timed_out = steady_clock::now() - begin > limit;
    if (result.is_timed_out) break;
  }
  collect(child, result);
  read_all();
  result.lines = whole_lines(said);
  result.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  return result;
}

std::string name_of_signal(int signal) {
  const char* name = ::sigabbrev_np(signal);
  const char* words = ::sigdescr_np(signal);
  if (name == nullptr) return "signal " + std::to_string(signal);
  return "SIG" + std::string(name) + (words != nullptr ? " (" + std::string(words) + ")" : "");
}

}  // namespace zesvm::tools
