#include "levelzero/paths.hpp"

#include <dlfcn.h>
#include <sstream>

#include <zesvm/error.hpp>

#include "base/environment.hpp"

namespace zesvm::levelzero {
namespace fs = std::filesystem;
namespace {

// Any object of this library or program: the loader says which file it came from.
const int landmark = 0;

constexpr const char* driver_file = "libze_zesvm_sim.so.1";

std::vector<fs::path> split(const std::string& list) {
  std::vector<fs::path> parts;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ':');)
    if (!part.empty()) parts.emplace_back(part);
  return parts;
}

}  // namespace

fs::path own_file() {
  Dl_info info{};
  if (dladdr(&landmark, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  const fs::path file = fs::canonical(info.dli_fname, error);
  // The dynamic loader may know a program by the bare name it was started with.
  return error ? fs::read_symlink("/proc/self/exe", error) : file;
}

fs::path tree_of(const fs::path& own_file) {
  const fs::path directory = own_file.parent_path();
  const fs::path libraries = ZESVM_LIBRARY_DIRECTORY;
  fs::path tree = directory;
  for (auto part = libraries.end(); part != libraries.begin();) {
    --part;
    if (tree.filename() != *part) return directory.parent_path();
    tree = tree.parent_path();
  }
  return tree;
}

fs::path simulated_driver() {
  std::error_code error;
  if (const std::string given = environment("ZESVM_SIM_DRIVER"); !given.empty()) {
    const fs::path file = fs::canonical(given, error);
    if (!error) return file;
    throw Error(ErrorCode::backend_unavailable,
                "ZESVM_SIM_DRIVER names " + given +
                    ", which does not exist; unset it, or let it name libze_zesvm_sim.so.1");
  }
  const fs::path file = tree_of(own_file()) / ZESVM_LIBRARY_DIRECTORY / driver_file;
  if (fs::exists(file, error)) return file;
  throw Error(ErrorCode::backend_unavailable,
              "the simulated node's driver is missing: looked for " + file.string() +
                  "; build with ZESVM_SIMULATOR=ON, or let ZESVM_SIM_DRIVER name it");
}

std::vector<fs::path> kernel_directories() {
  std::vector<fs::path> directories = split(environment("ZESVM_KERNELS_PATH"));
  directories.push_back(tree_of(own_file()) / ZESVM_DATA_DIRECTORY / "zesvm" / "kernels");
  return directories;
}

fs::path find_module(const std::string& name_or_file) {
  std::error_code error;
  std::string message = "no SPIR-V module " + name_or_file;
  fs::path name = name_or_file;
  if (name_or_file.find('/') != std::string::npos) {
    if (fs::is_regular_file(name, error)) return name;
    throw Error(ErrorCode::unreadable_file, message + ": no such file");
  }
  if (!name.has_extension()) name += ".spv";
  const char* separator = ": looked for ";
  for (const fs::path& directory : kernel_directories()) {
    if (fs::is_regular_file(directory / name, error)) return directory / name;
    message += separator + (directory / name).string();
    separator = ", ";
  }
  if (fs::is_regular_file(name, error))
    throw Error(ErrorCode::unreadable_file,
                message + "; the file in the current directory is called ./" + name.string());
  throw Error(
      ErrorCode::unreadable_file,
      message + "; give a path, with a slash, or let ZESVM_KERNELS_PATH name its directory");
}

}  // namespace zesvm::levelzero
