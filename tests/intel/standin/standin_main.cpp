// Runs the tests of a program on the stand-in: with a log and a compiler cache of its own, in a folder
// that is gone afterwards. What the environment says already stays; a second start of the same program
// is what makes the rest known to libraries that read it before main(). The first one waits for it, and
// fails when the validation layer refused a call, whatever became of that.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <iostream>
#include <regex>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 0); }

void prepare(const std::string& folder) {
  std::filesystem::create_directory(folder + "/cache");
  set("XE_STANDIN_TEST_FOLDER", folder);
  set("XE_STANDIN_LOG", folder + "/log.json");
  set("XE_STANDIN_CARDS", "2");
  set("XE_STANDIN_KERNELS", ZESVM_STANDIN_KERNELS);
  // Of a process that its driver ends, too, nothing is left.
  ::setenv("TMPDIR", folder.c_str(), 1);
  set("NEO_CACHE_DIR", folder + "/cache");
  set("NEO_CACHE_PERSISTENT", "1");
  set("ZEL_ENABLE_LOADER_LOGGING", "1");
  set("ZEL_LOADER_LOGGING_LEVEL", "trace");
  set("ZEL_LOADER_LOG_DIR", folder);
  set("ZEL_LOADER_LOG_FILE", "calls.log");
  set("ZESVM_BACKEND", "levelzero");
}

// Returns the exit code of a second start; 1 where a signal ended it.
int run_again(char** arguments) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execv("/proc/self/exe", arguments);
    ::_exit(1);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return 1;
  if (WIFSIGNALED(status)) std::cerr << "ended by signal " << WTERMSIG(status) << "\n";
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// Prints the calls that were wrong: what a driver has no room for, or cannot do, is no such call.
// Returns whether there are any.
bool has_wrong_calls(const std::string& folder) {
  const std::regex wrong(
      R"(ERROR \(ZE_RESULT_ERROR_(UNINITIALIZED|INVALID_(?!ARGUMENT)|HANDLE_|UNSUPPORTED_(VERSION|ENUMERATION)))");
  std::ifstream calls(folder + "/calls.log");
  bool has_any = false;
  for (std::string line; std::getline(calls, line);)
    if (std::regex_search(line, wrong)) {
      std::cerr << "a wrong call: " << line << "\n";
      has_any = true;
    }
  return has_any;
}

int run_in_folder(char** arguments) {
  std::string folder = (std::filesystem::temp_directory_path() / "xe-standin-test-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  prepare(folder);
  int result = run_again(arguments);
  if (has_wrong_calls(folder)) result = 1;
  if (std::getenv("XE_STANDIN_KEEP") == nullptr) std::filesystem::remove_all(folder);
  return result;
}

}  // namespace

int main(int count, char** arguments) {
  if (std::getenv("XE_STANDIN_TEST_FOLDER") == nullptr) return run_in_folder(arguments);
  ::testing::InitGoogleMock(&count, arguments);
  return RUN_ALL_TESTS();
}
