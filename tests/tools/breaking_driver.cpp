// The simulated driver, which this library is linked with, in a process that breaks: in the self-tests of
// `zesvm doctor` that ZESVM_TEST_CRASH and ZESVM_TEST_HANG name.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace {

bool runs(const char* variable) {
  const char* test = std::getenv(variable);
  std::ifstream file("/proc/self/cmdline");
  std::ostringstream words;
  words << file.rdbuf();
  return test != nullptr && words.str().find(test) != std::string::npos;
}

__attribute__((constructor)) void break_down() {
  if (runs("ZESVM_TEST_CRASH")) ::raise(SIGSEGV);
  while (runs("ZESVM_TEST_HANG")) ::pause();
}

}  // namespace
