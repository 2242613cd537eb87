#include "simulator/tile/device/spirv_translator.hpp"

#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/environment.hpp"

extern char** environ;

namespace zesvm::simulator::tile::device {
namespace {

// Where the tool finds its files.
constexpr int input_place = 4;
constexpr int output_place = 5;

// Above the places, so that moving one into its place cannot run over another.
UniqueFd moved_up(const UniqueFd& file) {
  return UniqueFd{::fcntl(file.get(), F_DUPFD_CLOEXEC, 16)};
}

// Runs the tool; its exit status, or -1 when it does not start.
int run_tool(std::string tool, int input, int output, int errors) {
  std::string from = "/proc/self/fd/" + std::to_string(input_place);
  std::string to = "/proc/self/fd/" + std::to_string(output_place);
  std::string reverse = "-r", out = "-o";
  char* arguments[] = {tool.data(), reverse.data(), from.data(), out.data(), to.data(), nullptr};
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, input, input_place);
  ::posix_spawn_file_actions_adddup2(&files, output, output_place);
  ::posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, tool.c_str(), &files, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (failed != 0) return -1;
  int exit_status = 0;
  while (::waitpid(child, &exit_status, 0) < 0 && errno == EINTR) {
  }
  return exit_status;
}

std::vector<std::string> tools() {
  if (const std::string named = environment("ZESVM_LLVM_SPIRV"); !named.empty()) return {named};
  return {"llvm-spirv-14", "llvm-spirv"};
}

}  // namespace

std::string contents_of(const UniqueFd& file) {
  struct stat information {};
  ::fstat(file.get(), &information);
  std::string content(static_cast<std::size_t>(information.st_size), '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t got =
        ::pread(file.get(), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  content.resize(done);
  return content;
}

Result<std::string> translate_to_bitcode(const UniqueFd& spirv, std::string& message) {
  const UniqueFd input = moved_up(spirv);
  const UniqueFd output = moved_up(UniqueFd{::memfd_create("zesvm-bitcode", MFD_CLOEXEC)});
  const UniqueFd errors = moved_up(UniqueFd{::memfd_create("zesvm-messages", MFD_CLOEXEC)});
  for (const std::string& tool : tools()) {
    const int exit_status = run_tool(tool, input.get(), output.get(), errors.get());
    if (exit_status == -1) continue;
    message = contents_of(errors);
    std::string bitcode = contents_of(output);
    if (exit_status != 0 || bitcode.empty()) {
      message += "the SPIR-V translator " + tool + " did not take the module\n";
      return Status::invalid_argument;
    }
    return bitcode;
  }
  message = "no SPIR-V translator (llvm-spirv) was found; set ZESVM_LLVM_SPIRV to its path\n";
  return Status::unsupported;
}

}  // namespace zesvm::simulator::tile::device
