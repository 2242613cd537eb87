#include "simulator/tile/device_program.hpp"

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "base/environment.hpp"
#include "simulator/tile/channel.hpp"
#include "simulator/tile/descriptor_passing.hpp"

extern char** environ;

namespace zesvm::simulator::tile {
namespace {

// Whether a variable of the application is not the helper's: what puts foreign libraries into it,
// and what chooses Level Zero drivers or OpenCL devices. An OpenCL implementation in the helper that
// uses Level Zero itself would start a node of its own there, and so on without end.
bool is_withheld(std::string_view variable) {
  constexpr std::array prefixes{
      "LD_PRELOAD=", "POCL_MAX_PTHREAD_COUNT=", "POCL_DEVICES=", "ZE_", "ZES_", "ZEL_"};
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return variable.starts_with(prefix); });
}

// Whether a folder can be written, or made below the first folder above it that exists.
bool can_be_written(std::filesystem::path folder) {
  std::error_code ignored;
  while (!std::filesystem::exists(folder, ignored) && folder.has_relative_path())
    folder = folder.parent_path();
  return ::access(folder.c_str(), W_OK | X_OK) == 0;
}

// Nobody else's, who could put code of his there.
bool is_private(const std::filesystem::path& folder) {
  struct stat found {};
  return ::lstat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
         found.st_uid == ::geteuid() && (found.st_mode & 0077) == 0;
}

// The folder of an earlier process, else a new one of a name that nobody can take before. Empty: none
// can be had.
std::string private_folder_in(const std::filesystem::path& folder, const std::string& prefix) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed))
    if (entry.path().filename().string().starts_with(prefix) && is_private(entry.path()))
      return entry.path().string();
  std::string fresh = (folder / (prefix + "XXXXXX")).string();
  return ::mkdtemp(fresh.data()) != nullptr ? fresh : std::string{};
}

// Where PoCL is to keep built kernels; empty: where it likes. It finds no device at all where it cannot
// write, which in containers is common: a user without a home.
std::string kernel_cache() {
  std::string usual = environment("XDG_CACHE_HOME");
  if (const std::string home = environment("HOME"); usual.empty() && !home.empty())
    usual = home + "/.cache";
  if (!environment("POCL_CACHE_DIR").empty() || (!usual.empty() && can_be_written(usual)))
    return {};
  const std::string temporary = environment("TMPDIR");
  return private_folder_in(temporary.empty() ? "/tmp" : temporary, "zesvm-kernels-");
}

// The application's environment as the helper gets it.
std::vector<std::string> helper_environment(unsigned workers) {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (!is_withheld(text)) kept.emplace_back(text);
  }
  kept.push_back("POCL_MAX_PTHREAD_COUNT=" + std::to_string(workers));
  if (const std::string cache = kernel_cache(); !cache.empty())
    kept.push_back("POCL_CACHE_DIR=" + cache);
  return kept;
}

// What posix_spawn is told: the socket at its place, nothing of the application's signal set-up.
class SpawnSettings {
 public:
  explicit SpawnSettings(int socket) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_adddup2(&files_, socket, helper_socket);
    ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

// Upwards from lib/<triplet>, lib, bin or tests, to the folder that also holds libexec.
std::string program_above(const std::filesystem::path& file) {
  std::error_code ignored;
  auto folder = std::filesystem::weakly_canonical(file, ignored).parent_path();
  for (int level = 0; level < 4 && folder.has_relative_path(); ++level) {
    const auto program = folder / ZESVM_LIBEXECDIR / "zesvm" / "zesvm-sim-device";
    if (std::filesystem::exists(program, ignored)) return program.string();
    folder = folder.parent_path();
  }
  return {};
}

}  // namespace

std::string device_program() {
  if (std::string named = environment("ZESVM_SIM_DEVICE"); !named.empty()) return named;
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&device_program), &info) != 0)
    if (std::string found = program_above(info.dli_fname); !found.empty()) return found;
  // A program linked statically may have been started by a name that leads nowhere from here.
  std::error_code ignored;
  return program_above(std::filesystem::read_symlink("/proc/self/exe", ignored));
}

Result<HelperProcess> start_helper(const TileOptions& options, int shared_memory,
                                   unsigned workers) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return Status::out_of_host_memory;
  HelperProcess helper;
  helper.socket = UniqueFd{ends[0]};
  UniqueFd theirs{ends[1]};
  // dup2 onto itself would leave it to be closed at exec.
  if (theirs.get() == helper_socket) theirs = UniqueFd{::fcntl(helper_socket, F_DUPFD_CLOEXEC, 10)};

  std::vector<std::string> environment = helper_environment(workers);
  std::vector<char*> variables;
  for (std::string& entry : environment) variables.push_back(entry.data());
  variables.push_back(nullptr);
  std::string name = options.program;
  std::string parent = std::to_string(::getpid());
  std::string engines = std::to_string(options.engines);
  std::string probe_offset = std::to_string(options.atomic_probe_offset.count);
  char* arguments[] = {name.data(), parent.data(), engines.data(), probe_offset.data(), nullptr};

  const SpawnSettings settings{theirs.get()};
  if (::posix_spawn(&helper.id, name.c_str(), settings.files(), settings.attributes(), arguments,
                    variables.data()) != 0)
    return Status::unsupported;
  // 434: pidfd_open, the same on every architecture; older C libraries have no name for it.
  helper.handle = UniqueFd{static_cast<int>(::syscall(434, helper.id, 0))};
  // A failure shows as the end of file on our end.
  static_cast<void>(send_descriptor(helper.socket.get(), shared_memory, 0));
  return helper;
}

}  // namespace zesvm::simulator::tile
